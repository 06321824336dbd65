//! `wasmscope replay`

use super::watch::standard_output;
use crate::{Failure, baseline::BaselineOptions, output, rules::RuleOptions};
use anyhow::Error;
use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};
use wasmscope_agent::{Stopped, replay};

/// Print what `wasmscope watch` printed when FILE was recorded.
///
/// The same events in the same order with the same times, and the same detections with the same rules, worked out anew from what the recorded run took in. Needs no
/// root and looks at no process. Of a recording that is cut or damaged, prints all that came before, then says which line
/// it is and ends with exit status 2.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// A recording made by `wasmscope record`; `-` for standard input.
    file: PathBuf,
    /// JSON lines instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: RuleOptions,
    #[command(flatten)]
    baseline: BaselineOptions,
}

impl Replay {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let rules = self.rules.load(false)?;
        let baseline = self.baseline.load()?;
        let (name, input): (_, Box<dyn Read + Send>) = if self.file.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let file = File::open(&self.file).map_err(|error| {
                Failure::input(Error::new(error).context(format!("cannot open {:?}", self.file)))
            })?;
            (format!("{:?}", self.file), Box::new(file))
        };
        let unusable = |error| Failure::input(Error::new(error).context(format!("cannot replay {name}")));
        let recording = wasmscope_recording::Replay::open(input).map_err(unusable)?;
        match replay(recording, rules, baseline, standard_output(self.json).as_mut()) {
            Ok(learnt) => self.baseline.save(learnt).map(|()| 0),
            Err(Stopped::Recording(error)) => Err(unusable(error)),
            Err(Stopped::Output(error)) => output::finish(Err(error)).map(|()| 0),
        }
    }
}
