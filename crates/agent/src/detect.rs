//! Rules and baselines on the way out: every event that goes out is shown to them, and what they state follows it.

use crossbeam_channel::{Receiver, never};
use std::{sync::Arc, time::Duration};
use wasmscope_baseline::{Baselines, Monitor, Needs};
use wasmscope_detect::{Counts, Engine, Limits, RuleSet};
use wasmscope_export::RuleInfo;
use wasmscope_model::{Detection, Event, EventKind, Maturity, WorkloadId};

/// Rules to ask, and others that may come.
#[derive(Debug)]
pub struct Rules {
    /// Those to begin with.
    pub set: Arc<RuleSet>,
    /// Other ones, whenever somebody has changed them.
    pub changed: Option<Receiver<Arc<RuleSet>>>,
}

/// What is usual, and whether to learn more of it.
#[derive(Debug)]
pub struct Baseline {
    /// What is known.
    pub known: Baselines,
    /// Learn from every run.
    pub learning: bool,
}

/// What became of a baseline.
#[derive(Debug)]
pub struct Learnt {
    /// What is known now.
    pub known: Baselines,
    /// What was done.
    pub counts: wasmscope_baseline::Counts,
}

/// Asks rules and baselines of events; without any it does nothing.
#[derive(Debug)]
pub(crate) struct Detector {
    engine: Option<Engine>,
    monitor: Option<Monitor>,
    pub(crate) changed: Receiver<Arc<RuleSet>>,
    found: Vec<Detection>,
    /// With the time of the last event: what is only known at the end is told as of then.
    last: Option<Event>,
}

impl Detector {
    pub(crate) fn new(rules: Option<Rules>, baseline: Option<Baseline>) -> Self {
        let (engine, changed) = match rules {
            Some(rules) => (Some(Engine::new(rules.set, Limits::default())), rules.changed),
            None => (None, None),
        };
        let changed = changed.unwrap_or_else(never);
        let monitor = baseline.map(|baseline| {
            Monitor::new(baseline.known, baseline.learning, Needs::default(), Default::default())
        });
        Self { engine, monitor, changed, found: Vec::new(), last: None }
    }

    /// What follows from this event: acts that no host call explains, what the rules state of it and of them, and what is not
    /// usual about it.
    pub(crate) fn observe(&mut self, event: &Event) -> Vec<Event> {
        let mut following = Vec::new();
        if let Some(engine) = &mut self.engine {
            engine.follow(event, &mut following);
            let last = self.last.get_or_insert_with(|| event.clone());
            // Of the last one only the time is needed.
            last.time.clone_from(&event.time);
            last.monotonic_ns = event.monotonic_ns;
        }
        if let Some(monitor) = &mut self.monitor {
            // First, because the event may be the run's last.
            for told in &following {
                if let EventKind::Detected(detection) = &told.kind {
                    monitor.detected(detection);
                }
            }
            // What the runtime does for itself, now and then, is not what its module does.
            if !self.engine.as_ref().is_some_and(|engine| engine.is_runtimes_own(event)) {
                monitor.observe(event, &mut self.found);
            }
            let detected = |detection| event.followed_by(EventKind::Detected(Box::new(detection)));
            following.extend(self.found.drain(..).map(detected));
        }
        following
    }

    /// What follows once nothing more will come.
    pub(crate) fn at_end(&mut self) -> Vec<Event> {
        let mut following = Vec::new();
        if let (Some(engine), Some(last)) = (&mut self.engine, &self.last) {
            engine.finish(last, &mut following);
        }
        following
    }

    /// What a process cost from its start to its end, before the event of its end.
    pub(crate) fn cost(&mut self, id: WorkloadId, cpu: Duration) {
        if let Some(monitor) = &mut self.monitor {
            monitor.cost(id, cpu);
        }
    }

    /// What is usual now; workloads that still run are learnt from, too.
    pub(crate) fn finish(self) -> Option<Learnt> {
        let (known, counts) = self.monitor?.finish();
        Some(Learnt { known, counts })
    }

    /// Other rules from now on.
    pub(crate) fn replace(&mut self, rules: Arc<RuleSet>) {
        if let Some(engine) = &mut self.engine {
            engine.replace(rules);
        }
    }

    /// What is asked of events.
    pub(crate) fn rules(&self) -> Vec<RuleInfo> {
        let rules = self.engine.iter().flat_map(|engine| engine.rules().rules());
        let about = rules.map(|rule| RuleInfo {
            rule: rule.id.clone(),
            severity: rule.severity.as_str(),
            maturity: rule.maturity.as_str(),
        });
        let usual = self.monitor.iter().flat_map(|_| wasmscope_baseline::rules()).map(|rule| RuleInfo {
            rule: rule.id.to_owned(),
            severity: rule.most.as_str(),
            maturity: Maturity::Experimental.as_str(),
        });
        about.chain(usual).collect()
    }

    /// What was done so far.
    pub(crate) fn counts(&self) -> Counts {
        self.engine.as_ref().map(Engine::counts).unwrap_or_default()
    }
}
