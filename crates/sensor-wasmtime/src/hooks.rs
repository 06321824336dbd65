//! What is kept in a store's data, and called before and after each host call.

use crate::{
    Args, CallEvent, Class, EventKind, Function, Outcome, Summary, Value,
    clock::Clock,
    gate::{Denial, Judge, Refusal, Subjects},
    instance::Instance,
};
use std::sync::Arc;

/// How a class is watched, as bits.
const COUNT: u8 = 1;
const TIME: u8 = 2;
const TELL: u8 = 4;
const GATE: u8 = 8;

/// Gives access to the [`Hooks`] in a store's data.
///
/// ```
/// use wasmscope_sensor_wasmtime::{Hooks, Observe};
/// use wasmtime_wasi::p1::WasiP1Ctx;
///
/// struct State {
///     wasi: WasiP1Ctx,
///     hooks: Hooks,
/// }
///
/// impl Observe for State {
///     fn hooks(&mut self) -> &mut Hooks {
///         &mut self.hooks
///     }
/// }
/// ```
pub trait Observe {
    /// The hooks of this store.
    fn hooks(&mut self) -> &mut Hooks;
}

/// Hooks of one store: made by [`Sensor::instance`](crate::Sensor::instance), kept in the store's data, found there
/// by [`Observe`]. When they are dropped, the instance has ended.
#[derive(Debug)]
pub struct Hooks {
    pub(crate) instance: Arc<Instance>,
    watch: [u8; Class::COUNT],
    periods: [u32; Class::COUNT],
    /// Calls of a sampled class until the next one that is told.
    until: [u32; Class::COUNT],
    clock: Clock,
    pub(crate) judge: Option<Box<Judge>>,
}

/// A host call that has begun; to be given to [`Hooks::end`].
#[derive(Debug)]
pub(crate) struct Call {
    function: &'static Function,
    watch: u8,
    started: u64,
    // Boxes, because most calls have none, and all are moved about.
    told: Option<Box<Args>>,
    refusal: Option<Box<Refusal>>,
}

impl Call {
    /// How it was refused, if it was.
    #[inline]
    pub(crate) fn denial(&self) -> Option<Denial> {
        self.refusal.as_ref().map(|refusal| refusal.denial)
    }
}

impl Hooks {
    pub(crate) fn new(instance: Arc<Instance>) -> Self {
        let shared = &instance.sensor.0;
        let judge = shared.gate.judge(&instance.name);
        let mut watch = [0; Class::COUNT];
        let mut periods = [0; Class::COUNT];
        for class in Class::ALL {
            let mode = shared.modes.0[class as usize];
            periods[class as usize] = mode.period();
            watch[class as usize] = match mode {
                crate::Mode::Off => 0,
                crate::Mode::Count => COUNT,
                _ if mode.period() > 0 => COUNT | TIME | TELL,
                _ => COUNT | TIME,
            };
            if judge.as_ref().is_some_and(|judge| judge.concerns(class)) {
                watch[class as usize] |= GATE;
            }
        }
        let clock = shared.clock.clone();
        Self { instance, watch, periods, until: [0; Class::COUNT], clock, judge }
    }

    /// Number of the instance, unique in the process.
    pub fn id(&self) -> u64 {
        self.instance.id
    }

    /// What the instance did so far.
    pub fn summary(&self) -> Summary {
        self.instance.summary()
    }

    /// Before a call. `describe` and `subjects` are called only where somebody wants to know.
    #[inline]
    pub(crate) fn begin(
        &mut self,
        function: &'static Function,
        describe: impl FnOnce(&mut Args),
        subjects: impl FnOnce(&mut Subjects<'_>),
    ) -> Call {
        let class = function.class as usize;
        let mut watch = self.watch[class];
        let mut call = Call { function, watch, started: 0, told: None, refusal: None };
        if watch & !(COUNT | TIME) != 0 {
            let mut describe = Some(describe);
            if watch & TELL != 0 && self.is_turn(class) {
                let args = call.told.insert(Box::default());
                describe.take().into_iter().for_each(|describe| describe(args));
            }
            if watch & GATE != 0
                && let Some(judge) = &mut self.judge
                && judge.is_concerned(function)
            {
                call.refusal = judge.judge(function, &mut self.clock, subjects).map(Box::new);
                if call.refusal.is_some() {
                    // What was refused is told and counted, whatever the mode.
                    watch |= COUNT | TIME;
                    call.watch = watch;
                    if let Some(describe) = describe {
                        describe(call.told.insert(Box::default()));
                    }
                }
            }
        }
        if watch & COUNT != 0 {
            self.instance.stats.slot(function).calls.add(1);
        }
        if watch & TIME != 0 {
            call.started = self.clock.raw();
        }
        call
    }

    /// Whether this call of a sampled class is told.
    fn is_turn(&mut self, class: usize) -> bool {
        let until = &mut self.until[class];
        let turn = *until == 0;
        *until = if turn { self.periods[class] - 1 } else { *until - 1 };
        turn
    }

    /// After a call.
    #[inline]
    pub(crate) fn end(
        &mut self,
        call: Call,
        outcome: impl FnOnce() -> Outcome,
        read: u64,
        written: u64,
        result: impl FnOnce() -> Value,
    ) {
        let watch = call.watch;
        if watch & GATE != 0
            && let Some(judge) = &mut self.judge
        {
            judge.moved(read + written);
        }
        if watch & COUNT == 0 {
            return;
        }
        let slot = self.instance.stats.slot(call.function);
        let mut ns = 0;
        if watch & TIME != 0 {
            ns = self.clock.since(call.started);
            slot.ns.add(ns);
            self.instance.run.host_ns.add(ns);
        }
        let outcome = outcome();
        match outcome {
            Outcome::Ok => {}
            Outcome::Error(code) => {
                slot.errors.add(1);
                self.instance.stats.error(call.function, code);
            }
            Outcome::Trap | Outcome::Exit(_) => slot.traps.add(1),
        }
        // What was refused moved nothing.
        let (read, written) = if call.refusal.is_some() { (0, 0) } else { (read, written) };
        if read > 0 {
            slot.read.add(read);
        }
        if written > 0 {
            slot.written.add(written);
        }
        if call.refusal.is_some() {
            slot.denied.add(1);
        }
        if call.told.is_some() {
            self.tell(call, outcome, ns, read, written, result());
        }
    }

    #[cold]
    #[inline(never)]
    fn tell(&mut self, call: Call, outcome: Outcome, ns: u64, read: u64, written: u64, result: Value) {
        let Call { function, started, told, refusal, .. } = call;
        let event = CallEvent {
            function,
            args: told.map(|args| *args).unwrap_or_default(),
            outcome,
            result,
            ns,
            read,
            written,
            denied: refusal.map(|refusal| refusal.rule),
        };
        let began = self.clock.monotonic_ns(started);
        self.instance.sensor.emit(&self.instance, began, EventKind::Call(event));
    }

    /// Whether the paths of descriptors are kept.
    pub(crate) fn tracks(&self) -> bool {
        self.judge.as_ref().is_some_and(|judge| judge.tracks())
    }

    /// The directories that a guest of preview 1 has from the start.
    pub(crate) fn directories(&mut self, first: u32, names: &[String]) {
        if let Some(judge) = &mut self.judge {
            judge.paths.begun = true;
            for (descriptor, name) in (first..).zip(names) {
                judge.paths.set(descriptor, name.as_bytes());
            }
        }
    }

    /// From now on the descriptor stands for the file or directory at `path`, as the guest sees it.
    pub(crate) fn file(&mut self, descriptor: u32, path: &[u8]) {
        if let Some(judge) = &mut self.judge {
            judge.paths.set(descriptor, path);
        }
    }

    /// From now on `new` stands for what the call opened that was judged last.
    pub(crate) fn opened(&mut self, new: u32) {
        if let Some(judge) = &mut self.judge {
            judge.opened(new);
        }
    }

    /// The descriptor stands for nothing any more.
    pub(crate) fn closed(&mut self, descriptor: u32) {
        if let Some(judge) = &mut self.judge {
            judge.paths.close(descriptor);
        }
    }

    /// `to` stands for what `from` stood for.
    pub(crate) fn renumbered(&mut self, from: u32, to: u32) {
        if let Some(judge) = &mut self.judge {
            judge.paths.renumber(from, to);
        }
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.instance.sensor.ended(&self.instance);
    }
}
