//! Rules on the way out: every event that goes out is shown to them, and what they state follows it.

use crossbeam_channel::{Receiver, never};
use std::sync::Arc;
use wasmscope_detect::{Engine, Limits, RuleSet};
use wasmscope_export::RuleInfo;
use wasmscope_model::{Detection, Event, EventKind};

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
    found: Vec<Detection>,
}

impl Detector {
    pub(crate) fn new(rules: Option<Rules>) -> Self {
        let (engine, changed) = match rules {
            Some(rules) => (Some(Engine::new(rules.set, Limits::default())), rules.changed),
            None => (None, None),
        };
        Self { engine, changed: changed.unwrap_or_else(never), found: Vec::new() }
    }

    /// What the rules state once they have seen this event.
    pub(crate) fn observe(&mut self, event: &Event) -> impl Iterator<Item = EventKind> + use<> {
        if let Some(engine) = &mut self.engine {
            engine.observe(event, &mut self.found);
        }
        std::mem::take(&mut self.found).into_iter().map(|detection| EventKind::Detected(Box::new(detection)))
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

    /// Workloads whose windows were forgotten before they ended.
    pub(crate) fn evicted(&self) -> u64 {
        self.engine.as_ref().map_or(0, |engine| engine.counts().evicted)
    }
}
