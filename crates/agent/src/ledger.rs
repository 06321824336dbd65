//! What became of every record and event: for each stage a count, and for each loss one that is told as it grows.
//!
//! By family: `seen = submitted + ring_full + throttled` (kernel), `submitted = received` (once the rings are empty),
//! `received = decode_error + queue_drop + taken`. Of hooks: `received = decode_error + taken`. Of events:
//! `made = told + output`. Of what goes to a collector: `made = delivered + lost` at the end, and until then the rest waits.

use crate::hooks::HookCounts;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmscope_model::Loss;
use wasmscope_otlp::Count;
use wasmscope_sensor_kernel::{Family, LedgerRow, Sensor, Tracker};

/// Counts of the agent's own queues, where they happen.
#[derive(Debug, Default)]
pub(crate) struct QueueCounts {
    /// Records that the watch loop was too slow for, by family.
    pub(crate) dropped: [AtomicU64; 3],
    /// Records that it took, by family.
    pub(crate) taken: [AtomicU64; 3],
    /// Events made.
    pub(crate) made: AtomicU64,
    /// Events written.
    pub(crate) told: AtomicU64,
    /// Events that the output was too slow for.
    pub(crate) output: AtomicU64,
}

/// What the registry could not follow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RegistryCounts {
    /// Processes beyond the most that are followed.
    pub(crate) not_followed: u64,
    /// Processes of known runtimes that ended before anybody could look at them.
    pub(crate) ended_unseen: u64,
    /// Calls of processes that are no workloads any more.
    pub(crate) filtered: u64,
    /// Events that hooks could not pass on, by their own word.
    pub(crate) hook_sender: u64,
    /// What hooks told in processes that never became workloads.
    pub(crate) unclaimed: u64,
}

/// One count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which records: `lifecycle`, `hint`, `call`, `sample`, `hook`, `event`, `otlp_metrics`, `otlp_logs`, `otlp_traces`.
    pub family: &'static str,
    /// Where on their way, or why they were lost.
    pub stage: &'static str,
    /// How many since the start.
    pub count: u64,
    /// They did not get through.
    pub lost: bool,
}

/// All counts.
pub(crate) fn rows(
    sensor: &Sensor,
    tracker: &Tracker,
    queues: &QueueCounts,
    hooks: Option<&HookCounts>,
    registry: RegistryCounts,
    samples: Option<(LedgerRow, u64)>,
    exported: &[Count],
) -> Vec<Row> {
    let ledger = sensor.ledger().unwrap_or_default();
    let arrivals = sensor.arrivals();
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let mut rows = Vec::new();
    let mut add = |family, stage, count, lost| rows.push(Row { family, stage, count, lost });
    for family in Family::ALL {
        let name = family.name();
        let kernel = match family {
            Family::Lifecycle => ledger.lifecycle,
            Family::Hint => ledger.hint,
            Family::Call => ledger.call,
        };
        let (received, undecodable) = (arrivals.received(family), arrivals.undecodable(family));
        add(name, "seen", kernel.seen, false);
        add(name, "submitted", kernel.submitted, false);
        add(name, "ring_full", kernel.ring_full, true);
        add(name, "throttled", kernel.throttled, true);
        add(name, "received", received, false);
        add(name, "decode_error", undecodable, true);
        add(name, "queue_drop", read(&queues.dropped[family as usize]), true);
        add(name, "taken", read(&queues.taken[family as usize]), false);
    }
    add("lifecycle", "map_full", ledger.lifecycle.map_full, true);
    add("lifecycle", "unmeasured", ledger.lifecycle.unmeasured + tracker.unmeasured(), true);
    add("lifecycle", "not_followed", registry.not_followed, true);
    add("lifecycle", "ended_unseen", registry.ended_unseen, true);
    add("call", "filtered", registry.filtered, false);
    add("call", "nested", sensor.missed(), true);
    if let Some((samples, undecodable)) = samples {
        add("sample", "seen", samples.seen, false);
        add("sample", "submitted", samples.submitted, false);
        add("sample", "ring_full", samples.ring_full, true);
        add("sample", "decode_error", undecodable, true);
    }
    if let Some(hooks) = hooks {
        add("hook", "received", read(&hooks.received), false);
        add("hook", "decode_error", read(&hooks.undecodable), true);
        add("hook", "taken", read(&hooks.taken), false);
        add("hook", "unclaimed", registry.unclaimed, true);
        // Told as it comes in: not told again.
        add("hook", "sender", registry.hook_sender, false);
    }
    add("event", "made", read(&queues.made), false);
    add("event", "told", read(&queues.told), false);
    add("event", "output", read(&queues.output), true);
    for Count { signal, stage, count, lost } in exported {
        add(signal.family(), stage, *count, *lost);
    }
    rows
}

/// What was told so far.
#[derive(Debug, Default)]
pub(crate) struct LossReport {
    told: Vec<Row>,
}

impl LossReport {
    /// The losses that are new since the last call.
    pub(crate) fn news(&mut self, now: &[Row]) -> Vec<Loss> {
        let lost: Vec<_> = now.iter().filter(|row| row.lost).copied().collect();
        let before = std::mem::replace(&mut self.told, lost);
        let told = |row: &Row| {
            let same = before.iter().find(|old| (old.family, old.stage) == (row.family, row.stage));
            same.map_or(0, |old| old.count)
        };
        let grown = self.told.iter().map(|row| (row, row.count.saturating_sub(told(row))));
        grown
            .filter(|(_, count)| *count > 0)
            .map(|(row, count)| Loss { family: row.family.into(), stage: row.stage.into(), count })
            .collect()
    }
}

/// Whether a loss can hide a process that started or ended: then everybody is counted anew.
pub(crate) fn calls_for_census(loss: &Loss) -> bool {
    !matches!(loss.family.as_str(), "call" | "sample" | "hook")
        && matches!(loss.stage.as_str(), "ring_full" | "queue_drop" | "decode_error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_is_told_once() {
        let row = |family, stage, count, lost| Row { family, stage, count, lost };
        let mut report = LossReport::default();
        assert!(report.news(&[row("hint", "seen", 9, false), row("hint", "throttled", 0, true)]).is_empty());
        let news = report.news(&[row("hint", "throttled", 5, true), row("event", "output", 2, true)]);
        let seen: Vec<_> = news.iter().map(|l| (l.family.as_str(), l.stage.as_str(), l.count)).collect();
        assert_eq!(seen, [("hint", "throttled", 5), ("event", "output", 2)]);
        assert_eq!(report.news(&[row("hint", "throttled", 6, true)])[0].count, 1);
    }
}
