//! What the tests share: plans, and Wasmtime as the runtime that is not modified.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

mod wasi;

pub(crate) use wasi::{Wasi, fuel};

use wasmscope_instrument::{Instrumented, Plan, Settings, Storage, instrument, passes};
use wasmtime::{Config, Engine, Extern, Instance, Linker, Module, Store, Val};

/// Every pass that a module needs nothing special for.
pub(crate) const COUNTING: [&str; 5] = ["calls", "instructions", "memory", "host-calls", "coverage"];

pub(crate) fn plan(passes: &[&str], storage: Storage) -> Plan {
    plan_with(passes, storage, &Settings::default())
}

pub(crate) fn plan_with(passes: &[&str], storage: Storage, settings: &Settings) -> Plan {
    let passes = passes.iter().map(|name| passes::named(name, settings).expect("a pass")).collect();
    Plan { passes, storage, ..Plan::default() }
}

pub(crate) fn with(wat: &str, passes: &[&str], storage: Storage) -> Instrumented {
    let bytes = wat::parse_str(wat).expect("valid text");
    instrument(&bytes, plan(passes, storage)).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_multi_memory(true).wasm_memory64(true).wasm_tail_call(true);
    config.wasm_function_references(true).wasm_gc(true).wasm_exceptions(true).wasm_wide_arithmetic(true);
    Engine::new(&config).expect("a valid configuration")
}

/// An instance of an instrumented module, with imports that do nothing.
pub(crate) struct Run {
    pub(crate) store: Store<()>,
    pub(crate) instance: Instance,
    pub(crate) names: Vec<String>,
}

impl Run {
    pub(crate) fn new(instrumented: &Instrumented) -> Self {
        let engine = engine();
        let module = Module::new(&engine, &instrumented.bytes).unwrap_or_else(|error| panic!("{error:?}"));
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_default_values(&mut store, &module).expect("imports");
        let instance = linker.instantiate(&mut store, &module).unwrap_or_else(|error| panic!("{error:?}"));
        let names = instrumented.report.schema.results.iter().map(|result| result.name.clone()).collect();
        Self { store, instance, names }
    }

    /// Calls an export with `i32`s; its results.
    pub(crate) fn call(&mut self, export: &str, args: &[i32]) -> wasmtime::Result<Vec<Val>> {
        let function = self.instance.get_func(&mut self.store, export).expect("an export");
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
        function.call(&mut self.store, &args, &mut results)?;
        Ok(results)
    }

    /// A result by name, as the exported getter gives it.
    pub(crate) fn result(&mut self, name: &str) -> i64 {
        let at = self
            .names
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.names));
        self.call("wasmscope.result", &[at as i32]).expect("getters do not trap")[0].unwrap_i64()
    }

    /// The bytes of the memory with the results.
    pub(crate) fn memory(&mut self) -> Vec<u8> {
        match self.instance.get_export(&mut self.store, "wasmscope.memory") {
            Some(Extern::Memory(memory)) => memory.data(&self.store).to_vec(),
            other => panic!("no memory: {other:?}"),
        }
    }
}
