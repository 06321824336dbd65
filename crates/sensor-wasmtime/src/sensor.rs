//! What all instances of a process share.

use crate::{
    Class, Event, EventKind, Function, Gate, Hooks, Mode, Sink, Summary, clock::Clock, clock::monotonic_ns,
    function::BLOCKS, functions, instance::Instance, stats::CUSTOM_SLOTS,
};
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Watches the instances of a process. Cheap to clone; all clones are the same.
///
/// ```
/// use wasmscope_sensor_wasmtime::{ChannelSink, Class, Mode, Sensor};
///
/// let (sink, events) = ChannelSink::bounded(4096);
/// let sensor = Sensor::builder()
///     .mode(Class::Files, Mode::Events)
///     .mode(Class::Clocks, Mode::Count)
///     .sink(sink)
///     .build();
/// let hooks = sensor.instance("plugin-a"); // one for each store, to be kept in the store's data
/// # drop((hooks, events));
/// ```
#[derive(Clone)]
pub struct Sensor(pub(crate) Arc<Shared>);

/// See [`Sensor::builder`].
#[derive(Default)]
pub struct SensorBuilder {
    modes: Modes,
    lifecycle: bool,
    sinks: Vec<Box<dyn Sink>>,
    gate: Gate,
    kernel_clock: bool,
}

/// Modes by class.
pub(crate) struct Modes(pub(crate) [Mode; Class::COUNT]);

impl Default for Modes {
    fn default() -> Self {
        Self([Mode::Time; Class::COUNT])
    }
}

pub(crate) struct Shared {
    pub(crate) modes: Modes,
    pub(crate) lifecycle: bool,
    sinks: Vec<Box<dyn Sink>>,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    next: AtomicU64,
    all: Mutex<All>,
    pub(crate) customs: Customs,
}

/// Instances that run, and what those that ended had counted.
#[derive(Default)]
struct All {
    live: HashMap<u64, Weak<Instance>>,
    ended: Summary,
}

/// The host's own functions.
#[derive(Default)]
pub(crate) struct Customs(Mutex<Vec<&'static Function>>);

impl Customs {
    pub(crate) fn each(&self, mut f: impl FnMut(&'static Function)) {
        for function in lock(&self.0).iter() {
            f(function);
        }
    }

    /// The function with this id, of WASI or of the host.
    pub(crate) fn function(&self, id: u16) -> Option<&'static Function> {
        let wasi = functions();
        match wasi.get(usize::from(id)) {
            Some(function) => Some(function),
            None => lock(&self.0).get(usize::from(id) - wasi.len()).copied(),
        }
    }
}

/// More than 64 custom functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyFunctions;

impl fmt::Display for TooManyFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a sensor has room for {CUSTOM_SLOTS} custom functions")
    }
}

impl std::error::Error for TooManyFunctions {}

impl Sensor {
    /// Begins with every class in mode [`Time`](Mode::Time), no sink, and a gate that lets everything through.
    pub fn builder() -> SensorBuilder {
        SensorBuilder { lifecycle: true, ..SensorBuilder::default() }
    }

    /// Hooks for a new store. `name` is what events, summaries and the gate's rules call it.
    pub fn instance(&self, name: &str) -> Hooks {
        let id = self.0.next.fetch_add(1, Relaxed);
        let instance = Arc::new(Instance::new(id, name.into(), self.clone()));
        lock(&self.0.all).live.insert(id, Arc::downgrade(&instance));
        let told = |class: &Class| self.0.modes.0[*class as usize] == Mode::Events;
        // Times of another clock drift away from those of the kernel's events.
        let comparable = self.0.clock.is_kernel();
        let told = Class::ALL.into_iter().filter(|class| comparable && told(class)).collect();
        instance.lifecycle(EventKind::Started { told });
        Hooks::new(instance)
    }

    /// A function of the host's own, of class [`Custom`](Class::Custom), for [`observe`](crate::observe). The same names
    /// give the same function. The description is kept until the process ends.
    ///
    /// # Errors
    /// There are 64 already.
    pub fn custom(
        &self,
        interface: &str,
        name: &str,
        params: &[&str],
    ) -> Result<&'static Function, TooManyFunctions> {
        let mut customs = lock(&self.0.customs.0);
        if let Some(known) = customs.iter().find(|known| known.interface == interface && known.name == name) {
            return Ok(known);
        }
        let slot = customs.len();
        if slot == CUSTOM_SLOTS {
            return Err(TooManyFunctions);
        }
        let leaked = |text: &str| -> &'static str { Box::leak(text.into()) };
        let function = Function {
            id: (functions().len() + slot) as u16,
            interface: leaked(interface),
            name: leaked(name),
            class: Class::Custom,
            params: Box::leak(params.iter().map(|param| leaked(param)).collect()),
            gives_up: false,
            block: BLOCKS as u8,
            slot: slot as u8,
        };
        customs.push(Box::leak(Box::new(function)));
        Ok(customs[slot])
    }

    /// What all instances did so far. Those that run are read while they do.
    pub fn summary(&self) -> Summary {
        let (mut sum, live) = {
            let all = lock(&self.0.all);
            (all.ended.clone(), all.live.values().filter_map(Weak::upgrade).collect::<Vec<_>>())
        };
        for instance in live {
            sum.add(&instance.summary());
        }
        sum
    }

    /// What each instance that runs did so far: its number, its name, its counters.
    pub fn live(&self) -> Vec<(u64, Arc<str>, Summary)> {
        let live: Vec<_> = lock(&self.0.all).live.values().filter_map(Weak::upgrade).collect();
        let mut out: Vec<_> = live.iter().map(|one| (one.id, Arc::clone(&one.name), one.summary())).collect();
        out.sort_by_key(|(id, ..)| *id);
        out
    }

    /// Events that sinks lost.
    pub fn lost(&self) -> u64 {
        self.0.sinks.iter().map(|sink| sink.lost()).sum()
    }

    /// Adds what an instance that ended had counted.
    pub(crate) fn ended(&self, instance: &Instance) {
        let summary = Summary { ended: 1, ..instance.summary() };
        let mut all = lock(&self.0.all);
        all.live.remove(&instance.id);
        all.ended.add(&summary);
        // What went with it is no longer there.
        all.ended.memory.now = 0;
        all.ended.table.now = 0;
        drop(all);
        instance.lifecycle(EventKind::Ended { summary: Box::new(summary) });
    }

    pub(crate) fn emit(&self, instance: &Instance, monotonic_ns: u64, kind: EventKind) {
        let Some((last, others)) = self.0.sinks.split_last() else { return };
        let name = Arc::clone(&instance.name);
        let event = Event { monotonic_ns, instance: instance.id, name, tid: thread_id(), kind };
        for sink in others {
            sink.take(event.clone());
        }
        last.take(event);
    }

    pub(crate) fn emit_now(&self, instance: &Instance, kind: EventKind) {
        if !self.0.sinks.is_empty() {
            self.emit(instance, monotonic_ns(), kind);
        }
    }
}

impl SensorBuilder {
    /// How closely calls of a class are watched.
    #[must_use]
    pub fn mode(mut self, class: Class, mode: Mode) -> Self {
        self.modes.0[class as usize] = mode;
        self
    }

    /// How closely calls of every class are watched.
    #[must_use]
    pub fn modes(mut self, mode: Mode) -> Self {
        self.modes.0 = [mode; Class::COUNT];
        self
    }

    /// Whether starts, ends, runs and growth are told as events (they are counted anyway). They are, by default.
    #[must_use]
    pub fn lifecycle(mut self, told: bool) -> Self {
        self.lifecycle = told;
        self
    }

    /// Where events go. Several sinks get the same events.
    #[must_use]
    pub fn sink(mut self, sink: impl Sink + 'static) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// What guests may do.
    #[must_use]
    pub fn gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Times calls by the kernel's clock: some 20 ns more for each reading, but nothing to be calibrated at the start. For
    /// processes that live for seconds.
    #[must_use]
    pub fn kernel_clock(mut self) -> Self {
        self.kernel_clock = true;
        self
    }

    /// The sensor. The first one of a process that has the processor's clock takes up to 0.2 s to calibrate that.
    pub fn build(self) -> Sensor {
        let Self { modes, lifecycle, sinks, gate, kernel_clock } = self;
        Sensor(Arc::new(Shared {
            modes,
            lifecycle,
            sinks,
            gate,
            clock: if kernel_clock { Clock::kernel() } else { Clock::counter() },
            next: AtomicU64::new(1),
            all: Mutex::default(),
            customs: Customs::default(),
        }))
    }
}

impl fmt::Debug for Sensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sensor").finish_non_exhaustive()
    }
}

impl fmt::Debug for SensorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SensorBuilder").finish_non_exhaustive()
    }
}

/// This thread's id, asked for once.
fn thread_id() -> u32 {
    thread_local!(static ID: u32 = rustix::thread::gettid().as_raw_nonzero().get() as u32);
    ID.with(|id| *id)
}

/// Nothing panics while these are held, and what they protect is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
