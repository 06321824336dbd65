//! What the hooks at the boundary cost: a guest that does nothing but call the host, under plain Wasmtime and under the
//! same Wasmtime with hooks, in turns.

use crossbeam_channel::Receiver;
use rustix::time::{ClockId, clock_gettime};
use std::{process::ExitCode, thread, time::Duration};
use wasmscope_bench::{
    bench,
    report::{Report, Row},
    sized,
};
use wasmscope_sensor_wasmtime::{
    ChannelSink, Denial, Event, Gate, Hooks, Mode, Observe, Rule, Sensor, p1, p2, run,
};
use wasmtime::{
    Engine, Linker, Module, Result, Store, TypedFunc,
    component::{self, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p1::WasiP1Ctx};

/// A round lasts long against a change of the machine's speed, and short against several.
const CALLS: u32 = 200_000;
const QUEUE: usize = 1 << 17;
/// As the sink for lines.
const PAUSE: Duration = Duration::from_millis(2);
const GOAL_CORE_NS: f64 = 60.0;
const GOAL_COMPONENT_NS: f64 = 120.0;
const GOAL_EVENTS_NS: f64 = 300.0;

/// `args_sizes_get` is the cheapest function with results; `fd_write` of no bytes goes the way of all that may wait.
const CORE: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "cheap") (param i32)
        (loop $again
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "waiting") (param i32)
        (loop $again
            (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

const COMPONENT: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.12" (instance $clock (export "resolution" (func (result u64)))))
    (core func $resolution (canon lower (func $clock "resolution")))
    (core module $m
        (import "" "f" (func $f (result i64)))
        (func (export "cheap") (param i32)
            (loop $again
                (drop (call $f))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $resolution))))))
    (func (export "cheap") (param "n" u32) (canon lift (core func $i "cheap"))))"#;

struct Core {
    wasi: WasiP1Ctx,
    hooks: Hooks,
}

impl Observe for Core {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

struct Part {
    wasi: WasiCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl Observe for Part {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

impl WasiView for Part {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Makes so many calls.
type Guest = Box<dyn FnMut(u32) -> Result<()>>;

fn main() -> ExitCode {
    bench("hooks", |report| measure(report).map_err(|error| anyhow::anyhow!("{error:?}")))
}

fn measure(report: &mut Report) -> Result<()> {
    let quiet = |mode| Sensor::builder().modes(mode).lifecycle(false).build();
    // Somebody takes the events: now and then, as the sink for lines does, or waiting for each.
    let told = taken_by(|events| {
        loop {
            events.try_iter().for_each(drop);
            thread::sleep(PAUSE);
        }
    });
    let awaited = taken_by(|events| events.iter().for_each(drop));
    let gate = Gate::default().rule(Rule::deny("never", Denial::Access).function("path_open"));
    let gated = Sensor::builder().modes(Mode::Time).lifecycle(false).gate(gate).build();

    for (what, goal, make) in [
        ("preview 1, args_sizes_get", GOAL_CORE_NS, (|sensor| core(sensor, "cheap")) as Make),
        ("preview 1, fd_write of nothing", GOAL_CORE_NS, |sensor| core(sensor, "waiting")),
        ("component, monotonic-clock.resolution", GOAL_COMPONENT_NS, |sensor| component(sensor)),
    ] {
        let mut plain = make(None)?;
        let mut rounds = Vec::new();
        for (mode, sensor, goal) in [
            ("off", &quiet(Mode::Off), None),
            ("counted", &quiet(Mode::Count), Some(goal)),
            ("counted and timed", &quiet(Mode::Time), Some(goal)),
            ("counted, timed, judged by a gate of one rule", &gated, None),
            ("told", &told, Some(GOAL_EVENTS_NS)),
            ("told to a receiver that waits for each", &awaited, None),
        ] {
            rounds.push((mode, make(Some(sensor))?, goal, Vec::new()));
        }
        let mut alone = Vec::new();
        for round in 0..=sized(40, 8) {
            for (_, guest, _, more) in &mut rounds {
                // Neighbours in time, in both orders.
                let (ours, base) = match round % 2 {
                    0 => (per_call(guest)?, per_call(&mut plain)?),
                    _ => {
                        let base = per_call(&mut plain)?;
                        (per_call(guest)?, base)
                    }
                };
                if round > 0 {
                    more.push(ours - base);
                    alone.push(base);
                }
            }
        }
        report.add(Row::median(format!("{what}: plain"), "ns/call", &alone));
        for (mode, _, goal, more) in rounds {
            let row = Row::median(format!("{what}: {mode}, more than plain"), "ns/call", &more);
            report.add(match goal {
                Some(goal) => row.below(goal),
                None => row,
            });
        }
    }
    let lost = (told.lost(), awaited.lost());
    report.note(format!(
        "events lost because the reader was slower than the guest: {}, waiting {}",
        lost.0, lost.1
    ));
    report
        .note("each row: median of differences between neighbours in time; CPU time of the guest's thread; same engine settings");
    Ok(())
}

/// A sensor that tells everything, to a thread that takes it.
fn taken_by(take: impl FnOnce(Receiver<Event>) + Send + 'static) -> Sensor {
    let (sink, events) = ChannelSink::bounded(QUEUE);
    thread::spawn(move || take(events));
    Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).build()
}

/// A guest under a sensor, or under plain Wasmtime.
type Make = fn(Option<&Sensor>) -> Result<Guest>;

fn per_call(guest: &mut Guest) -> Result<f64> {
    let start = cpu_ns();
    guest(CALLS)?;
    Ok((cpu_ns() - start) / f64::from(CALLS))
}

/// CPU time of this thread: the guest waits for nothing, and what else runs on the machine is not its cost.
fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn core(sensor: Option<&Sensor>, export: &str) -> Result<Guest> {
    let engine = Engine::default();
    let module = Module::new(&engine, CORE)?;
    let mut linker = Linker::<Core>::new(&engine);
    match sensor {
        Some(_) => p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?,
        None => wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?,
    }
    let hooks = sensor.unwrap_or(&Sensor::builder().build()).instance("guest");
    let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), hooks });
    let instance = linker.instantiate(&mut store, &module)?;
    let go: TypedFunc<u32, ()> = instance.get_typed_func(&mut store, export)?;
    Ok(Box::new(move |calls| run(&mut store, "go", |store| go.call(store, calls))))
}

fn component(sensor: Option<&Sensor>) -> Result<Guest> {
    let engine = Engine::default();
    let component = component::Component::new(&engine, COMPONENT)?;
    let mut linker = component::Linker::<Part>::new(&engine);
    match sensor {
        Some(_) => p2::add_to_linker_sync(&mut linker)?,
        None => wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?,
    }
    let hooks = sensor.unwrap_or(&Sensor::builder().build()).instance("guest");
    let part = Part { wasi: WasiCtx::builder().build(), table: ResourceTable::new(), hooks };
    let mut store = Store::new(&engine, part);
    let instance = linker.instantiate(&mut store, &component)?;
    let go = instance.get_typed_func::<(u32,), ()>(&mut store, "cheap")?;
    Ok(Box::new(move |calls| run(&mut store, "go", |store| go.call(store, (calls,)))))
}
