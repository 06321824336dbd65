//! Every function of preview 1 is seen, once, with how it ended; the list is the witx file's.

mod common;

use common::{Core, calls, core, engine};
use std::collections::BTreeSet;
use wasmscope_sensor_wasmtime::{CallEvent, ChannelSink, Mode, Outcome, Sensor, functions, p1};
use wasmtime::{Linker, Module, Result, Store, StoreLimits};
use wasmtime_wasi::{I32Exit, WasiCtx};
use witx::{Document, InterfaceFunc, Type, WasmType};

fn document() -> Document {
    witx::load(&["witx/p1/wasi_snapshot_preview1.witx"]).map_err(|error| error.report()).unwrap()
}

/// Calls the function with zeros: descriptor 0, no buffers, empty texts, results at address 0.
fn guest(f: &InterfaceFunc) -> String {
    let (params, results) = f.wasm_signature();
    let ty = |ty: &WasmType| if matches!(ty, WasmType::I64) { "i64" } else { "i32" };
    let types: String = params.iter().map(|param| format!(" {}", ty(param))).collect();
    let zeros: String = params.iter().map(|param| format!("({}.const 0)", ty(param))).collect();
    let (result, body) = match results.len() {
        0 => ("", format!("(call $f {zeros}) (i32.const 0)")),
        _ => ("(result i32)", format!("(call $f {zeros})")),
    };
    format!(
        r#"(module (import "wasi_snapshot_preview1" "{}" (func $f (param{types}) {result}))
            (memory (export "memory") 1) (func (export "call") (result i32) {body}))"#,
        f.name.as_str()
    )
}

/// What the guest got, against what was told.
fn check(f: &InterfaceFunc, seen: &[CallEvent], got: Result<i32>, document: &Document) {
    let name = f.name.as_str();
    assert_eq!(seen.len(), 1, "{name} is seen once: {seen:?}");
    let call = &seen[0];
    assert_eq!((call.function.interface, call.function.name), ("wasi_snapshot_preview1", name));
    let params: Vec<_> = f.params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(call.function.params, params, "{name}");
    assert_eq!(call.args.len(), params.len(), "{name}");
    let errno = document.typename(&witx::Id::new("errno")).unwrap();
    let Type::Variant(errno) = &**errno.type_() else { panic!("errno is an enum") };
    match got {
        Ok(0) => assert_eq!(call.outcome, Outcome::Ok, "{name}"),
        Ok(number) => {
            let expected = errno.cases[number as usize].name.as_str();
            let Outcome::Error(code) = call.outcome else { panic!("{name}: {:?}", call.outcome) };
            assert_eq!(code.name(), expected, "{name}");
        }
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => assert_eq!(call.outcome, Outcome::Exit(exit.0), "{name}"),
            None => assert_eq!(call.outcome, Outcome::Trap, "{name}: {error:?}"),
        },
    }
}

#[test]
fn every_function_is_seen_in_a_host_without_async() -> Result<()> {
    let document = document();
    for f in document.modules().next().unwrap().funcs() {
        let (sink, events) = ChannelSink::bounded(64);
        let sensor = Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).build();
        let (mut store, instance) = core(&sensor, &guest(&f), |_| {})?;
        let call = instance.get_typed_func::<(), i32>(&mut store, "call")?;
        let got = call.call(&mut store, ());
        check(&f, &calls(events.try_iter()), got, &document);
        let total = sensor.summary();
        assert_eq!(total.function(f.name.as_str()).map(|total| total.calls), Some(1));
        assert_eq!(total.functions.len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn every_function_is_seen_in_a_host_with_async() -> Result<()> {
    let document = document();
    let engine = engine();
    let mut linker = Linker::<Core>::new(&engine);
    p1::add_to_linker_async(&mut linker, |core| &mut core.wasi)?;
    for f in document.modules().next().unwrap().funcs() {
        let (sink, events) = ChannelSink::bounded(64);
        let sensor = Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).build();
        let module = Module::new(&engine, guest(&f))?;
        let hooks = sensor.instance("guest");
        let limiter = hooks.limiter(StoreLimits::default());
        let mut store = Store::new(&engine, Core { wasi: WasiCtx::builder().build_p1(), limiter, hooks });
        let instance = linker.instantiate_async(&mut store, &module).await?;
        let call = instance.get_typed_func::<(), i32>(&mut store, "call")?;
        let got = call.call_async(&mut store, ()).await;
        check(&f, &calls(events.try_iter()), got, &document);
    }
    Ok(())
}

#[test]
fn the_list_is_the_witx_files() {
    let document = document();
    let expected: BTreeSet<_> =
        document.modules().next().unwrap().funcs().map(|f| f.name.as_str().to_string()).collect();
    let ours: BTreeSet<_> = functions()
        .iter()
        .filter(|function| function.interface == "wasi_snapshot_preview1")
        .map(|function| function.name.to_string())
        .collect();
    assert_eq!(ours, expected);
    assert!(ours.len() >= 46);
}
