//! A recorded run again: what it was told goes out as it did then.

use crate::{clock::Clock, output::Sink};
use std::io;
use wasmscope_recording::{Replay, ReplayError};

/// Why a replay did not come to the end.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The recording goes no further. What was replayed until then is written.
    #[error(transparent)]
    Recording(#[from] ReplayError),
    /// The sink takes no more.
    #[error("cannot write")]
    Output(#[source] io::Error),
}

/// Writes the events of a recording to `sink`: the same in the same order as the recorded run made, including those that
/// its output was too slow for.
///
/// # Errors
/// See [`Stopped`].
pub fn replay(mut recording: Replay, sink: &mut dyn Sink) -> Result<(), Stopped> {
    let ended = write_all(&mut recording, sink);
    if !matches!(ended, Err(Stopped::Output(_))) {
        sink.flush().map_err(Stopped::Output)?;
    }
    ended
}

fn write_all(recording: &mut Replay, sink: &mut dyn Sink) -> Result<(), Stopped> {
    while let Some(told) = recording.step()? {
        for event in told {
            sink.write(&Clock::at(event.clock).event(event.at, event.kind)).map_err(Stopped::Output)?;
        }
        // Who follows a recording while it is written sees what there is.
        if recording.may_wait() {
            sink.flush().map_err(Stopped::Output)?;
        }
    }
    Ok(())
}
