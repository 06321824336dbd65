//! The same run again: a fresh registry that is told what the recorded one was, and answered the same.

use crate::{
    line::{Header, Line},
    read::{ReplayError, Source},
    stacks::Kept,
};
use std::{borrow::Cow, cell::RefCell, io::Read, rc::Rc, time::Duration};
use wasmscope_model::{EventKind, FileVersion, GuestStack, Interest, LinearMemory, RawStack, activity::Word};
use wasmscope_sensor_proc::ProcessError;
use wasmscope_workload::{Control, FaultSight, Hints, Look, LookError, Registry, Sight};

/// An event that went out.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When it happened, `CLOCK_MONOTONIC`.
    pub at: Duration,
    /// The wall-clock time at monotonic time zero, as it was believed when the event went out.
    pub clock: Duration,
    /// What happened.
    pub kind: EventKind,
}

/// A recording that is being replayed.
pub struct Replay {
    header: Header,
    source: Rc<RefCell<Recall>>,
    registry: Registry<Recalled, Recalled>,
}

impl Replay {
    /// Reads the first line.
    ///
    /// # Errors
    /// It is no recording, or none of this format.
    pub fn open(input: impl Read + Send + 'static) -> Result<Self, ReplayError> {
        let (source, header) = Source::open(Box::new(input))?;
        let source = Rc::new(RefCell::new(Recall { source, stacks: Kept::default(), failed: None }));
        let recalled = || Recalled(Rc::clone(&source));
        let registry = Registry::new(recalled(), recalled(), header.monotonic_ns.into());
        Ok(Self { header, source, registry })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether [`step`](Self::step) may have to wait for whoever writes the recording.
    pub fn may_wait(&self) -> bool {
        self.source.borrow().source.may_wait()
    }

    /// Goes on to the next events that went out; `None` at the end.
    ///
    /// # Errors
    /// The recording goes no further, or not as this registry decides. The events until then were returned.
    pub fn step(&mut self) -> Result<Option<Vec<Told>>, ReplayError> {
        loop {
            let line = self.source.borrow_mut().source.next()?;
            match line {
                Line::Record { now, what } => self.registry.record(what.into_owned(), now.into()),
                Line::Tick { now } => self.registry.tick(now.into()),
                Line::Adopt { now, pid } => self.registry.adopt(pid, now.into()),
                Line::Hook { now, process, what } => {
                    self.registry.hooked(process, what.into_owned(), now.into());
                }
                Line::PassedOn { clock } => {
                    let clock = clock.into();
                    let events = self.registry.take_events().into_iter();
                    return Ok(Some(events.map(|(at, kind)| Told { at, clock, kind }).collect()));
                }
                Line::Told { at, clock, event } => {
                    let kind = event.into_owned();
                    return Ok(Some(vec![Told { at: at.into(), clock: clock.into(), kind }]));
                }
                Line::End {} => return Ok(None),
                answer => {
                    return Err(self
                        .source
                        .borrow()
                        .source
                        .diverged(answer.to_string(), "something new".into()));
                }
            }
            if let Some(failed) = self.source.borrow_mut().failed.take() {
                return Err(failed);
            }
        }
    }
}

struct Recall {
    source: Source,
    stacks: Kept,
    /// The first answer that could not be had. The registry is answered something until it returns, and what it made of
    /// that goes nowhere.
    failed: Option<ReplayError>,
}

/// Answers as it was answered.
struct Recalled(Rc<RefCell<Recall>>);

impl Recalled {
    /// The next line, if `wanted` can make something of it.
    fn answer<A>(
        &self,
        expected: impl FnOnce() -> String,
        wanted: impl FnOnce(Line<'static>, &mut Kept) -> Result<A, String>,
    ) -> Option<A> {
        let recall = &mut *self.0.borrow_mut();
        if recall.failed.is_some() {
            return None;
        }
        let failed = match recall.source.next().map(|line| wanted(line, &mut recall.stacks)) {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(other)) => recall.source.diverged(other, expected()),
            Err(error) => error,
        };
        recall.failed = Some(failed);
        None
    }
}

/// What was answered then, if the next line is such an answer about this process.
macro_rules! recall {
    ($recalled:ident, $kind:ident of $pid:expr, $answer:ident) => {
        $recalled.answer(
            || format!("`{}` of process {}", stringify!($kind), $pid),
            |line, _| match line {
                Line::$kind { pid, $answer } if pid == $pid => Ok($answer),
                other => Err(other.to_string()),
            },
        )
    };
}

fn gone<A>(pid: u32) -> Result<A, LookError> {
    Err(ProcessError::Gone(pid).into())
}

impl Look for Recalled {
    fn look(&mut self, pid: u32, _: &Hints) -> Result<Sight, LookError> {
        recall!(self, Look of pid, found).map_or_else(|| gone(pid), Cow::into_owned)
    }

    fn is_runtime(&mut self, pid: u32) -> Result<bool, LookError> {
        recall!(self, IsRuntime of pid, found).map_or_else(|| gone(pid), Cow::into_owned)
    }

    fn now(&self) -> Duration {
        let now = self.answer(
            || "`Time`".into(),
            |line, _| match line {
                Line::Time { now } => Ok(now.into()),
                other => Err(other.to_string()),
            },
        );
        // So late that nothing stays due: the registry comes to an end.
        now.unwrap_or(Duration::from_nanos(u64::MAX))
    }

    fn is_alive(&mut self, pid: u32) -> bool {
        recall!(self, IsAlive of pid, alive).unwrap_or(false)
    }

    fn glance(&mut self, known: &Sight) -> Result<Option<Vec<LinearMemory>>, LookError> {
        let of = known.key.pid.0;
        recall!(self, Glance of of, found).map_or_else(|| gone(of), Cow::into_owned)
    }

    fn stack(&mut self, known: &Sight, _: &RawStack) -> Result<GuestStack, Word> {
        let of = known.key.pid.0;
        let stack = self.answer(
            || format!("`Stack` of process {of}"),
            |line, slots| match line {
                Line::Stack { pid, slot, found } if pid == of => slots
                    .get(slot, found.map(Cow::into_owned))
                    .ok_or_else(|| format!("the empty slot {slot}")),
                other => Err(other.to_string()),
            },
        );
        stack.unwrap_or(Err(Word::Borrowed("")))
    }

    fn fault(&mut self, known: &Sight, _: u64, _: u64, _: &RawStack) -> FaultSight {
        let nothing = FaultSight { in_guest: false, trap: None, stack: Err(Word::Borrowed("")) };
        recall!(self, Fault of known.key.pid.0, found).map_or(nothing, Cow::into_owned)
    }
}

impl Control for Recalled {
    fn set(&mut self, pid: u32, _: Interest) -> Option<Duration> {
        recall!(self, Set of pid, first_trace).flatten().map(Into::into)
    }

    fn forget(&mut self, _: u32) {}

    fn ended(&mut self, _: u32) {}

    fn ignore(&mut self, _: &FileVersion) {}

    fn set_code(&mut self, _: u32, _: Option<(u64, u64)>) {}

    fn watch_calls(&mut self, _: bool) {}
}
