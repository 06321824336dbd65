//! Guest code that runs: how long, on what CPU time, and how it ended.

use crate::{
    EventKind, Frame, Hooks, Observe, RunEnd, RunEvent, Stack, TEXT_BYTES,
    clock::{monotonic_ns, thread_cpu_ns},
    instance::Instance,
};
use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};
use wasmscope_model::text::lossy_within;
use wasmtime::{AsContext, AsContextMut, Trap, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// Most frames that are told of a stack.
const FRAMES: usize = 64;

/// Longest name that is told of a function or module, in bytes.
const NAME_BYTES: usize = 256;

/// Calls `f`, which is to run guest code: an instantiation, or the call of an export. Its result is passed on. A trap, an
/// exit or an error is told with the guest's stack; time, CPU time and fuel are counted.
///
/// Not for calls from within a host function: those belong to the run around them.
///
/// # Errors
/// Those of `f`.
///
/// ```
/// # use wasmscope_sensor_wasmtime::{Hooks, Observe, Sensor, run};
/// # use wasmtime::{Engine, Instance, Module, Store};
/// # struct State { hooks: Hooks }
/// # impl Observe for State { fn hooks(&mut self) -> &mut Hooks { &mut self.hooks } }
/// # fn main() -> wasmtime::Result<()> {
/// # let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "go") unreachable))"#)?;
/// # let hooks = Sensor::builder().build().instance("plugin");
/// # let mut store = Store::new(&engine, State { hooks });
/// let instance = run(&mut store, "instantiate", |store| Instance::new(store, &module, &[]))?;
/// let go = instance.get_typed_func::<(), ()>(&mut store, "go")?;
/// assert!(run(&mut store, "go", |store| go.call(store, ())).is_err());
/// assert_eq!(store.data_mut().hooks().summary().run.trapped, 1);
/// # Ok(())
/// # }
/// ```
pub fn run<S, R>(
    store: &mut S,
    name: &str,
    f: impl FnOnce(&mut S) -> wasmtime::Result<R>,
) -> wasmtime::Result<R>
where
    S: AsContextMut,
    S::Data: Observe,
{
    let before = Before::of(store);
    let cpu = thread_cpu_ns();
    let result = f(store);
    before.over(store, name, thread_cpu_ns().saturating_sub(cpu), result.as_ref().err());
    result
}

/// As [`run`], for async calls. A call that the host drops before it ends, because of a timeout of its own, is told as failed.
///
/// # Errors
/// Those of `f`.
///
/// ```no_run
/// # use wasmscope_sensor_wasmtime::{Hooks, Observe, run_async};
/// # use wasmtime::{Store, TypedFunc};
/// # struct State { hooks: Hooks }
/// # impl Observe for State { fn hooks(&mut self) -> &mut Hooks { &mut self.hooks } }
/// # async fn example(store: &mut Store<State>, go: TypedFunc<(), ()>) -> wasmtime::Result<()> {
/// run_async(store, "go", async |store| go.call_async(store, ()).await).await
/// # }
/// ```
pub async fn run_async<S, R>(
    store: &mut S,
    name: &str,
    f: impl AsyncFnOnce(&mut S) -> wasmtime::Result<R>,
) -> wasmtime::Result<R>
where
    S: AsContextMut,
    S::Data: Observe,
{
    let before = Before::of(store);
    let instance = Arc::clone(&store.as_context_mut().data_mut().hooks().instance);
    let mut dropped = Dropped { before: Some(before), instance, name, cpu: 0 };
    let result = Timed { inner: pin!(f(store)), cpu: &mut dropped.cpu }.await;
    if let Some(before) = dropped.before.take() {
        before.over(store, name, dropped.cpu, result.as_ref().err());
    }
    result
}

/// Tells of a run that nobody waited for to its end.
struct Dropped<'a> {
    /// Until it ended.
    before: Option<Before>,
    instance: Arc<Instance>,
    name: &'a str,
    cpu: u64,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            let message = "the host dropped the call before it ended".into();
            let end = RunEnd::Failed { message, stack: Stack::default() };
            // The store cannot be asked for its fuel: it is borrowed by what is dropped.
            before.ended(&self.instance, self.name, self.cpu, None, end);
        }
    }
}

/// Adds up the CPU time of being polled: tasks move between threads.
struct Timed<'a, F> {
    inner: Pin<&'a mut F>,
    cpu: &'a mut u64,
}

impl<F: Future> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let before = thread_cpu_ns();
        let polled = self.inner.as_mut().poll(context);
        *self.cpu += thread_cpu_ns().saturating_sub(before);
        polled
    }
}

/// How things stood when a run began.
struct Before {
    began: u64,
    host_ns: u64,
    fuel: Option<u64>,
}

impl Before {
    fn of<S: AsContextMut>(store: &mut S) -> Self
    where
        S::Data: Observe,
    {
        let mut store = store.as_context_mut();
        let fuel = store.as_context().get_fuel().ok();
        let host_ns = store.data_mut().hooks().instance.run.host_ns.get();
        Self { began: monotonic_ns(), host_ns, fuel }
    }

    fn over<S: AsContextMut>(self, store: &mut S, name: &str, cpu_ns: u64, error: Option<&wasmtime::Error>)
    where
        S::Data: Observe,
    {
        let mut store = store.as_context_mut();
        let left = store.as_context().get_fuel().ok();
        // A host that adds fuel meanwhile hides as much.
        let fuel = self.fuel.zip(left).map(|(before, after)| before.saturating_sub(after));
        let instance = Arc::clone(&store.data_mut().hooks().instance);
        self.ended(&instance, name, cpu_ns, fuel, error.map_or(RunEnd::Returned, end));
    }

    fn ended(self, instance: &Instance, name: &str, cpu_ns: u64, fuel: Option<u64>, end: RunEnd) {
        let wall_ns = monotonic_ns().saturating_sub(self.began);
        let counters = &instance.run;
        let host_ns = counters.host_ns.get().saturating_sub(self.host_ns);
        // The guest is on the CPU whenever it is not in a host call, or it waits for one.
        let guest_cpu_ns = wall_ns.saturating_sub(host_ns).min(cpu_ns);
        counters.runs.add(1);
        match end {
            RunEnd::Returned => {}
            RunEnd::Exited { .. } => counters.exited.add(1),
            RunEnd::Trapped { .. } => counters.trapped.add(1),
            RunEnd::Failed { .. } => counters.failed.add(1),
        }
        counters.wall_ns.add(wall_ns);
        counters.cpu_ns.add(cpu_ns);
        counters.guest_cpu_ns.add(guest_cpu_ns);
        counters.fuel.add(fuel.unwrap_or(0));
        let event = RunEvent { name: name.into(), end, wall_ns, cpu_ns, host_ns, guest_cpu_ns, fuel };
        if instance.sensor.0.lifecycle {
            instance.sensor.emit(instance, self.began, EventKind::Run(event));
        }
    }
}

/// How a run ended by an error.
fn end(error: &wasmtime::Error) -> RunEnd {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return RunEnd::Exited { status: exit.0 };
    }
    let stack = error.downcast_ref::<WasmBacktrace>().map(stack).unwrap_or_default();
    match error.downcast_ref::<Trap>() {
        Some(trap) => RunEnd::Trapped { code: format!("{trap:?}"), stack },
        None => RunEnd::Failed {
            message: lossy_within(error.root_cause().to_string().as_bytes(), TEXT_BYTES),
            stack,
        },
    }
}

fn stack(backtrace: &WasmBacktrace) -> Stack {
    let name = |name: &str| lossy_within(name.as_bytes(), NAME_BYTES);
    let frames = backtrace.frames();
    let told = frames.iter().take(FRAMES).map(|frame| Frame {
        function_index: frame.func_index(),
        function: frame.func_name().map(name),
        module: frame.module().name().map(name),
        offset: frame.module_offset().map(|offset| offset as u64),
    });
    Stack { frames: told.collect(), cut: frames.len() > FRAMES }
}

impl Hooks {
    /// An epoch deadline was reached. To be called from the host's
    /// [`epoch_deadline_callback`](wasmtime::Store::epoch_deadline_callback), with what that decided; it is passed on.
    ///
    /// ```
    /// # use wasmscope_sensor_wasmtime::{Hooks, Observe, Sensor};
    /// # use wasmtime::{Engine, Store, UpdateDeadline};
    /// # struct State { hooks: Hooks }
    /// # let hooks = Sensor::builder().build().instance("plugin");
    /// # let mut store = Store::new(&Engine::default(), State { hooks });
    /// store.epoch_deadline_callback(|mut store| Ok(store.data_mut().hooks.epoch(UpdateDeadline::Continue(1))));
    /// ```
    pub fn epoch(&mut self, decision: UpdateDeadline) -> UpdateDeadline {
        self.instance.run.epochs.add(1);
        decision
    }
}
