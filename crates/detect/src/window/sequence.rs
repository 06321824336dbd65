//! Steps in their order within a time.

use super::Full;
use wasmscope_model::Event;

/// For each beginning of the sequence the newest way that came so far.
#[derive(Debug)]
pub(crate) struct Sequence {
    steps: u8,
    within: u64,
    /// `ways[n]` has come through step `n`: when it began, and its events.
    ways: Vec<Option<(u64, Vec<Event>)>>,
}

impl Sequence {
    pub(crate) fn new(steps: u8, within: u64) -> Self {
        Self { steps, within, ways: Vec::new() }
    }

    pub(crate) fn add(&mut self, now: u64, step: u8, event: &Event) -> Option<Full> {
        let step_at = usize::from(step);
        self.ways.resize_with(usize::from(self.steps), || None);
        for way in &mut self.ways {
            way.take_if(|(began, _)| now.saturating_sub(*began) > self.within);
        }
        let (began, mut events) = match step_at.checked_sub(1) {
            None => (now, Vec::new()),
            Some(before) => self.ways[before].clone()?,
        };
        if step + 1 == self.steps {
            self.ways.clear();
            return Some(Full { count: events.len() as u64 + 1, since: began, events });
        }
        events.push(event.clone());
        self.ways[step_at] = Some((began, events));
        None
    }

    pub(crate) fn bytes(&self) -> usize {
        let of =
            |(_, events): &(u64, Vec<Event>)| events.iter().map(crate::engine::event_bytes).sum::<usize>();
        self.ways.capacity() * size_of::<Option<(u64, Vec<Event>)>>()
            + self.ways.iter().flatten().map(of).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_model::{EventKind, Loss, event::FORMAT};

    fn event(at: u64) -> Event {
        let kind = EventKind::Lost(Loss { family: String::new(), stage: String::new(), count: 0 });
        Event { format: FORMAT, time: String::new(), monotonic_ns: at, kind }
    }

    #[test]
    fn steps_count_in_their_order_from_the_newest_beginning() {
        let mut sequence = Sequence::new(3, 10);
        let mut add = |now: u64, step| sequence.add(now, step, &event(now));
        assert_eq!(add(0, 1), None, "not the first");
        assert_eq!((add(1, 0), add(2, 2), add(3, 1)), (None, None, None));
        assert_eq!((add(12, 2), add(13, 0)), (None, None), "too late");
        assert_eq!((add(14, 1), add(15, 0)), (None, None));
        let full = add(23, 2).unwrap();
        assert_eq!((full.count, full.since), (3, 13));
        assert_eq!(full.events.iter().map(|e| e.monotonic_ns).collect::<Vec<_>>(), [13, 14]);
        assert_eq!(add(24, 2), None, "it begins anew");
    }
}
