//! How much work one file may cause.

use crate::{SourceError, limits};
use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
};

/// Counts for one outermost file, whatever lies in it.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    consumed: Cell<u64>,
    produced: Cell<u64>,
    entries: Cell<u64>,
    too_many: Cell<bool>,
    /// Produced and consumed when it was too much: reading on may make that good again, and it is to be told all the same.
    bomb: Cell<Option<(u64, u64)>>,
}

impl Meter {
    /// Of a file that is not read from its start to its end.
    pub(crate) fn of_size(bytes: u64) -> Self {
        Self { consumed: Cell::new(bytes), ..Self::default() }
    }

    /// The bound that was exceeded, if one was. Decoders wrap the errors of what they read, so it is asked for here.
    pub(crate) fn exceeded(&self) -> Option<SourceError> {
        if let Some((produced, consumed)) = self.bomb.get() {
            return Some(SourceError::Bomb { produced, consumed });
        }
        self.too_many.get().then_some(SourceError::Entries)
    }

    /// One more entry of an archive.
    pub(crate) fn entry(&self) -> Result<(), SourceError> {
        self.entries.set(self.entries.get() + 1);
        if self.entries.get() > limits::ENTRIES {
            self.too_many.set(true);
            return Err(SourceError::Entries);
        }
        Ok(())
    }

    fn compare(&self) {
        let (produced, consumed) = (self.produced.get(), self.consumed.get());
        let allowed = consumed.saturating_mul(limits::EXPANSION).saturating_add(limits::EXPANSION_FREE);
        if produced > allowed && self.bomb.get().is_none() {
            self.bomb.set(Some((produced, consumed)));
        }
    }

    /// Counts what is read from the outermost file.
    pub(crate) fn consuming<R>(&self, inner: R) -> Metered<'_, R> {
        Metered { inner, meter: self, count: &self.consumed }
    }

    /// Counts what comes out of a decoder, and fails when it is too much.
    pub(crate) fn producing<R>(&self, inner: R) -> Metered<'_, R> {
        Metered { inner, meter: self, count: &self.produced }
    }
}

pub(crate) struct Metered<'m, R> {
    inner: R,
    meter: &'m Meter,
    count: &'m Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.count.set(self.count.get().saturating_add(got as u64));
        self.meter.compare();
        match self.meter.exceeded() {
            Some(error) => Err(io::Error::other(error)),
            None => Ok(got),
        }
    }
}

/// One archive or decoder on the way to where the walk is. Its failure makes everything within fail too, and is told once,
/// by its cause.
pub(crate) struct Layer<'a> {
    outer: Option<&'a Layer<'a>>,
    failure: RefCell<Option<String>>,
    at: Cell<u64>,
}

impl<'a> Layer<'a> {
    pub(crate) fn within(outer: Option<&'a Layer<'a>>) -> Self {
        Self { outer, failure: RefCell::default(), at: Cell::new(0) }
    }

    /// Bytes read through [`watch`](Self::watch).
    pub(crate) fn at(&self) -> u64 {
        self.at.get()
    }

    /// Why it failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Whether it failed or one around it.
    pub(crate) fn is_lost(&self) -> bool {
        self.failure.borrow().is_some() || self.outer.is_some_and(Layer::is_lost)
    }

    /// Counts what is read, and keeps the first error.
    pub(crate) fn watch<R>(&self, inner: R) -> Watched<'_, R> {
        Watched { inner, at: &self.at, failure: &self.failure }
    }
}

pub(crate) struct Watched<'l, R> {
    inner: R,
    at: &'l Cell<u64>,
    failure: &'l RefCell<Option<String>>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(got) => {
                self.at.set(self.at.get() + got as u64);
                Ok(got)
            }
            Err(error) => {
                self.failure.borrow_mut().get_or_insert_with(|| error.to_string());
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;
    use crate::limits;

    #[test]
    fn more_entries_than_the_bound_are_told_from_then_on() {
        let meter = Meter::default();
        assert!((0..limits::ENTRIES).all(|_| meter.entry().is_ok()) && meter.exceeded().is_none());
        assert!(meter.entry().is_err() && meter.exceeded().is_some());
    }
}
