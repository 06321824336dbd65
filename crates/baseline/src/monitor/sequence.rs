//! Three in a row.

use crate::features::cut;
use std::fmt::Write as _;
use wasmscope_model::EventKind;

/// Threads, and sides of the boundary, whose last acts are remembered; of more, the first ones are forgotten.
const MOST_THREADS: usize = 8;

/// The last two acts of each thread.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    threads: Vec<Thread>,
    oldest: usize,
    scratch: String,
}

#[derive(Debug, Default)]
struct Thread {
    id: (bool, u64),
    last: [String; 2],
    /// How many there are.
    known: u8,
    /// So many since something was new.
    usual: u8,
}

/// Three in a row.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) text: String,
    /// None of the three was new by itself: then the sequence may be.
    pub(super) is_asked: bool,
}

impl Sequences {
    /// The sequence that this event ends, if it is the third.
    pub(super) fn next(&mut self, event: &EventKind, is_new: bool) -> Option<Sequence> {
        let (id, name) = match event {
            EventKind::HostCall(of) => ((true, of.what.instance.id), cut(&of.what.what.name)),
            _ => ((false, u64::from(event.actor()?.tid)), event.name().strip_prefix("workload.")?),
        };
        let thread = match self.threads.iter().position(|thread| thread.id == id) {
            Some(at) => &mut self.threads[at],
            None if self.threads.len() < MOST_THREADS => {
                self.threads.push(Thread { id, ..Thread::default() });
                self.threads.last_mut()?
            }
            None => {
                self.oldest = (self.oldest + 1) % MOST_THREADS;
                let thread = &mut self.threads[self.oldest];
                (thread.id, thread.known) = (id, 0);
                thread
            }
        };
        thread.usual = if is_new { 0 } else { (thread.usual + 1).min(3) };
        let sequence = (thread.known == 2).then(|| {
            let mut text = std::mem::take(&mut self.scratch);
            text.clear();
            let _ = write!(text, "{} > {} > {name}", thread.last[0], thread.last[1]);
            Sequence { text, is_asked: thread.usual == 3 }
        });
        thread.last.swap(0, 1);
        thread.last[1].clear();
        thread.last[1].push_str(name);
        thread.known = (thread.known + 1).min(2);
        sequence
    }

    /// Takes a text back, so that the next costs no allocation.
    pub(super) fn reuse(&mut self, text: String) {
        self.scratch = text;
    }
}
