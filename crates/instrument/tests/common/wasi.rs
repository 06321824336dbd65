//! As much of WASI preview 1 as a program in C needs that writes text, in Wasmtime.

use super::engine;
use wasmscope_instrument::Instrumented;
use wasmtime::{AsContext, Caller, Config, Engine, Extern, Instance, Linker, Memory, Module, Store, Val};

/// What a program wrote, and the violations that the host was called for.
#[derive(Debug, Default)]
struct Host {
    output: Vec<u8>,
    calls: Vec<(i32, i32, i32, i64)>,
}

/// A program, and what its instrumentation says.
pub(crate) struct Wasi {
    store: Store<Host>,
    instance: Instance,
    names: Vec<String>,
    kinds: Vec<String>,
    records: Option<[u32; 3]>,
}

/// One record of a violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: String,
    pub(crate) function: u32,
    pub(crate) offset: u32,
    pub(crate) value: u64,
}

impl Wasi {
    pub(crate) fn new(instrumented: &Instrumented) -> Self {
        let engine = engine();
        let (store, instance) = instance(&engine, &instrumented.bytes);
        let schema = &instrumented.report.schema;
        Self {
            store,
            instance,
            names: schema.results.iter().map(|result| result.name.clone()).collect(),
            kinds: schema.violations.clone(),
            records: schema.records,
        }
    }

    pub(crate) fn start(&mut self) -> wasmtime::Result<()> {
        self.instance.get_typed_func::<(), ()>(&mut self.store, "_start")?.call(&mut self.store, ())
    }

    pub(crate) fn output(&self) -> String {
        String::from_utf8(self.store.data().output.clone()).unwrap()
    }

    pub(crate) fn calls(&self) -> Vec<(i32, i32, i32, i64)> {
        self.store.data().calls.clone()
    }

    pub(crate) fn result(&mut self, name: &str) -> i64 {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("no {name}: {:?}", self.names));
        let result = self.instance.get_func(&mut self.store, "wasmscope.result").unwrap();
        let mut values = [Val::I64(0)];
        result.call(&mut self.store, &[Val::I32(at as i32)], &mut values).unwrap();
        values[0].unwrap_i64()
    }

    /// The violations that were recorded, by the schema's places for them.
    pub(crate) fn records(&mut self) -> Vec<Record> {
        let Some([at, kept, bytes]) = self.records else { return Vec::new() };
        let count = self.result("violations").min(i64::from(kept)) as usize;
        let memory = self.instance.get_memory(&mut self.store, "wasmscope.memory").unwrap();
        let data = memory.data(&self.store);
        let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
        (0..count)
            .map(|n| at as usize + n * bytes as usize)
            .map(|at| Record {
                kind: self.kinds[word(at) as usize].clone(),
                function: word(at + 4),
                offset: word(at + 8),
                value: u64::from_le_bytes(data[at + 16..at + 24].try_into().unwrap()),
            })
            .collect()
    }
}

fn instance(engine: &Engine, bytes: &[u8]) -> (Store<Host>, Instance) {
    let module = Module::new(engine, bytes).unwrap_or_else(|error| panic!("{error:?}"));
    let mut store = Store::new(engine, Host::default());
    // Where fuel is not counted there is none to set.
    let _ = store.set_fuel(FUEL);
    let mut linker = Linker::new(engine);
    linker.func_wrap("wasi_snapshot_preview1", "fd_write", fd_write).unwrap();
    let called = |mut caller: Caller<'_, Host>, kind: i32, function: i32, offset: i32, value: i64| {
        caller.data_mut().calls.push((kind, function, offset, value));
    };
    linker.func_wrap("wasmscope", "violation", called).unwrap();
    linker.define_unknown_imports_as_default_values(&mut store, &module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{error:?}"));
    (store, instance)
}

const FUEL: u64 = 1 << 50;

/// The fuel that a program takes in Wasmtime, as it is.
pub(crate) fn fuel(bytes: &[u8]) -> u64 {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let (mut store, instance) = instance(&engine, bytes);
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    let _ = start.call(&mut store, ());
    FUEL - store.get_fuel().unwrap()
}

fn fd_write(mut caller: Caller<'_, Host>, _fd: i32, vectors: i32, count: i32, written: i32) -> i32 {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return 8 };
    let word = |memory: Memory, caller: &Caller<'_, Host>, at: usize| {
        memory
            .data(caller.as_context())
            .get(at..at + 4)
            .map_or(0, |b| u32::from_le_bytes(b.try_into().unwrap()))
    };
    let mut text = Vec::new();
    for n in 0..count as usize {
        let at = vectors as usize + 8 * n;
        let (start, length) = (word(memory, &caller, at) as usize, word(memory, &caller, at + 4) as usize);
        text.extend_from_slice(memory.data(&caller).get(start..start + length).unwrap_or_default());
    }
    let _ = memory.write(&mut caller, written as usize, &(text.len() as u32).to_le_bytes());
    caller.data_mut().output.extend(text);
    0
}
