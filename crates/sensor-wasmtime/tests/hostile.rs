//! Guests that pass nonsense: bounded, no panic, and told as nonsense.

mod common;

use common::{calls, core};
use wasmscope_sensor_wasmtime::{
    CallEvent, ChannelSink, Denial, Gate, Mode, Outcome, Rule, Sensor, TEXT_BYTES, Value,
};
use wasmtime::Result;
use wasmtime_wasi::FsPerms;

const GIB: i32 = 1 << 30;

/// Calls `path_create_directory` on the first directory, and `fd_write` on standard output.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_advise" (func $advise (param i32 i64 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "a\ff\00\1b[2Jb")
    (func (export "mkdir") (param i32 i32) (result i32) (call $mkdir (i32.const 3) (local.get 0) (local.get 1)))
    (func (export "write") (param i32 i32) (result i32)
        (call $write (i32.const 1) (local.get 0) (local.get 1) (i32.const 0)))
    (func (export "advise") (param i32 i32) (result i32)
        (call $advise (i32.const 3) (i64.const 0) (i64.const 0) (local.get 0))))"#;

/// One call with these two numbers, with and without a gate that reads paths.
fn call(name: &str, a: i32, b: i32) -> Result<Vec<(Result<i32>, CallEvent)>> {
    let gates = [Gate::default(), Gate::default().rule(Rule::deny("", Denial::Access).path("/nowhere"))];
    let root = tempfile::tempdir()?;
    let mut out = Vec::new();
    for gate in gates {
        let (sink, events) = ChannelSink::bounded(16);
        let sensor = Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).gate(gate).build();
        let (mut store, instance) = core(&sensor, GUEST, |wasi| {
            wasi.preopened_dir(root.path(), "/", FsPerms::ReadOnly).unwrap();
        })?;
        let f = instance.get_typed_func::<(i32, i32), i32>(&mut store, name)?;
        let got = f.call(&mut store, (a, b));
        let mut seen = calls(events.try_iter());
        assert_eq!(seen.len(), 1);
        out.push((got, seen.remove(0)));
    }
    Ok(out)
}

#[test]
fn a_text_of_one_gib_is_cut_and_told_with_its_length() -> Result<()> {
    for (_, call) in call("mkdir", 0, GIB)? {
        let Value::Text(text) = &call.args[1] else { panic!("{:?}", call.args) };
        assert_eq!(text.length, GIB as u64);
        assert!(text.text.len() <= 3 * TEXT_BYTES && text.is_cut());
        // wasmtime's own bound for what guests pass.
        assert!(matches!(call.outcome, Outcome::Error(code) if code.name() == "nomem"), "{:?}", call.outcome);
    }
    Ok(())
}

#[test]
fn pointers_out_of_the_memory_are_told_as_bad() -> Result<()> {
    for (pointer, length) in [(-16, GIB), (65_536, 1), (-1, -1), (65_000, 5_000)] {
        for (got, call) in call("mkdir", pointer, length)? {
            let bad = matches!(call.args[1], Value::Bad(at) if at == u64::from(pointer as u32));
            assert!(bad, "{pointer} {length}: {:?}", call.args);
            match call.outcome {
                Outcome::Trap => assert!(got.is_err()),
                Outcome::Error(_) => assert_ne!(got?, 0),
                other => panic!("{other:?}"),
            }
        }
    }
    Ok(())
}

#[test]
fn text_that_is_no_utf8_is_marked() -> Result<()> {
    for (_, call) in call("mkdir", 0, 8)? {
        let Value::Text(text) = &call.args[1] else { panic!("{:?}", call.args) };
        assert!(text.lossy);
        let json = serde_json::to_string(&call.args[1])?;
        assert_eq!(json, r#"{"text":"a�\u0000\u001b[2Jb","length":8,"lossy":true}"#);
    }
    Ok(())
}

#[test]
fn more_buffers_than_there_is_memory_are_added_up_as_far_as_they_go() -> Result<()> {
    for (got, call) in call("write", 65_528, -1)? {
        assert!(matches!(call.args[1], Value::Bytes(_)), "{:?}", call.args);
        assert!(got.is_err() || got? != 0);
        assert_eq!(call.written, 0);
    }
    Ok(())
}

#[test]
fn numbers_that_no_enumeration_has_are_told_as_bad() -> Result<()> {
    for (_, call) in call("advise", 99, 0)? {
        assert_eq!(call.args[3], Value::Bad(99));
        assert_ne!(call.outcome, Outcome::Ok);
    }
    Ok(())
}
