//! What stands between the agent and its registry, and between the registry and what it asks, while it is recorded.
//!
//! With a [`Log`] that forgets, all of it does nothing but pass on.

use crate::{line::Line, stacks::Slots, write::Log};
use std::{borrow::Cow, ops::Deref, time::Duration};
use wasmscope_model::{
    EventKind, FileVersion, GuestStack, Interest, LinearMemory, ProcessKey, RawStack, Record, activity::Word,
    boundary::HookLine,
};
use wasmscope_workload::{Control, FaultSight, Hints, Look, LookError, Registry, Sight, registry::Timed};

/// Writes down what `T` answers.
#[derive(Debug)]
pub struct Recorded<T> {
    inner: T,
    log: Log,
    stacks: Slots,
}

impl<T> Deref for Recorded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Recorded<T> {
    fn new(inner: T, log: &Log) -> Self {
        Self { inner, log: log.clone(), stacks: Slots::default() }
    }

    /// The answer, written down.
    fn noted<A: Clone>(&self, answer: A, line: impl FnOnce(Cow<'_, A>) -> Line<'_>) -> A {
        if self.log.is_on() {
            self.log.line(&line(Cow::Borrowed(&answer)));
        }
        answer
    }
}

impl<T: Look> Look for Recorded<T> {
    fn look(&mut self, pid: u32, hints: &Hints) -> Result<Sight, LookError> {
        let found = self.inner.look(pid, hints);
        self.noted(found, |found| Line::Look { pid, found })
    }

    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError> {
        let found = self.inner.is_runtime(pid);
        self.noted(found, |found| Line::IsRuntime { pid, found })
    }

    fn now(&self) -> Duration {
        self.noted(self.inner.now(), |now| Line::Time { now: (*now).into() })
    }

    fn is_alive(&mut self, pid: u32) -> bool {
        let alive = self.inner.is_alive(pid);
        self.noted(alive, |alive| Line::IsAlive { pid, alive: *alive })
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        let found = self.inner.glance(known);
        self.noted(found, |found| Line::Glance { pid: known.key.pid.0, found })
    }

    fn stack(&mut self, known: &Sight, raw: &RawStack) -> Result<GuestStack, Word> {
        let found = self.inner.stack(known, raw);
        if self.log.is_on() {
            let (slot, is_new) = self.stacks.put(&found);
            let found = is_new.then_some(Cow::Borrowed(&found));
            self.log.line(&Line::Stack { pid: known.key.pid.0, slot, found });
        }
        found
    }

    fn fault(&mut self, known: &Sight, ip: u64, fp: u64, raw: &RawStack) -> FaultSight {
        let found = self.inner.fault(known, ip, fp, raw);
        self.noted(found, |found| Line::Fault { pid: known.key.pid.0, found })
    }
}

impl<T: Control> Control for Recorded<T> {
    fn set(&mut self, pid: u32, interest: Interest) -> Option<Duration> {
        let first_trace = self.inner.set(pid, interest);
        self.noted(first_trace, |first| Line::Set { pid, first_trace: first.map(Into::into) })
    }

    fn forget(&mut self, pid: u32) {
        self.inner.forget(pid);
    }

    fn ended(&mut self, pid: u32) {
        self.inner.ended(pid);
    }

    fn ignore(&mut self, executable: &FileVersion) {
        self.inner.ignore(executable);
    }

    fn set_code(&mut self, pid: u32, code: Option<(u64, u64)>) {
        self.inner.set_code(pid, code);
    }

    fn watch_calls(&mut self, on: bool) {
        self.inner.watch_calls(on);
    }
}

/// A [`Registry`] of which everything that goes in is written down.
#[derive(Debug)]
pub struct RecordedRegistry<L, C> {
    registry: Registry<Recorded<L>, Recorded<C>>,
    log: Log,
}

impl<L: Look, C: Control> RecordedRegistry<L, C> {
    /// As [`Registry::new`]; `now` must be that of the recording's [`Header`](crate::Header).
    pub fn new(looker: L, control: C, now: Duration, log: Log) -> Self {
        let looker = Recorded::new(looker, &log);
        let control = Recorded::new(control, &log);
        Self { registry: Registry::new(looker, control, now), log }
    }

    /// As [`Registry::record`].
    pub fn record(&mut self, record: Record, now: Duration) {
        if self.log.is_on() {
            self.log.line(&Line::Record { now: now.into(), what: Cow::Borrowed(&record) });
        }
        self.registry.record(record, now);
    }

    /// As [`Registry::tick`].
    pub fn tick(&mut self, now: Duration) {
        // The loop ticks whenever it wakes up. A tick at which nothing is due does nothing.
        if self.registry.next_tick().is_some_and(|due| due <= now) {
            self.log.line(&Line::Tick { now: now.into() });
            self.registry.tick(now);
        }
    }

    /// As [`Registry::adopt`].
    pub fn adopt(&mut self, pid: u32, now: Duration) {
        self.log.line(&Line::Adopt { now: now.into(), pid });
        self.registry.adopt(pid, now);
    }

    /// As [`Registry::hooked`].
    pub fn hooked(&mut self, process: ProcessKey, line: HookLine, now: Duration) {
        if self.log.is_on() {
            self.log.line(&Line::Hook { now: now.into(), process, what: Cow::Borrowed(&line) });
        }
        self.registry.hooked(process, line, now);
    }

    /// As [`Registry::take_events`]. They are passed on with this wall-clock time at monotonic time zero.
    pub fn take_events(&mut self, clock: Duration) -> Vec<Timed> {
        let events = self.registry.take_events();
        if !events.is_empty() {
            self.log.line(&Line::PassedOn { clock: clock.into() });
        }
        self.log.hand_over();
        events
    }

    /// Writes down an event that goes out although no registry made it.
    pub fn told(&self, at: Duration, clock: Duration, event: &EventKind) {
        if self.log.is_on() {
            let event = Cow::Borrowed(event);
            self.log.line(&Line::Told { at: at.into(), clock: clock.into(), event });
        }
    }

    /// As [`Registry::looker`]: what is asked of it this way is not written down, and must not become an event.
    pub fn looker(&mut self) -> &mut L {
        &mut self.registry.looker().inner
    }

    /// As [`Registry::control`].
    pub fn control(&self) -> &C {
        &self.registry.control().inner
    }

    /// As [`Registry::control_mut`]: no more than for [`looker`](Self::looker).
    pub fn control_mut(&mut self) -> &mut C {
        &mut self.registry.control_mut().inner
    }
}

/// For all that only asks. What changes the registry is above, and written down.
impl<L, C> Deref for RecordedRegistry<L, C> {
    type Target = Registry<Recorded<L>, Recorded<C>>;

    fn deref(&self) -> &Self::Target {
        &self.registry
    }
}
