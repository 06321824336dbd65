//! Losses of every stage, told as they grow.

use std::sync::atomic::{AtomicU64, Ordering};
use wasmscope_model::Loss;
use wasmscope_sensor_kernel::Ledger;

/// Losses of the agent's own queues, counted where they happen.
#[derive(Debug, Default)]
pub(crate) struct QueueLosses {
    /// Records that the watch loop was too slow for.
    pub(crate) records: AtomicU64,
    /// Events that the output was too slow for.
    pub(crate) output: AtomicU64,
}

/// What the registry could not follow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RegistryLosses {
    /// Processes beyond the most that are followed.
    pub(crate) not_followed: u64,
    /// Processes of known runtimes that ended before anybody could look at them.
    pub(crate) ended_unseen: u64,
}

/// What was told so far.
#[derive(Debug, Default)]
pub(crate) struct LossReport {
    told: Vec<(&'static str, &'static str, u64)>,
}

impl LossReport {
    /// The losses that are new since the last call.
    pub(crate) fn news(
        &mut self,
        ledger: &Ledger,
        decode_errors: u64,
        queues: &QueueLosses,
        registry: RegistryLosses,
    ) -> Vec<Loss> {
        let now = [
            ("lifecycle", "ring_full", ledger.lifecycle.ring_full),
            ("lifecycle", "map_full", ledger.lifecycle.map_full),
            ("hint", "ring_full", ledger.hint.ring_full),
            ("hint", "throttled", ledger.hint.throttled),
            ("all", "decode_error", decode_errors),
            ("all", "queue_drop", queues.records.load(Ordering::Relaxed)),
            ("all", "output", queues.output.load(Ordering::Relaxed)),
            ("all", "not_followed", registry.not_followed),
            ("lifecycle", "ended_unseen", registry.ended_unseen),
        ];
        let before = std::mem::replace(&mut self.told, now.to_vec());
        let told = |family, stage| {
            before.iter().find(|(f, s, _)| (*f, *s) == (family, stage)).map_or(0, |(_, _, count)| *count)
        };
        now.into_iter()
            .map(|(family, stage, count)| (family, stage, count.saturating_sub(told(family, stage))))
            .filter(|(_, _, count)| *count > 0)
            .map(|(family, stage, count)| Loss { family: family.into(), stage: stage.into(), count })
            .collect()
    }
}

/// Whether a loss can hide a process that started or ended: then everybody is counted anew.
pub(crate) fn calls_for_census(loss: &Loss) -> bool {
    matches!(loss.stage.as_str(), "ring_full" | "queue_drop" | "decode_error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_is_told_once() {
        let mut report = LossReport::default();
        let queues = QueueLosses::default();
        let mut ledger = Ledger::default();
        assert!(report.news(&ledger, 0, &queues, RegistryLosses::default()).is_empty());
        ledger.hint.throttled = 5;
        queues.output.fetch_add(2, Ordering::Relaxed);
        let news = report.news(&ledger, 0, &queues, RegistryLosses::default());
        let seen: Vec<_> = news.iter().map(|l| (l.family.as_str(), l.stage.as_str(), l.count)).collect();
        assert_eq!(seen, [("hint", "throttled", 5), ("all", "output", 2)]);
        ledger.hint.throttled = 6;
        assert_eq!(report.news(&ledger, 0, &queues, RegistryLosses::default())[0].count, 1);
    }
}
