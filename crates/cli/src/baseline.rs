//! The baseline that `watch` and `replay` ask and learn.

use crate::{Failure, commands::files};
use anyhow::{Context as _, Error};
use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};
use wasmscope_agent::{Baseline, Learnt};
use wasmscope_baseline::{BaselineFile, Baselines};
use wasmscope_model::text::shown;

/// What is usual.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BaselineOptions {
    /// Tell what is unusual for a module by what FILE knows of it (`wasmscope baseline`).
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Learn what is usual, and write it to the baseline at the end; makes FILE if it is not there.
    ///
    /// Nothing is learnt from a run in which something of high severity was detected. Of a module nothing is told before 5 runs,
    /// or an hour, were learnt.
    #[arg(long, requires = "baseline")]
    learn: bool,
}

impl BaselineOptions {
    /// What is known, if anybody asks.
    pub(crate) fn load(&self) -> Result<Option<Baseline>, Failure> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let known = match File::open(path) {
            Err(error) if self.learn && error.kind() == io::ErrorKind::NotFound => {
                // Said now, not after hours of learning.
                files::write_private(path, new()?.as_bytes()).map_err(Failure::input)?;
                Baselines::default()
            }
            opened => read_from(path, opened)?,
        };
        Ok(Some(Baseline { known, learning: self.learn }))
    }

    /// Writes what was learnt, if that was asked for.
    pub(crate) fn save(&self, learnt: Option<Learnt>) -> Result<(), Failure> {
        let (Some(path), Some(learnt)) = (&self.baseline, learnt) else { return Ok(()) };
        let counts = learnt.counts;
        for (count, why) in [
            (counts.evicted, "there were too many, or they did too much"),
            (counts.no_room, "the baseline has no room for more modules"),
        ] {
            if count > 0 {
                tracing::warn!("baseline: {count} runs are not part of it: {why}");
            }
        }
        if !self.learn {
            return Ok(());
        }
        write(path, &learnt.known)?;
        eprintln!(
            "wasmscope: baseline: {} runs learnt; not learnt: {} with detections of high severity, {} of unknown modules",
            counts.learnt, counts.rejected, counts.unnamed
        );
        Ok(())
    }
}

fn new() -> Result<String, Failure> {
    BaselineFile::write(&Baselines::default()).map_err(Failure::host)
}

/// Reads a baseline.
pub(crate) fn read(path: &Path) -> Result<Baselines, Failure> {
    read_from(path, File::open(path))
}

fn read_from(path: &Path, opened: io::Result<File>) -> Result<Baselines, Failure> {
    let name = shown(&path.display().to_string()).to_string();
    let file = opened.with_context(|| format!("cannot open the baseline {name}")).map_err(Failure::input)?;
    BaselineFile::read(BufReader::new(file))
        .map_err(|error| Failure::input(Error::new(error).context(format!("cannot use the baseline {name}"))))
}

/// Writes a baseline: whoever reads the file finds the old one or the whole new one.
pub(crate) fn write(path: &Path, baselines: &Baselines) -> Result<(), Failure> {
    let text = BaselineFile::write(baselines).map_err(Failure::input)?;
    files::write_private(path, text.as_bytes()).map_err(Failure::host)
}
