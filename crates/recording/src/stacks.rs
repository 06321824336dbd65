//! Stacks of calls come again and again: a recording has each once, as long as it is among the last ones.

use lru::LruCache;
use std::num::NonZeroUsize;
use wasmscope_model::{GuestStack, activity::Word};

/// As many as a `u8` can name.
const SLOTS: NonZeroUsize = NonZeroUsize::new(256).unwrap();

type Stack = Result<GuestStack, Word>;

/// While recording: which stack is in which slot.
#[derive(Debug)]
pub(crate) struct Slots(LruCache<Stack, u8>);

impl Default for Slots {
    fn default() -> Self {
        Self(LruCache::new(SLOTS))
    }
}

impl Slots {
    /// The slot of this stack, and whether it was put there just now, in place of the one that was used longest ago.
    pub(crate) fn put(&mut self, stack: &Stack) -> (u8, bool) {
        if let Some(slot) = self.0.get(stack) {
            return (*slot, false);
        }
        let slot = match u8::try_from(self.0.len()) {
            Ok(unused) => unused,
            Err(_) => self.0.pop_lru().map_or(0, |(_, slot)| slot),
        };
        self.0.put(stack.clone(), slot);
        (slot, true)
    }
}

/// In a replay: what is in each slot.
#[derive(Debug, Default)]
pub(crate) struct Kept(Vec<Option<Stack>>);

impl Kept {
    /// The stack of this slot, which is `new` if there is one. `None` for a slot that nothing was put into.
    pub(crate) fn get(&mut self, slot: u8, new: Option<Stack>) -> Option<Stack> {
        let slot = usize::from(slot);
        if new.is_some() {
            if self.0.len() <= slot {
                self.0.resize_with(slot + 1, || None);
            }
            self.0[slot] = new;
        }
        self.0.get(slot)?.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stack_comes_back_from_its_slot() {
        let (mut slots, mut kept) = (Slots::default(), Kept::default());
        let mut told = 0;
        for n in (0..2000).map(|n| n * n % 701).chain([1, 2, 1, 2]) {
            let stack: Stack = Err(Word::Owned(n.to_string()));
            let (slot, is_new) = slots.put(&stack);
            told += usize::from(is_new);
            assert_eq!(kept.get(slot, is_new.then(|| stack.clone())), Some(stack));
        }
        assert!(told < 2003, "some were told before");
        assert_eq!(Kept::default().get(3, None), None);
    }
}
