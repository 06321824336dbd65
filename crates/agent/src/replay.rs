//! A recorded run again: what it was told goes out as it did then.

use crate::{
    clock::Clock,
    detect::{Baseline, Detector, Learnt, Rules},
    output::Sink,
};
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
/// its output was too slow for. What `rules` and `baseline` state of them comes in between. Gives back what was learnt.
///
/// # Errors
/// See [`Stopped`].
pub fn replay(
    mut recording: Replay,
    rules: Option<Rules>,
    baseline: Option<Baseline>,
    sink: &mut dyn Sink,
) -> Result<Option<Learnt>, Stopped> {
    let mut detector = Detector::new(rules, baseline);
    let ended = write_all(&mut recording, &mut detector, sink);
    if !matches!(ended, Err(Stopped::Output(_))) {
        sink.flush().map_err(Stopped::Output)?;
    }
    ended.map(|()| detector.finish())
}

fn write_all(recording: &mut Replay, detector: &mut Detector, sink: &mut dyn Sink) -> Result<(), Stopped> {
    let ended = write_steps(recording, detector, sink);
    if !matches!(ended, Err(Stopped::Output(_))) {
        detector.at_end().iter().try_for_each(|event| sink.write(event)).map_err(Stopped::Output)?;
    }
    ended
}

fn write_steps(recording: &mut Replay, detector: &mut Detector, sink: &mut dyn Sink) -> Result<(), Stopped> {
    while let Some(told) = recording.step()? {
        for event in told {
            let clock = Clock::at(event.clock);
            let told = clock.event(event.at, event.kind);
            sink.write(&told).map_err(Stopped::Output)?;
            detector
                .observe(&told)
                .iter()
                .try_for_each(|event| sink.write(event))
                .map_err(Stopped::Output)?;
        }
        // Who follows a recording while it is written sees what there is.
        if recording.may_wait() {
            sink.flush().map_err(Stopped::Output)?;
        }
    }
    Ok(())
}
