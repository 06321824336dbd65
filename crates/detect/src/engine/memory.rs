//! How much an event takes when it is kept.

use wasmscope_model::{Event, EventKind, Workload, activity::Actor};

/// Bytes on heap and stack, roughly and rather too much: strings by their length, everything else by a flat rate.
pub(crate) fn event_bytes(event: &Event) -> usize {
    /// What a kept event takes beside its texts.
    const FLAT: usize = 1024;
    let texts = match &event.kind {
        EventKind::Started { workload, .. } | EventKind::Identified { workload, .. } => of_workload(workload),
        EventKind::Executed(act) => act.args.iter().map(|arg| arg.len() + size_of::<String>()).sum(),
        EventKind::Sensitive(act) => of_actor(&act.actor) + act.texts.iter().map(String::len).sum::<usize>(),
        EventKind::Opened(act)
        | EventKind::Created(act)
        | EventKind::Removed(act)
        | EventKind::Renamed(act)
        | EventKind::Linked(act)
        | EventKind::Truncated(act) => {
            let texts = [&act.path, &act.requested, &act.directory, &act.target, &act.target_directory];
            of_actor(&act.actor)
                + texts.iter().filter_map(|text| text.as_ref().map(String::len)).sum::<usize>()
        }
        EventKind::Asked(act) => of_actor(&act.network.actor) + act.name.as_ref().map_or(0, String::len),
        other => other.actor().map_or(0, of_actor),
    };
    FLAT + texts
}

fn of_actor(actor: &Actor) -> usize {
    let frames = actor.stack.iter();
    frames.map(|frame| size_of_val(frame) + frame.name.as_ref().map_or(0, String::len)).sum()
}

fn of_workload(workload: &Workload) -> usize {
    /// What an evidence, a module, an image or a memory takes at most, but for paths.
    const EACH: usize = 1024;
    let lists = workload.recognition.evidence.len()
        + workload.modules.len()
        + workload.images.len()
        + workload.memories.len();
    let paths: usize =
        workload.modules.iter().filter_map(|module| module.path.as_ref().map(String::len)).sum();
    lists * EACH + paths
}
