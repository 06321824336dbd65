//! `wasmscope record`

use super::watch::{Watch, conclude};
use crate::Failure;
use anyhow::{Context as _, Error};
use std::{io, path::PathBuf};
use wasmscope_recording::Target;

/// Watch, and write everything that is taken in to FILE, for `wasmscope replay`.
///
/// Does and prints what `wasmscope watch` does. FILE holds more than that: command lines, paths and addresses of the
/// processes that were looked at, workloads or not; only its owner can read it. A FILE that cannot be written to its end
/// (a full disk) ends the watching with exit status 3, and can be replayed up to there.
#[derive(Debug, clap::Args)]
pub(crate) struct Record {
    /// The recording to make; may be an empty file, a named pipe or a device.
    file: PathBuf,
    /// Overwrite FILE.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    watch: Watch,
}

impl Record {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let unusable = |error: io::Error| {
            let full = error.kind() == io::ErrorKind::StorageFull;
            let error = Error::new(error).context(format!("cannot record to {:?}", self.file));
            if full { Failure::host(error) } else { Failure::input(error) }
        };
        let target = Target::new(&self.file, self.force).map_err(unusable)?;
        let mut outcome = self.watch.follow(Some(target.file().map_err(unusable)?))?;
        target.keep();
        let recording = std::mem::replace(&mut outcome.recording, Ok(()));
        let status = conclude(outcome)?;
        recording
            .with_context(|| format!("the recording {:?} is cut, because it could not be written", self.file))
            .map_err(Failure::host)?;
        Ok(status)
    }
}
