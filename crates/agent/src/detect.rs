//! Rules on the way out: every event that goes out is shown to them, and what they state follows it.

use crossbeam_channel::{Receiver, never};
use std::sync::Arc;
use wasmscope_detect::{Counts, Engine, Limits, RuleSet};
use wasmscope_export::RuleInfo;
use wasmscope_model::Event;

/// Rules to ask, and others that may come.
#[derive(Debug)]
pub struct Rules {
    /// Those to begin with.
    pub set: Arc<RuleSet>,
    /// Other ones, whenever somebody has changed them.
    pub changed: Option<Receiver<Arc<RuleSet>>>,
}

/// Asks rules of events; without rules it does nothing.
#[derive(Debug)]
pub(crate) struct Detector {
    engine: Option<Engine>,
    pub(crate) changed: Receiver<Arc<RuleSet>>,
    /// With the time of the last event: what is only known at the end is told as of then.
    last: Option<Event>,
}

impl Detector {
    pub(crate) fn new(rules: Option<Rules>) -> Self {
        let (engine, changed) = match rules {
            Some(rules) => (Some(Engine::new(rules.set, Limits::default())), rules.changed),
            None => (None, None),
        };
        let changed = changed.unwrap_or_else(never);
        Self { engine, changed, last: None }
    }

    /// What follows from this event: acts that no host call explains, and what the rules state of it and of them.
    pub(crate) fn observe(&mut self, event: &Event) -> Vec<Event> {
        let mut following = Vec::new();
        if let Some(engine) = &mut self.engine {
            engine.follow(event, &mut following);
            let last = self.last.get_or_insert_with(|| event.clone());
            // Of the last one only the time is needed.
            last.time.clone_from(&event.time);
            last.monotonic_ns = event.monotonic_ns;
        }
        following
    }

    /// What is known once nothing more will come.
    pub(crate) fn finish(&mut self) -> Vec<Event> {
        let mut following = Vec::new();
        if let (Some(engine), Some(last)) = (&mut self.engine, &self.last) {
            engine.finish(last, &mut following);
        }
        following
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
        about.collect()
    }

    /// What was done so far.
    pub(crate) fn counts(&self) -> Counts {
        self.engine.as_ref().map(Engine::counts).unwrap_or_default()
    }
}
