//! What the gate refuses does not happen, looks to the guest as the rule says, and is told.

mod common;

use common::{Core, Part, calls, core};
use crossbeam_channel::Receiver;
use wasmscope_sensor_wasmtime::{
    ChannelSink, Class, Denial, Event, Gate, Limit, Mode, Observe as _, Outcome, Refused, Rule, Sensor, p2,
};
use wasmtime::{
    Engine, Instance, Result, Store,
    component::{Component, Linker},
};
use wasmtime_wasi::FsPerms;

/// Opens and writes what the host says. Descriptor 3 is the first directory.
const FILES: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (memory (export "memory") 1)
    ;; Creates the file at address 1024 in the directory, to write; the descriptor goes to address 0.
    (func (export "open") (param $directory i32) (param $length i32) (result i32)
        (call $open (local.get $directory) (i32.const 0) (i32.const 1024) (local.get $length)
            (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))
    ;; As above, and the result overwrites the path.
    (func (export "open_over") (param $directory i32) (param $length i32) (result i32)
        (call $open (local.get $directory) (i32.const 0) (i32.const 1024) (local.get $length)
            (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 1024)))
    (func (export "rename") (param $length i32) (param $new i32) (result i32)
        (call $rename (i32.const 3) (i32.const 1024) (local.get $length)
            (i32.const 3) (i32.const 2048) (local.get $new)))
    (func (export "write") (param $descriptor i32) (param $length i32) (result i32)
        (i32.store (i32.const 16) (i32.const 4096))
        (i32.store (i32.const 20) (local.get $length))
        (call $write (local.get $descriptor) (i32.const 16) (i32.const 1) (i32.const 8)))
    ;; So many empty buffers.
    (func (export "write_none") (param $descriptor i32) (param $buffers i32) (result i32)
        (call $write (local.get $descriptor) (i32.const 16) (local.get $buffers) (i32.const 8)))
    (func (export "close") (param i32) (result i32) (call $close (local.get 0))))"#;

const ACCES: i32 = 2;
const NOENT: i32 = 44;
const DQUOT: i32 = 19;

struct Guest {
    store: Store<Core>,
    instance: Instance,
    events: Receiver<Event>,
    root: tempfile::TempDir,
}

impl Guest {
    fn new(gate: Gate) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let (sink, events) = ChannelSink::bounded(1 << 16);
        let sensor = Sensor::builder().modes(Mode::Count).lifecycle(false).sink(sink).gate(gate).build();
        let (store, instance) = core(&sensor, FILES, |wasi| {
            wasi.preopened_dir(root.path(), "/data", FsPerms::ReadWrite).unwrap();
        })?;
        Ok(Self { store, instance, events, root })
    }

    fn put(&mut self, address: usize, bytes: &[u8]) {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap();
        memory.write(&mut self.store, address, bytes).unwrap();
    }

    fn word(&mut self, address: usize) -> i32 {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap();
        i32::from_le_bytes(memory.data(&self.store)[address..address + 4].try_into().unwrap())
    }

    fn two(&mut self, name: &str, a: i32, b: i32) -> Result<i32> {
        let f = self.instance.get_typed_func::<(i32, i32), i32>(&mut self.store, name)?;
        f.call(&mut self.store, (a, b))
    }

    fn open(&mut self, path: &str) -> Result<i32> {
        self.put(1024, path.as_bytes());
        self.two("open", 3, path.len() as i32)
    }

    fn close(&mut self, descriptor: i32) -> Result<i32> {
        let f = self.instance.get_typed_func::<i32, i32>(&mut self.store, "close")?;
        f.call(&mut self.store, descriptor)
    }
}

#[test]
fn a_refused_open_makes_no_file_and_is_told_even_when_calls_are_only_counted() -> Result<()> {
    let gate = Gate::default().rule(Rule::deny("no secrets", Denial::NoEntry).path("/data/secret"));
    let mut guest = Guest::new(gate)?;
    assert_eq!(guest.open("secret")?, NOENT);
    assert_eq!(guest.open("x/.././secret")?, NOENT);
    assert_eq!(guest.open("secretive")?, 0);
    assert!(!guest.root.path().join("secret").exists());
    assert!(guest.root.path().join("secretive").exists());

    let seen = calls(guest.events.try_iter());
    assert_eq!(seen.len(), 2, "{seen:?}");
    for call in &seen {
        assert_eq!(call.function.name, "path_open");
        assert_eq!(call.denied.as_deref(), Some("no secrets"));
        assert!(matches!(call.outcome, Outcome::Error(code) if code.name() == "noent"));
    }
    let summary = guest.store.data_mut().hooks().summary();
    let open = summary.function("path_open").unwrap();
    assert_eq!((open.calls, open.errors, open.denied), (3, 2, 2));
    assert_eq!(summary.errors[0].count, 2);
    Ok(())
}

#[test]
fn a_rename_is_judged_by_both_names() -> Result<()> {
    let gate = Gate::default().rule(Rule::deny("no secrets", Denial::Access).path("/data/secret"));
    let mut guest = Guest::new(gate)?;
    assert_eq!(guest.open("plain")?, 0);
    guest.put(1024, b"plain");
    guest.put(2048, b"secret");
    assert_eq!(guest.two("rename", 5, 6)?, ACCES);
    guest.put(2048, b"public");
    assert_eq!(guest.two("rename", 5, 6)?, 0);
    Ok(())
}

#[test]
fn what_was_opened_is_known_by_its_path_until_it_is_closed() -> Result<()> {
    let gate = Gate::default()
        .rule(Rule::deny("read only", Denial::ReadOnly).function("fd_write").path("/data/log"));
    let mut guest = Guest::new(gate)?;
    assert_eq!(guest.open("log")?, 0);
    let log = guest.word(0);
    assert_eq!(guest.two("write", log, 1)?, 69, "rofs");
    // The guest lets the new descriptor overwrite the path that it gave.
    guest.put(1024, b"log");
    assert_eq!(guest.two("open_over", 3, 3)?, 0);
    let again = guest.word(1024);
    assert_eq!(guest.two("write", again, 1)?, 69);
    assert_eq!((guest.close(log)?, guest.close(again)?), (0, 0));
    assert_eq!(guest.open("other")?, 0);
    let other = guest.word(0);
    assert!([log, again].contains(&other), "a number is used again");
    assert_eq!(guest.two("write", other, 1)?, 0);
    // Standard output has no path.
    assert_eq!(guest.two("write", 1, 1)?, 0);
    Ok(())
}

#[test]
fn closing_is_never_refused() -> Result<()> {
    let allowed = Rule::allow("open").function("path_open");
    let mut guest = Guest::new(Gate::default().rule(allowed).otherwise(Denial::Access))?;
    assert_eq!(guest.open("a")?, 0);
    let a = guest.word(0);
    assert_eq!(guest.two("write", a, 1)?, ACCES);
    assert_eq!(guest.close(a)?, 0);
    let seen = calls(guest.events.try_iter());
    assert_eq!(seen[0].denied.as_deref(), Some("otherwise"));
    Ok(())
}

#[test]
fn calls_and_bytes_are_limited_for_each_instance_by_itself() -> Result<()> {
    let gate = Gate::default()
        .rule(Rule::limit("three files", Limit::default().calls(3)).function("path_open"))
        .rule(Rule::limit("ten bytes", Limit::default().bytes(10)).function("fd_write").with(Denial::Access));
    for _ in 0..2 {
        let mut guest = Guest::new(gate.clone())?;
        let opened: Vec<_> = (0..5).map(|n| guest.open(&n.to_string())).collect::<Result<_>>()?;
        assert_eq!(opened, [0, 0, 0, DQUOT, DQUOT]);
        let file = guest.word(0);
        assert_eq!(guest.two("write", file, 11)?, ACCES, "it would not fit");
        assert_eq!(guest.two("write", file, 6)?, 0);
        assert_eq!(guest.two("write", file, 4)?, 0);
        assert_eq!(guest.two("write", file, 1)?, ACCES);
        assert_eq!(guest.root.path().join("2").metadata()?.len(), 10);
    }
    Ok(())
}

#[test]
fn a_rate_holds_back_a_flood() -> Result<()> {
    let gate = Gate::default()
        .rule(Rule::limit("slow", Limit::default().calls_per_second(100)).function("fd_write"));
    let mut guest = Guest::new(gate)?;
    let (mut passed, mut refused) = (0, 0);
    let before = std::time::Instant::now();
    for _ in 0..10_000 {
        match guest.two("write", 1, 1)? {
            0 => passed += 1,
            _ => refused += 1,
        }
    }
    let seconds = before.elapsed().as_secs() + 1;
    assert!((100..=100 * (seconds + 1)).contains(&passed), "{passed} in {seconds} s");
    assert_eq!(passed + refused, 10_000);
    Ok(())
}

#[test]
fn rules_for_other_instances_are_not_asked() -> Result<()> {
    let deny = |instance| Rule::deny("", Denial::Access).function("path_open").instance(instance);
    assert_eq!(Guest::new(Gate::default().rule(deny("other")))?.open("a")?, 0);
    assert_eq!(Guest::new(Gate::default().rule(deny("gue*")))?.open("a")?, ACCES);
    Ok(())
}

#[test]
fn a_denial_that_traps_ends_the_guest_and_says_why() -> Result<()> {
    let mut guest = Guest::new(Gate::default().rule(Rule::deny("", Denial::Trap).function("path_open")))?;
    let error = guest.open("a").unwrap_err();
    assert!(error.is::<Refused>(), "{error:?}");
    Ok(())
}

/// Reads the clock, and asks for a random number, through preview 2.
const COMPONENT: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.12" (instance $clock (export "now" (func (result u64)))))
    (import "wasi:random/random@0.2.12" (instance $random
        (export "get-random-u64" (func (result u64)))))
    (core func $now (canon lower (func $clock "now")))
    (core func $u64 (canon lower (func $random "get-random-u64")))
    (core module $m
        (import "" "now" (func $now (result i64)))
        (import "" "u64" (func $u64 (result i64)))
        (func (export "now") (drop (call $now)))
        (func (export "random") (drop (call $u64))))
    (core instance $i (instantiate $m (with "" (instance
        (export "now" (func $now)) (export "u64" (func $u64))))))
    (func (export "now") (canon lift (core func $i "now")))
    (func (export "random") (canon lift (core func $i "random"))))"#;

#[test]
fn a_function_without_an_error_traps_when_it_is_refused() -> Result<()> {
    let engine = Engine::default();
    let component = Component::new(&engine, COMPONENT)?;
    let mut linker = Linker::<Part>::new(&engine);
    p2::add_to_linker_sync(&mut linker)?;
    let (sink, events) = ChannelSink::bounded(16);
    let gate = Gate::default().rule(Rule::deny("no chance", Denial::Access).class(Class::Random));
    let sensor = Sensor::builder().modes(Mode::Off).lifecycle(false).sink(sink).gate(gate).build();
    let mut store = Store::new(&engine, Part::new(sensor.instance("guest")));
    let instance = linker.instantiate(&mut store, &component)?;
    let call = |store: &mut Store<Part>, name| -> Result<()> {
        instance.get_typed_func::<(), ()>(&mut *store, name)?.call(store, ())
    };
    call(&mut store, "now")?;
    let error = call(&mut store, "random").unwrap_err();
    assert!(error.is::<Refused>(), "{error:?}");
    let seen = calls(events.try_iter());
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].function.name, seen[0].denied.as_deref()), ("get-random-u64", Some("no chance")));
    assert_eq!(seen[0].outcome, Outcome::Trap);
    Ok(())
}

#[test]
fn no_limit_of_bytes_has_room_for_more_buffers_than_are_looked_at() -> Result<()> {
    let limit = Rule::limit("output", Limit::default().bytes(1 << 20)).function("fd_write");
    let mut guest = Guest::new(Gate::default().rule(limit))?;
    assert_eq!(guest.two("write_none", 1, 1024)?, 0);
    assert_eq!(guest.two("write_none", 1, 1025)?, DQUOT);
    Ok(())
}
