//! Counting allocates nothing per call.

mod common;

use common::{Core, Part, engine};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};
use wasmscope_sensor_wasmtime::{Mode, Sensor, p1, p2};
use wasmtime::{Linker, Module, Result, Store, StoreLimits, component};
use wasmtime_wasi::WasiCtx;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(f: impl FnOnce() -> Result<()>) -> Result<u64> {
    let before = ALLOCATIONS.get();
    f()?;
    Ok(ALLOCATIONS.get() - before)
}

/// Reads a clock successfully, and a descriptor that is not there: an error each time.
const CORE: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_tell" (func $tell (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "go") (param i32)
        (loop $again
            (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0)))
            (drop (call $tell (i32.const 99) (i32.const 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

const COMPONENT: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.12" (instance $clock (export "now" (func (result u64)))))
    (core func $now (canon lower (func $clock "now")))
    (core module $m
        (import "" "now" (func $now (result i64)))
        (func (export "go") (param i32)
            (loop $again
                (drop (call $now))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
    (core instance $i (instantiate $m (with "" (instance (export "now" (func $now))))))
    (func (export "go") (param "n" u32) (canon lift (core func $i "go"))))"#;

/// Allocations of 1,000 calls beyond those of one call.
fn of_core(sensor: &Sensor, observed: bool) -> Result<u64> {
    let engine = engine();
    let module = Module::new(&engine, CORE)?;
    let mut linker = Linker::<Core>::new(&engine);
    match observed {
        true => p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?,
        false => wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?,
    }
    let hooks = sensor.instance("guest");
    let limiter = hooks.limiter(StoreLimits::default());
    let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), limiter, hooks });
    let instance = linker.instantiate(&mut store, &module)?;
    let go = instance.get_typed_func::<i32, ()>(&mut store, "go")?;
    go.call(&mut store, 1)?;
    let one = allocations(|| go.call(&mut store, 1))?;
    let many = allocations(|| go.call(&mut store, 1_001))?;
    Ok(many - one)
}

fn of_component(sensor: &Sensor, observed: bool) -> Result<u64> {
    let engine = engine();
    let component = component::Component::new(&engine, COMPONENT)?;
    let mut linker = component::Linker::<Part>::new(&engine);
    match observed {
        true => p2::add_to_linker_sync(&mut linker)?,
        false => wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?,
    }
    let mut store = Store::new(&engine, Part::new(sensor.instance("guest")));
    let instance = linker.instantiate(&mut store, &component)?;
    let go = instance.get_typed_func::<(u32,), ()>(&mut store, "go")?;
    go.call(&mut store, (1,))?;
    let one = allocations(|| go.call(&mut store, (1,)))?;
    let many = allocations(|| go.call(&mut store, (1_001,)))?;
    Ok(many - one)
}

#[test]
fn counting_allocates_nothing_that_plain_wasmtime_does_not() -> Result<()> {
    for mode in [Mode::Count, Mode::Time, Mode::Sample(1 << 30)] {
        let sensor = Sensor::builder().modes(mode).build();
        assert_eq!(of_core(&sensor, true)?, of_core(&sensor, false)?, "preview 1, {mode:?}");
        assert_eq!(of_component(&sensor, true)?, of_component(&sensor, false)?, "preview 2, {mode:?}");
        let summary = sensor.summary();
        assert_eq!(summary.function("clock_time_get").map(|total| total.calls), Some(1_003));
        assert_eq!(summary.function("fd_tell").map(|total| total.errors), Some(1_003));
        assert_eq!(summary.function("now").map(|total| total.calls), Some(1_003));
    }
    Ok(())
}

#[test]
fn the_allocator_counts() -> Result<()> {
    let made = allocations(|| {
        std::hint::black_box(Box::new(1));
        Ok(())
    })?;
    assert_eq!(made, 1);
    let (sink, events) = wasmscope_sensor_wasmtime::ChannelSink::bounded(1 << 16);
    let sensor = Sensor::builder().modes(Mode::Events).sink(sink).build();
    assert!(of_core(&sensor, true)? > of_core(&sensor, false)?, "telling allocates: the error's arguments");
    drop(events);
    Ok(())
}
