//! Modules that nobody wrote: the original and the instrumented one do the same.
//!
//! In short form 300 of them; `make test-spec` runs 20,000.

mod common;

use arbitrary::{Arbitrary, Unstructured};
use common::{COUNTING, plan_with};
use wasm_smith::{Config, Module};
use wasmscope_instrument::{Refused, Settings, Storage, instrument};
use wasmtime::{Engine, Extern, Linker, Store, StoreLimits, StoreLimitsBuilder, Trap, Val};

/// Enough to fill a module, from a seed (xorshift64).
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..4096).map(|_| step()).collect()
}

/// A module that ends, whose results do not depend on the bits of a NaN, and whose parts are all exported.
fn module(seed: u64) -> Option<Vec<u8>> {
    let noise = noise(seed);
    let mut source = Unstructured::new(&noise);
    let mut config = Config::arbitrary(&mut source).ok()?;
    config.export_everything = true;
    config.canonicalize_nans = true;
    config.min_funcs = config.min_funcs.max(1);
    config.max_memories = 3;
    config.max_memory32_bytes = 1 << 20;
    config.max_memory64_bytes = 1 << 20;
    config.max_table_elements = 1000;
    config.gc_enabled = seed.is_multiple_of(2);
    config.reference_types_enabled = true;
    config.exceptions_enabled = seed.is_multiple_of(3);
    config.tail_call_enabled = true;
    config.threads_enabled = false;
    config.shared_everything_threads_enabled = false;
    config.custom_descriptors_enabled = false;
    config.custom_page_sizes_enabled = false;
    config.memory64_enabled = true;
    config.simd_enabled = true;
    config.relaxed_simd_enabled = false;
    config.disallow_traps = seed.is_multiple_of(4);
    let mut module = Module::new(config, &mut source).ok()?;
    module.ensure_termination(1000).ok()?;
    Some(module.to_bytes())
}

/// What can be seen of a run: the results of each export, how each ended, and what memories and globals hold then.
#[derive(Debug, PartialEq)]
struct Seen {
    instantiated: Option<String>,
    calls: Vec<String>,
    state: Vec<String>,
}

enum Run {
    /// The runtime does not take the module, or its stack ended, which instrumented frames do sooner.
    Unclear,
    Seen(Seen),
}

fn ended(error: &wasmtime::Error) -> Option<String> {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => None,
        Some(trap) => Some(trap.to_string()),
        None => Some("an exception, or another error".into()),
    }
}

fn run(engine: &Engine, bytes: &[u8]) -> Run {
    let Ok(module) = wasmtime::Module::new(engine, bytes) else { return Run::Unclear };
    let limits = StoreLimitsBuilder::new().memory_size(4 << 20).table_elements(10_000).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits: &mut StoreLimits| limits);
    let mut linker = Linker::new(engine);
    if linker.define_unknown_imports_as_default_values(&mut store, &module).is_err() {
        return Run::Unclear;
    }
    let mut seen = Seen { instantiated: None, calls: Vec::new(), state: Vec::new() };
    let instance = match linker.instantiate(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            let Some(reason) = ended(&error) else { return Run::Unclear };
            seen.instantiated = Some(reason);
            return Run::Seen(seen);
        }
    };
    let names: Vec<String> = module
        .exports()
        .map(|e| e.name().to_owned())
        .filter(|name| !name.starts_with("wasmscope."))
        .collect();
    for name in &names {
        let Some(Extern::Func(function)) = instance.get_export(&mut store, name) else { continue };
        let ty = function.ty(&store);
        let Some(args) = ty.params().map(|ty| Val::default_for_ty(&ty)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let mut results = vec![Val::I32(0); ty.results().len()];
        match function.call(&mut store, &args, &mut results) {
            Ok(()) => seen.calls.push(format!("{:?}", results.iter().map(shown).collect::<Vec<_>>())),
            Err(error) => match ended(&error) {
                Some(reason) => seen.calls.push(reason),
                None => return Run::Unclear,
            },
        }
    }
    for name in &names {
        match instance.get_export(&mut store, name) {
            Some(Extern::Memory(memory)) => {
                let data = memory.data(&store);
                let sum =
                    data.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
                seen.state.push(format!("{name}: {} bytes, {sum:x}", data.len()));
            }
            Some(Extern::Global(global)) => {
                seen.state.push(format!("{name}: {}", shown(&global.get(&mut store))))
            }
            _ => {}
        }
    }
    Run::Seen(seen)
}

/// Bits, so that NaNs compare; references only by whether they are null.
fn shown(value: &Val) -> String {
    match value {
        Val::I32(n) => n.to_string(),
        Val::I64(n) => n.to_string(),
        Val::F32(bits) => format!("{bits:x}"),
        Val::F64(bits) => format!("{bits:x}"),
        Val::V128(v) => format!("{v:?}"),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => "null".into(),
        _ => "a reference".into(),
    }
}

fn check(seeds: std::ops::Range<u64>) {
    let engine = common::engine();
    let (mut compared, mut generated) = (0_u64, 0_u64);
    let range = 0xfff0_0000..0xfff0_0100;
    let settings = Settings { constants: std::iter::once(range).collect(), ..Settings::default() };
    let all: Vec<&str> = COUNTING.into_iter().chain(["indirect", "constants"]).collect();
    let total = seeds.end - seeds.start;
    for seed in seeds {
        let Some(bytes) = module(seed) else { continue };
        generated += 1;
        let Run::Seen(expected) = run(&engine, &bytes) else { continue };
        let storage = if seed.is_multiple_of(2) { Storage::Memory } else { Storage::Globals };
        let one = all[(seed as usize / 2) % all.len()];
        let mut passes = if seed.is_multiple_of(5) { all.clone() } else { vec![one] };
        if storage == Storage::Globals {
            passes.retain(|pass| *pass != "indirect");
        }
        let made = match instrument(&bytes, plan_with(&passes, storage, &settings)) {
            Ok(made) => made,
            Err(Refused::Pass { .. }) => continue,
            Err(refused) => panic!("seed {seed}: {refused}"),
        };
        match run(&engine, &made.bytes) {
            Run::Unclear => {}
            Run::Seen(seen) => {
                compared += 1;
                assert_eq!(seen, expected, "seed {seed}, {passes:?} in {storage:?}");
            }
        }
    }
    println!("{generated} modules generated, {compared} compared");
    assert!(compared * 2 > total, "only {compared} of {total} were compared");
}

#[test]
fn three_hundred_modules_do_the_same() {
    check(0..300);
}

#[test]
#[ignore = "some minutes: make test-spec"]
fn twenty_thousand_modules_do_the_same() {
    check(1000..31_000);
}
