//! Unusual things of one workload that come together.

use crate::{About, rules::SEVERAL};
use wasmscope_model::{Confidence, Event};

/// How close together they have to be, nanoseconds.
const WITHIN_NS: u64 = 60_000_000_000;

/// What was unusual lately, one of each group: what is of one group is not independent.
#[derive(Debug, Default)]
pub(super) struct Recent {
    items: Vec<Item>,
    bytes: usize,
}

#[derive(Debug)]
struct Item {
    about: &'static About,
    score: u8,
    at: u64,
    event: Event,
    bytes: usize,
}

/// Several at once.
#[derive(Debug)]
pub(super) struct Several {
    pub(super) score: u8,
    pub(super) since: u64,
    pub(super) rules: Vec<&'static str>,
    pub(super) events: Vec<Event>,
}

impl Recent {
    /// Adds one, and tells what they amount to if that is enough.
    pub(super) fn add(
        &mut self,
        about: &'static About,
        score: u8,
        now: u64,
        event: &Event,
    ) -> Option<Several> {
        self.items.retain(|item| now.saturating_sub(item.at) < WITHIN_NS);
        let same = self.items.iter().position(|item| item.about.group == about.group);
        // One event is one thing, whatever is unusual about it.
        let is_known = self.items.iter().any(|item| item.event == *event);
        if !is_known && same.is_none_or(|at| self.items[at].score < score) {
            // As it would be written: rarely done, and nearer to the truth than a guess.
            let bytes = 2 * serde_json::to_vec(event).map_or(0, |json| json.len());
            same.map(|at| self.items.remove(at));
            self.items.push(Item { about, score, at: now, event: event.clone(), bytes });
        }
        self.bytes = self.items.iter().map(|item| size_of::<Item>() + item.bytes).sum();
        let score = Confidence::combine(self.items.iter().map(|item| Confidence::percent(item.score))).get();
        if self.items.len() < 2 || score < SEVERAL.score {
            return None;
        }
        self.bytes = 0;
        let items = std::mem::take(&mut self.items);
        Some(Several {
            score,
            since: items.iter().map(|item| item.at).min().unwrap_or(now),
            rules: items.iter().map(|item| item.about.id).collect(),
            events: items.into_iter().map(|item| item.event).collect(),
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
