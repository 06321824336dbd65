//! Sees, counts and limits what the guests of a Wasmtime host ask of it: every call of WASI preview 1 and preview 2, with
//! its name, arguments, result and time; growth of memories and tables; traps with their stacks; time and fuel.
//!
//! Five lines in a host that has WASI already:
//!
//! ```
//! use wasmscope_sensor_wasmtime::{Hooks, Observe, Sensor, p1, run};
//! # use wasmtime::{Engine, Linker, Module, Store};
//! # use wasmtime_wasi::{WasiCtx, p1::WasiP1Ctx};
//!
//! struct State {
//!     wasi: WasiP1Ctx,
//!     hooks: Hooks,                                                        // 1: in the data of each store
//! }
//!
//! impl Observe for State {
//!     fn hooks(&mut self) -> &mut Hooks { &mut self.hooks }                // 2: where to find them
//! }
//!
//! # fn main() -> wasmtime::Result<()> {
//! let sensor = Sensor::builder().build();                                  // 3: once
//! # let engine = Engine::default();
//! # let module = Module::new(&engine, r#"(module
//! #     (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
//! #     (memory (export "memory") 1) (func (export "_start") (drop (call $yield))))"#)?;
//! let mut linker = Linker::<State>::new(&engine);
//! p1::add_to_linker_sync(&mut linker, |state| &mut state.wasi)?;           // 4: instead of wasmtime_wasi's
//!
//! let state = State { wasi: WasiCtx::builder().build_p1(), hooks: sensor.instance("plugin") };
//! let mut store = Store::new(&engine, state);
//! let instance = linker.instantiate(&mut store, &module)?;
//! let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
//! run(&mut store, "_start", |store| start.call(store, ()))?;               // 5: around what runs guests
//!
//! assert_eq!(sensor.summary().function("sched_yield").unwrap().calls, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is seen
//!
//! - **Calls** ([`functions`] lists all): core modules by [`p1`], components by [`p2`], with and without async. Drops of
//!   resources are calls. A component's call with arguments that the canonical ABI refuses (a bad pointer, a handle that
//!   is not there) ends in a trap before any host function is called: it is seen as the trap, not as the call. Of preview
//!   1 every call is seen, whatever its arguments.
//! - **The host's own functions**, where they are wrapped: [`observe`].
//! - **Runs** of guest code, where they are wrapped: [`run`], [`run_async`]. Traps, exits and errors, with the guest's
//!   stack; time, CPU time with the guest's share, fuel.
//! - **Growth**, with a [`Limiter`] around the host's own.
//! - **Epochs**, where the host's callback says so: [`Hooks::epoch`].
//! - Beginning and end of each instance: of its [`Hooks`].
//!
//! Each [`Class`] of calls is watched as closely as its [`Mode`] says: counted, timed, sampled, or told in full to
//! [`Sink`]s. Counters are read at any time, from any thread: [`Sensor::summary`], [`Sensor::live`].
//!
//! # What guests may do
//!
//! A [`Gate`] is asked before each call and can refuse it by an error that the guest understands. Refused calls are events.
//!
//! # What it costs
//!
//! `make bench-hooks` measures it, against plain Wasmtime of the same version. Counting allocates only when an instance
//! uses an interface for the first time, or gets its first error.
//!
//! # Trust
//!
//! Guests are taken to be hostile. Texts and lists are cut and say how long they were; text that is no UTF-8 is marked.
//! Nothing here waits: a sink that is full loses events, and counts them. Of a guest with *shared* memory, arguments of
//! preview 1 are read once for the gate and again by wasmtime-wasi; another thread may change them in between, so a gate
//! with paths is no barrier for such guests. Paths are compared as text: see [`Rule`].
//!
//! # Versions
//!
//! For wasmtime and wasmtime-wasi 48, whose generated bindings this crate implements; `wit/` and `witx/` are theirs.

mod class;
mod clock;
mod custom;
mod describe;
mod event;
mod function;
mod gate;
mod hooks;
mod instance;
mod limiter;
pub mod metrics;
pub mod p1;
pub mod p2;
mod run;
mod sensor;
mod sink;
mod stats;
mod summary;
mod value;

pub use class::{Class, Mode};
pub use custom::{observe, observe_func_new};
pub use event::{
    CallEvent, Event, EventKind, Frame, GrowthAnswer, GrowthEvent, Outcome, RunEnd, RunEvent, Stack,
};
pub use function::{Code, Function, functions};
pub use gate::{Action, Denial, Gate, Limit, Refused, Rule};
pub use hooks::{Hooks, Observe};
pub use limiter::Limiter;
pub use run::{run, run_async};
pub use sensor::{Sensor, SensorBuilder, TooManyFunctions};
#[cfg(feature = "opentelemetry")]
pub use sink::OpenTelemetrySink;
pub use sink::{AgentSink, ChannelSink, LineWriter, LinesSink, Sink};
pub use summary::{ErrorCount, FunctionTotals, GrowthTotals, RunTotals, Summary};
pub use value::{Args, LIST_ITEMS, TEXT_BYTES, Text, Value};
