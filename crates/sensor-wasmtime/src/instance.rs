//! What is counted of one store.

use crate::{
    EventKind, GrowthTotals, RunTotals, Sensor, Summary,
    stats::{Counter, Stats},
};
use std::{fmt, sync::Arc};

/// One store.
pub(crate) struct Instance {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) sensor: Sensor,
    pub(crate) stats: Stats,
    pub(crate) memory: Growth,
    pub(crate) table: Growth,
    pub(crate) run: Run,
}

/// See [`GrowthTotals`].
#[derive(Debug, Default)]
pub(crate) struct Growth {
    pub(crate) asked: Counter,
    pub(crate) granted: Counter,
    pub(crate) refused: Counter,
    pub(crate) now: Counter,
    pub(crate) high_water: Counter,
}

impl Growth {
    fn totals(&self) -> GrowthTotals {
        GrowthTotals {
            asked: self.asked.get(),
            granted: self.granted.get(),
            refused: self.refused.get(),
            now: self.now.get(),
            high_water: self.high_water.get(),
        }
    }
}

/// See [`RunTotals`].
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) runs: Counter,
    pub(crate) trapped: Counter,
    pub(crate) exited: Counter,
    pub(crate) failed: Counter,
    pub(crate) wall_ns: Counter,
    pub(crate) cpu_ns: Counter,
    pub(crate) host_ns: Counter,
    pub(crate) guest_cpu_ns: Counter,
    pub(crate) fuel: Counter,
    pub(crate) epochs: Counter,
}

impl Run {
    fn totals(&self) -> RunTotals {
        RunTotals {
            runs: self.runs.get(),
            trapped: self.trapped.get(),
            exited: self.exited.get(),
            failed: self.failed.get(),
            wall_ns: self.wall_ns.get(),
            cpu_ns: self.cpu_ns.get(),
            host_ns: self.host_ns.get(),
            guest_cpu_ns: self.guest_cpu_ns.get(),
            fuel: self.fuel.get(),
            epochs: self.epochs.get(),
        }
    }
}

impl Instance {
    pub(crate) fn new(id: u64, name: Arc<str>, sensor: Sensor) -> Self {
        Self {
            id,
            name,
            sensor,
            stats: Stats::default(),
            memory: Growth::default(),
            table: Growth::default(),
            run: Run::default(),
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        let customs = &self.sensor.0.customs;
        let (errors, other_errors) = self.stats.errors(customs);
        Summary {
            started: 1,
            ended: 0,
            functions: self.stats.totals(customs),
            errors,
            other_errors,
            memory: self.memory.totals(),
            table: self.table.totals(),
            run: self.run.totals(),
        }
    }

    /// Tells of a start, an end, a run, growth, if that is wanted.
    pub(crate) fn lifecycle(&self, kind: EventKind) {
        if self.sensor.0.lifecycle {
            self.sensor.emit_now(self, kind);
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({}, {:?})", self.id, self.name)
    }
}
