//! Events in, events out: what follows from each.

use super::Engine;
use wasmscope_model::{Detection, Event, EventKind};

impl Engine {
    /// Takes in one event and adds the events that follow from it: what rules state ([`observe`](Self::observe)), and acts that no
    /// host call explains, which become known a while after they were; and what rules state of those.
    pub fn follow(&mut self, event: &Event, following: &mut Vec<Event>) {
        let (mut found, mut acts) = (Vec::new(), Vec::new());
        self.observe(event, &mut found);
        let facts = || self.workloads.peek(&event.kind.workload()?).and_then(|state| state.facts.as_deref());
        self.explaining.observe(event, facts, &self.rules.own, &mut acts);
        self.add(event, found, acts, following);
    }

    /// Adds what is known once nothing more will come; `last` was the last event.
    pub fn finish(&mut self, last: &Event, following: &mut Vec<Event>) {
        let mut acts = Vec::new();
        self.explaining.finish(&mut acts);
        self.add(last, Vec::new(), acts, following);
    }

    /// All are of the time of the event from which they follow.
    fn add(
        &mut self,
        cause: &Event,
        mut found: Vec<Detection>,
        acts: Vec<EventKind>,
        following: &mut Vec<Event>,
    ) {
        let detected = |detection| cause.followed_by(EventKind::Detected(Box::new(detection)));
        following.extend(found.drain(..).map(detected));
        for act in acts {
            let act = cause.followed_by(act);
            self.observe(&act, &mut found);
            following.push(act);
            following.extend(found.drain(..).map(detected));
        }
    }
}
