//! In which form it is told.

use super::Known;
use crate::{Failure, output};
use std::{
    io::{self, BufWriter, Stdout},
    ops::ControlFlow,
};
use wasmscope_formats::{CycloneDxWriter, Report, SarifWriter, ScanLine};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    Sarif,
    Cyclonedx,
}

/// A document that is written as a whole, if that is what was asked for.
pub(super) struct Document(Option<Box<dyn Report>>);

impl Document {
    pub(super) fn begin(format: Format) -> Result<Self, Failure> {
        let out = || BufWriter::new(io::stdout());
        let begun: io::Result<Option<Box<dyn Report>>> = match format {
            Format::Text | Format::Json => Ok(None),
            Format::Sarif => sarif(out()),
            Format::Cyclonedx => CycloneDxWriter::new(out()).map(|report| Some(Box::new(report) as _)),
        };
        match begun {
            Ok(report) => Ok(Self(report)),
            // Nobody reads it: then nothing has to be written.
            Err(error) => output::finish(Err(error)).map(|()| Self(None)),
        }
    }

    pub(super) fn known(&mut self, path: &str, known: &Known) -> Result<ControlFlow<()>, Failure> {
        self.tell(|report| report.scanned(&known.scanned(path)))
    }

    pub(super) fn failed(&mut self, path: &str, reason: &str) -> Result<ControlFlow<()>, Failure> {
        self.tell(|report| report.failed(path, reason))
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.tell(|report| report.finish()).map(|_| ())
    }

    fn tell(
        &mut self,
        tell: impl FnOnce(&mut dyn Report) -> io::Result<()>,
    ) -> Result<ControlFlow<()>, Failure> {
        let Some(report) = &mut self.0 else { return Ok(ControlFlow::Continue(())) };
        match tell(report.as_mut()) {
            Err(error) => {
                self.0 = None;
                output::finish(Err(error)).map(|()| ControlFlow::Break(()))
            }
            Ok(()) => Ok(ControlFlow::Continue(())),
        }
    }
}

/// Paths in it are relative to the directory that the scan ran in, where they are below it.
fn sarif(out: BufWriter<Stdout>) -> io::Result<Option<Box<dyn Report>>> {
    let here = std::env::current_dir().ok();
    let base = here.as_deref().and_then(|path| path.to_str());
    SarifWriter::new(out, base).map(|report| Some(Box::new(report) as _))
}

/// One line of JSON.
pub(super) fn line(path: &str, known: &Known) -> serde_json::Result<String> {
    let mut line = serde_json::to_string(&ScanLine::from(&known.scanned(path)))?;
    line.push('\n');
    Ok(line)
}
