//! What is said of collectors on standard error: once when one is gone, once when it is back.

use crate::{Signal, send::Answer};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

#[derive(Debug, Default)]
pub(super) struct Health {
    /// By place: the signals that wait for it.
    down: Mutex<BTreeMap<String, Vec<Signal>>>,
    /// Signals whose last request was refused.
    refused: Mutex<Vec<Signal>>,
}

impl Health {
    pub(super) fn note(&self, place: &str, signal: Signal, answer: &Answer) {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let name = signal.as_str();
        if let Answer::Later { message, .. } = answer {
            if !down.contains_key(place) {
                tracing::warn!(
                    "OpenTelemetry collector {place} does not take {name}: {message}; trying again"
                );
            }
            let waiting = down.entry(place.to_owned()).or_default();
            if !waiting.contains(&signal) {
                waiting.push(signal);
            }
            return;
        }
        if let Some(waiting) = down.get_mut(place) {
            waiting.retain(|other| *other != signal);
            if waiting.is_empty() {
                down.remove(place);
                tracing::warn!("OpenTelemetry collector {place} answers again");
            }
        }
        let problem = match answer {
            Answer::Refused { message, .. } => Some(message.clone()),
            Answer::Taken { rejected: 0, .. } | Answer::Later { .. } => None,
            Answer::Taken { rejected, message } => Some(format!("{rejected} rejected: {message}")),
        };
        match problem {
            None => refused.retain(|other| *other != signal),
            Some(problem) if !refused.contains(&signal) => {
                refused.push(signal);
                tracing::warn!("OpenTelemetry collector {place} refuses {name}: {problem}; they are lost");
            }
            Some(_) => {}
        }
    }
}
