//! Instances, runs, traps, growth, fuel, epochs.

mod common;

use common::{Core, calls, core, engine, limited};
use wasmscope_sensor_wasmtime::{
    ChannelSink, Event, EventKind, GrowthAnswer, GrowthEvent, Mode, Observe as _, Outcome, RunEnd, RunEvent,
    Sensor, observe, p1, run, run_async,
};
use wasmtime::{
    Caller, Config, Engine, Linker, Module, Result, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline,
};
use wasmtime_wasi::WasiCtx;

fn runs(events: impl IntoIterator<Item = Event>) -> Vec<RunEvent> {
    let kinds = events.into_iter().map(|event| event.kind);
    kinds.filter_map(|kind| if let EventKind::Run(run) = kind { Some(run) } else { None }).collect()
}

fn growths(events: impl IntoIterator<Item = Event>) -> Vec<GrowthEvent> {
    let kinds = events.into_iter().map(|event| event.kind);
    kinds.filter_map(|kind| if let EventKind::Grown(growth) = kind { Some(growth) } else { None }).collect()
}

#[test]
fn a_trap_is_told_with_the_functions_that_led_to_it() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().sink(sink).build();
    let (mut store, instance) = core(
        &sensor,
        r#"(module $guest
            (memory (export "memory") 1)
            (func $inner (param i32) (result i32) (i32.load (local.get 0)))
            (func $outer (export "go") (result i32) (call $inner (i32.const 65536))))"#,
        |_| {},
    )?;
    let go = instance.get_typed_func::<(), i32>(&mut store, "go")?;
    assert!(run(&mut store, "go", |store| go.call(store, ())).is_err());

    let told = runs(events.try_iter());
    assert_eq!(told.iter().map(|run| &*run.name).collect::<Vec<_>>(), ["instantiate", "go"]);
    let RunEnd::Trapped { code, stack } = &told[1].end else { panic!("{:?}", told[1]) };
    assert_eq!(code, "MemoryOutOfBounds");
    let frames: Vec<_> = stack.frames.iter().map(|frame| frame.function.as_deref().unwrap()).collect();
    assert_eq!(frames, ["inner", "outer"]);
    assert_eq!(stack.frames[0].module.as_deref(), Some("guest"));
    assert!(stack.frames[0].offset.is_some() && !stack.cut);
    assert_eq!(store.data_mut().hooks().summary().run.trapped, 1);
    Ok(())
}

#[test]
fn a_deep_stack_is_cut() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().sink(sink).build();
    let wat = r#"(module (memory (export "memory") 1) (func $down (export "go") (call $down)))"#;
    let (mut store, instance) = core(&sensor, wat, |_| {})?;
    let go = instance.get_typed_func::<(), ()>(&mut store, "go")?;
    assert!(run(&mut store, "go", |store| go.call(store, ())).is_err());
    let told = runs(events.try_iter());
    let RunEnd::Trapped { code, stack } = &told[1].end else { panic!("{:?}", told[1]) };
    assert_eq!((code.as_str(), stack.frames.len(), stack.cut), ("StackOverflow", 64, true));
    Ok(())
}

#[test]
fn an_exit_is_a_call_and_the_end_of_a_run() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().modes(Mode::Events).sink(sink).build();
    let (mut store, instance) = core(
        &sensor,
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.const 7))))"#,
        |_| {},
    )?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    assert!(run(&mut store, "_start", |store| start.call(store, ())).is_err());
    let all: Vec<_> = events.try_iter().collect();
    assert_eq!(calls(all.clone())[0].outcome, Outcome::Exit(7));
    assert!(matches!(runs(all)[1].end, RunEnd::Exited { status: 7 }));
    Ok(())
}

#[test]
fn growth_is_told_as_asked_granted_and_refused() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().sink(sink).build();
    let limits = StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(20).build();
    let (mut store, instance) = limited(
        &sensor,
        r#"(module
            (memory (export "memory") 1 8) (table $t 10 funcref)
            (func (export "memory_grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table_grow") (param i32) (result i32)
                (table.grow $t (ref.null func) (local.get 0))))"#,
        limits,
        |_| {},
    )?;
    let mut grow = |name: &str, by: i32| -> Result<i32> {
        instance.get_typed_func::<i32, i32>(&mut store, name)?.call(&mut store, by)
    };
    assert_eq!((grow("memory_grow", 2)?, grow("memory_grow", 1)?, grow("memory_grow", 100)?), (1, -1, -1));
    assert_eq!((grow("table_grow", 5)?, grow("table_grow", 50)?), (10, -1));

    let told: Vec<_> =
        growths(events.try_iter()).iter().map(|g| (g.what, g.from, g.asked, g.maximum, g.answer)).collect();
    const PAGE: u64 = 65_536;
    const TABLE: Option<u64> = Some(u32::MAX as u64);
    let granted = GrowthAnswer::Granted;
    for expected in [
        ("memory", 0, PAGE, Some(8 * PAGE), granted),
        ("memory", PAGE, 3 * PAGE, Some(8 * PAGE), granted),
        ("memory", 3 * PAGE, 4 * PAGE, Some(8 * PAGE), GrowthAnswer::Refused),
        ("table", 0, 10, TABLE, granted),
        ("table", 10, 15, TABLE, granted),
        ("table", 15, 65, TABLE, GrowthAnswer::Refused),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    let summary = store.data_mut().hooks().summary();
    assert_eq!((summary.memory.asked, summary.memory.granted, summary.memory.refused), (4, 2, 2));
    assert_eq!((summary.memory.now, summary.memory.high_water), (3 * PAGE, 3 * PAGE));
    assert_eq!((summary.table.granted, summary.table.refused, summary.table.high_water), (2, 1, 15));
    drop(store);
    assert_eq!((sensor.summary().memory.now, sensor.summary().memory.high_water), (0, 3 * PAGE));
    Ok(())
}

#[test]
fn fuel_time_and_epochs_are_counted() -> Result<()> {
    let mut config = Config::new();
    config.consume_fuel(true).epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let module = Module::new(
        &engine,
        r#"(module (func (export "go") (param i32)
            (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )?;
    let sensor = Sensor::builder().build();
    let hooks = sensor.instance("guest");
    let limiter = hooks.limiter(StoreLimits::default());
    let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), limiter, hooks });
    store.set_fuel(1 << 40)?;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| Ok(store.data_mut().hooks.epoch(UpdateDeadline::Continue(1))));
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let go = instance.get_typed_func::<i32, ()>(&mut store, "go")?;
    engine.increment_epoch();
    run(&mut store, "go", |store| go.call(store, 1_000_000))?;
    let told = store.data_mut().hooks().summary().run;
    assert_eq!((told.runs, told.epochs), (1, 1));
    assert!(told.fuel >= 1_000_000, "{told:?}");
    assert!(told.wall_ns > 0 && told.cpu_ns > 0, "{told:?}");
    assert!(told.guest_cpu_ns > 0 && told.guest_cpu_ns <= told.cpu_ns.min(told.wall_ns), "{told:?}");
    assert_eq!(told.host_ns, 0, "it called nothing");
    Ok(())
}

#[test]
fn the_hosts_own_functions_are_observed_where_they_are_wrapped() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).build();
    let log = sensor.custom("env", "log", &["code"])?;
    assert!(std::ptr::eq(log, sensor.custom("env", "log", &["code"])?));
    let engine = engine();
    let module = Module::new(
        &engine,
        r#"(module (import "env" "log" (func $log (param i32)))
            (func (export "go") (call $log (i32.const 3)) (call $log (i32.const 0))))"#,
    )?;
    let mut linker = Linker::<Core>::new(&engine);
    linker.func_wrap("env", "log", move |mut caller: Caller<'_, Core>, code: u32| {
        observe(
            &mut caller,
            log,
            |args| args.push(code.into()),
            |_| if code == 0 { Err(wasmtime::Error::msg("no zeros")) } else { Ok(()) },
        )
    })?;
    let hooks = sensor.instance("guest");
    let limiter = hooks.limiter(StoreLimits::default());
    let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), limiter, hooks });
    let instance = linker.instantiate(&mut store, &module)?;
    assert!(instance.get_typed_func::<(), ()>(&mut store, "go")?.call(&mut store, ()).is_err());
    let seen = calls(events.try_iter());
    let told: Vec<_> =
        seen.iter().map(|call| (call.function.name, call.args[0].clone(), call.outcome)).collect();
    assert_eq!(told, [("log", 3_u32.into(), Outcome::Ok), ("log", 0_u32.into(), Outcome::Trap)]);
    let summary = sensor.summary();
    assert_eq!(summary.function("log").map(|total| (total.calls, total.traps)), Some((2, 1)));
    for n in 1..64 {
        sensor.custom("env", &n.to_string(), &[])?;
    }
    assert!(sensor.custom("env", "one too many", &[]).is_err());
    Ok(())
}

#[test]
fn thousands_of_instances_are_kept_apart_and_added_up() -> Result<()> {
    const INSTANCES: u64 = 10_000;
    let calls = |n: u64| n % 50 + 1;
    let sensor = Sensor::builder().build();
    let engine = engine();
    let module = Module::new(
        &engine,
        r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
            (memory (export "memory") 1)
            (func (export "go") (param i32)
                (loop $again
                    (drop (call $yield))
                    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )?;
    let mut linker = Linker::<Core>::new(&engine);
    p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?;
    let pre = linker.instantiate_pre(&module)?;
    let mut stores = Vec::new();
    for n in 1..=INSTANCES {
        let hooks = sensor.instance(&format!("guest-{n}"));
        let limiter = hooks.limiter(StoreLimits::default());
        let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), limiter, hooks });
        let instance = pre.instantiate(&mut store)?;
        instance.get_typed_func::<i32, ()>(&mut store, "go")?.call(&mut store, calls(n) as i32)?;
        stores.push(store);
    }
    let live = sensor.live();
    assert_eq!(live.len() as u64, INSTANCES);
    for (n, (_, name, summary)) in (1..).zip(&live) {
        assert_eq!((&**name, summary.calls()), (&*format!("guest-{n}"), calls(n)));
    }
    stores.truncate(500);
    assert_eq!(sensor.live().len(), 500);
    drop(stores);
    let summary = sensor.summary();
    assert_eq!((summary.started, summary.ended), (INSTANCES, INSTANCES));
    assert_eq!(summary.calls(), (1..=INSTANCES).map(calls).sum::<u64>());
    assert!(sensor.live().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_call_that_the_host_drops_is_told_as_failed() -> Result<()> {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().sink(sink).build();
    let (mut store, _) = core(&sensor, "(module)", |_| {})?;
    let waits = run_async(&mut store, "waits", async |_| std::future::pending::<Result<()>>().await);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(1), waits).await.is_err());
    let told = runs(events.try_iter());
    assert!(
        matches!(&told[1].end, RunEnd::Failed { message, .. } if message.contains("dropped")),
        "{told:?}"
    );
    assert_eq!((&*told[1].name, sensor.summary().run.failed), ("waits", 1));
    Ok(())
}
