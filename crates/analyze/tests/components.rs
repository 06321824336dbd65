//! What can be reached across the modules of components, written as text.

use wasmscope_analyze::facts::{Linked, Path, ProblemKind, Root, Via};
use wasmscope_analyze::{Capability, Facts, Options, analyze};

fn facts(text: &str) -> Facts {
    let bytes = wat::parse_str(text).unwrap();
    let facts = analyze(&bytes, &Options::default()).unwrap();
    assert_eq!(facts, analyze(&bytes, &Options::default()).unwrap());
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    facts
}

/// Of a component that is valid, where nothing may be left unresolved.
fn linked(text: &str) -> Linked {
    let facts = facts(text);
    assert!(facts.validation.valid, "{:?}", facts.validation.error);
    let linked = facts.linked.unwrap();
    assert_eq!((linked.analysed, linked.unresolved, linked.not_followed), (true, 0, 0));
    linked
}

/// `run > module[0] a > …`
fn shown(path: &Path) -> String {
    let root = match &path.root {
        Root::Export { name } => name.clone(),
        other => format!("{other:?}"),
    };
    let steps = path.steps.iter().map(|step| {
        let arrow = match step.via {
            Via::Entry | Via::Call => ">",
            Via::Slot => "=>",
            Via::Indirect { .. } => "~>",
            Via::Reference => "&>",
            Via::Canonical => "abi>",
            Via::Unresolved => "?>",
        };
        let module = step.module.as_deref().unwrap_or("host").rsplit('/').next().unwrap();
        format!("{arrow} {module} {}", step.name.as_deref().unwrap_or("-"))
    });
    [root].into_iter().chain(steps).collect::<Vec<_>>().join(" ")
}

fn way(linked: &Linked, capability: Capability) -> Option<String> {
    linked.path_to(capability).map(shown)
}

fn of_export(linked: &Linked, export: &str) -> Vec<Capability> {
    let entry = linked.exports.iter().find(|e| e.root == Root::Export { name: export.into() });
    entry.unwrap_or_else(|| panic!("no {export} in {:?}", linked.exports)).capabilities.iter().collect()
}

/// Functions of the host, lowered: `$random`, `$now` and `$exit`.
const HOST: &str = r#"
    (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
    (import "wasi:cli/exit@0.2.0" (instance $cli (export "exit-with-code" (func (param "code" u8)))))
    (core func $random (canon lower (func $random "get-random-u64")))
    (core func $now (canon lower (func $clock "now")))
    (core func $exit (canon lower (func $cli "exit-with-code")))"#;

#[test]
fn paths_go_through_modules() {
    let linked = linked(&format!(
        r#"(component {HOST}
            (core module $library
                (import "host" "r" (func $r (result i64))) (import "host" "n" (func $n (result i64)))
                (func $inner (result i64) (call $r)) (func $outer (export "value") (result i64) (call $inner))
                (func $unused (export "time") (result i64) (call $n)))
            (core module $main
                (import "library" "value" (func $value (result i64)))
                (import "library" "time" (func $time (result i64)))
                (func $work (result i64) (call $value)) (func $dead (result i64) (call $time))
                (func $go (export "go") (result i64) (call $work))
                (func (export "idle") (result i64) (i64.const 0)))
            (core instance $library (instantiate $library (with "host" (instance
                (export "r" (func $random)) (export "n" (func $now))))))
            (core instance $main (instantiate $main (with "library" (instance $library))))
            (func $go (result u64) (canon lift (core func $main "go")))
            (instance $api (export "go" (func $go)))
            (export "acme:app/api@1.0.0" (instance $api))
            (func (export "idle") (result u64) (canon lift (core func $main "idle"))))"#
    ));
    assert_eq!(
        way(&linked, Capability::Random).unwrap(),
        "acme:app/api@1.0.0#go > module[1] go > module[1] work > module[0] outer > module[0] inner \
         > host wasi:random/random@0.2.0#get-random-u64"
    );
    let random = &linked.imports[0];
    assert!(random.direct && random.distance == Some(4));
    // Only dead code of the main module asks for the time, and nothing is given the way to exit.
    for capability in [Capability::Clock, Capability::Exit] {
        let reach = linked.capabilities.iter().find(|c| c.capability == capability).unwrap();
        assert!(!reach.reachable && reach.import.is_none(), "{capability:?}");
    }
    assert_eq!(of_export(&linked, "acme:app/api@1.0.0#go"), [Capability::Random]);
    assert_eq!(of_export(&linked, "idle"), []);
    assert_eq!((linked.instances, linked.reachable_functions), (2, 5));
}

/// A shim, a main module that needs it, and a module that fills the shim's table: the form that wit-component makes.
fn shim(fill: &str) -> String {
    format!(
        r#"(component {HOST}
            (core module $shim (type $t (func (result i64))) (table $t (export "$imports") 2 funcref)
                (func $first (export "0") (result i64) (call_indirect $t (type $t) (i32.const 0)))
                (func $second (export "1") (result i64) (call_indirect $t (type $t) (i32.const 1))))
            (core module $main
                (import "shim" "0" (func $r (result i64))) (import "shim" "1" (func $n (result i64)))
                (func (export "random") (result i64) (call $r)) (func (export "now") (result i64) (call $n)))
            (core module $fill (import "" "0" (func $r (result i64))) (import "" "1" (func $n (result i64)))
                (import "" "$imports" (table $t 2 funcref)) {fill})
            (core instance $shim (instantiate $shim))
            (core instance $main (instantiate $main (with "shim" (instance $shim))))
            (core instance (instantiate $fill (with "" (instance (export "0" (func $random))
                (export "1" (func $now)) (export "$imports" (table $shim "$imports"))))))
            (func (export "random") (result u64) (canon lift (core func $main "random")))
            (func (export "now") (result u64) (canon lift (core func $main "now"))))"#
    )
}

#[test]
fn a_shims_table_is_followed_place_by_place() {
    let linked = linked(&shim("(elem (i32.const 0) func $r $n)"));
    assert_eq!(of_export(&linked, "random"), [Capability::Random]);
    assert_eq!(of_export(&linked, "now"), [Capability::Clock]);
    let path = linked.path_to(Capability::Clock).unwrap();
    assert_eq!(
        shown(path),
        "now > module[1] now > module[0] second => host wasi:clocks/monotonic-clock@0.2.0#now"
    );
    assert_eq!(path.approximate, 0);
    assert!(linked.capabilities.iter().find(|c| c.capability == Capability::Clock).unwrap().direct);
}

#[test]
fn a_shared_table_that_code_changes_is_told_apart_by_type_alone() {
    for fill in [
        "(elem (i32.const 0) func $r $n) (func (table.set $t (i32.const 0) (ref.func $n)))",
        "(elem (offset (global.get $g)) func $r $n) (global $g i32 (i32.const 0))",
        "(elem declare func $r $n) (func $s (table.set $t (i32.const 0) (ref.func $n))
            (table.set $t (i32.const 1) (ref.func $r))) (start $s)",
    ] {
        let linked = linked(&shim(fill));
        assert_eq!(of_export(&linked, "random"), [Capability::Clock, Capability::Random], "{fill}");
        let path = linked.path_to(Capability::Random).unwrap();
        assert_eq!(path.approximate, 1, "{fill}: {}", shown(path));
    }
}

#[test]
fn an_empty_place_leads_nowhere() {
    let linked = linked(&shim("(elem (i32.const 0) func $r)"));
    assert_eq!(of_export(&linked, "now"), []);
}

#[test]
fn references_that_are_passed_between_modules_are_followed() {
    let linked = linked(&format!(
        r#"(component {HOST}
            (core module $caller (type $t (func (result i64)))
                (func (export "call") (param (ref $t)) (result i64) (call_ref $t (local.get 0))))
            (core module $main (type $t (func (result i64)))
                (import "caller" "call" (func $call (param (ref $t)) (result i64)))
                (import "host" "r" (func $r (type $t))) (elem declare func $f)
                (func $f (type $t) (call $r))
                (func (export "go") (result i64) (call $call (ref.func $f))))
            (core instance $caller (instantiate $caller))
            (core instance $main (instantiate $main (with "caller" (instance $caller))
                (with "host" (instance (export "r" (func $random))))))
            (func (export "call") (result u64) (canon lift (core func $main "go"))))"#
    ));
    assert_eq!(of_export(&linked, "call"), [Capability::Random]);
    let call = "> module[0] call ~> module[1] f";
    let from_caller = way(&linked, Capability::Random).unwrap();
    assert!(from_caller.contains(call) || from_caller.contains("&> module[1] f"), "{from_caller}");
}

/// What the component instance `$i` does with its import `f` decides what its export `run` can do.
const NESTED: &str = r#"(component $c
    (import "f" (func $f (result u64)))
    (core func $f (canon lower (func $f)))
    (core module $m (import "" "f" (func $f (result i64))) (func $call (export "run") (result i64) (call $f)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
    (func (export "run") (result u64) (canon lift (core func $i "run"))))"#;

#[test]
fn a_component_that_is_instantiated_twice_is_followed_twice() {
    let linked = linked(&format!(
        r#"(component {HOST} {NESTED}
            (instance $one (instantiate $c (with "f" (func $random "get-random-u64"))))
            (instance $two (instantiate $c (with "f" (func $clock "now"))))
            (instance $chain (instantiate $c (with "f" (func $two "run"))))
            (export "one" (func $one "run")) (export "two" (func $two "run")) (export "chain" (instance $chain)))"#
    ));
    assert_eq!(linked.instances, 3);
    assert_eq!(of_export(&linked, "one"), [Capability::Random]);
    assert_eq!(of_export(&linked, "two"), [Capability::Clock]);
    assert_eq!(of_export(&linked, "chain#run"), [Capability::Clock]);
    let entry = linked.exports.iter().find(|e| e.root == Root::Export { name: "chain#run".into() }).unwrap();
    assert_eq!(
        (entry.module.as_deref(), entry.function),
        (Some("component/component[0]/module[0]"), Some(1))
    );
}

#[test]
fn outer_aliases_and_exported_components_are_followed() {
    let linked = linked(&format!(
        r#"(component {HOST}
            (core module $m (import "" "f" (func $f (result i64))) (func (export "run") (result i64) (call $f)))
            (component $inner
                (import "wasi:random/random@0.2.0" (instance $r (export "get-random-u64" (func (result u64)))))
                (core func $f (canon lower (func $r "get-random-u64")))
                (alias outer 1 $m (core module $m))
                (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
                (func (export "run") (result u64) (canon lift (core func $i "run"))))
            (export "made-later" (component $inner)))"#
    ));
    assert_eq!(of_export(&linked, "made-later#run"), [Capability::Random]);
    assert_eq!(linked.instances, 1);
}

#[test]
fn destructors_start_functions_and_the_canonical_abi_are_roots_and_edges() {
    let linked = linked(&format!(
        r#"(component {HOST}
            (core module $lib (import "" "r" (func $r (result i64)))
                (func $drop (export "drop") (param i32) (drop (call $r))))
            (core instance $lib (instantiate $lib (with "" (instance (export "r" (func $random))))))
            (type $res (resource (rep i32) (dtor (core func $lib "drop"))))
            (core func $drop-handle (canon resource.drop $res))
            (core module $main (import "" "drop" (func $drop (param i32))) (import "" "n" (func $n (result i64)))
                (import "" "e" (func $e (param i32)))
                (memory (export "memory") 1)
                (func $s (drop (call $n))) (start $s)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $e (i32.const 1)) (i32.const 0))
                (func (export "close") (param i32) (call $drop (local.get 0)))
                (func (export "take") (param i32 i32)))
            (core instance $main (instantiate $main (with "" (instance (export "drop" (func $drop-handle))
                (export "n" (func $now)) (export "e" (func $exit))))))
            (func (export "take") (param "text" string) (canon lift (core func $main "take")
                (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
            (func (export "close") (param "n" u32) (canon lift (core func $main "close"))))"#
    ));
    assert_eq!(of_export(&linked, "close"), [Capability::Random]);
    assert_eq!(of_export(&linked, "take"), [Capability::Exit]);
    assert_eq!(
        way(&linked, Capability::Exit).unwrap(),
        "take abi> module[1] realloc > host wasi:cli/exit@0.2.0#exit-with-code"
    );
    let of_root = |root: &Root| linked.exports.iter().find(|e| e.root == *root).unwrap().capabilities;
    assert!(of_root(&Root::Destructor).contains(Capability::Random));
    assert!(of_root(&Root::Start).contains(Capability::Clock));
    assert!(way(&linked, Capability::Clock).unwrap().starts_with("Start > module[1] s"));
}

/// An imported module may call whatever it is given, and is not resolved to more than that.
#[test]
fn a_module_of_the_host_may_call_what_it_is_given() {
    let linked = facts(&format!(
        r#"(component {HOST}
            (import "plugin" (core module $plugin (import "" "r" (func (result i64))) (export "go" (func (result i64)))))
            (core instance $p (instantiate $plugin (with "" (instance (export "r" (func $random))))))
            (func (export "go") (result u64) (canon lift (core func $p "go"))))"#
    ));
    let linked = linked.linked.unwrap();
    assert_eq!((linked.unresolved, linked.not_followed), (0, 0));
    assert_eq!(of_export(&linked, "go"), [Capability::Random, Capability::CustomHostFunction]);
    assert!(!linked.path_to(Capability::Random).unwrap().steps.iter().all(|s| s.via == Via::Call));
}

/// wasm-encoder writes what it is told, so indices may point anywhere.
#[test]
fn indices_that_lead_nowhere_count_as_everything() {
    use wasm_encoder::*;
    let mut types = ComponentTypeSection::new();
    let mut instance = InstanceType::new();
    instance.ty().function().params([] as [(&str, ComponentValType); 0]).result(None);
    instance.export("start-connect", ComponentTypeRef::Func(0));
    types.instance(&instance);
    let mut imports = ComponentImportSection::new();
    imports.import("wasi:sockets/tcp@0.2.0", ComponentTypeRef::Instance(0));
    let mut functions = CanonicalFunctionSection::new();
    functions.lift(77, 0, []);
    functions.lower(99, []);
    functions.resource_drop(55);
    let mut aliases = ComponentAliasSection::new();
    aliases.alias(Alias::InstanceExport { instance: 9, kind: ComponentExportKind::Func, name: "f" });
    aliases.alias(Alias::CoreInstanceExport { instance: 9, kind: ExportKind::Table, name: "t" });
    aliases.alias(Alias::Outer { kind: ComponentOuterAliasKind::Component, count: u32::MAX, index: 3 });
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate(8, [("x", ComponentExportKind::Instance, 70)]);
    let mut core = InstanceSection::new();
    core.instantiate(6, [("y", ModuleArg::Instance(60))]);
    let mut exports = ComponentExportSection::new();
    exports.export("run", ComponentExportKind::Func, 0, None);
    exports.export("more", ComponentExportKind::Instance, 1_000_000, None);
    let mut component = Component::new();
    component.section(&types).section(&imports).section(&functions).section(&aliases);
    component.section(&instances).section(&core).section(&exports);

    let facts = analyze(&component.finish(), &Options::default()).unwrap();
    assert!(!facts.validation.valid);
    let linked = facts.linked.unwrap();
    assert!(linked.analysed && linked.unresolved >= 8 && linked.not_followed == 1, "{linked:?}");
    let path = linked.path_to(Capability::Connect).unwrap();
    assert_eq!(path.steps.last().unwrap().via, Via::Unresolved);
    assert!(facts.problems.iter().any(|p| p.kind == ProblemKind::LeftOut && p.message.contains("1 module")));
}

/// Each component instantiates the one before it twice: 2^60 instances.
#[test]
fn exponential_instances_end_and_say_so() {
    let levels: String = (1..60)
        .map(|n| {
            format!(
                "(component $c{n} (alias outer 1 $c{} (component $c))
                    (instance (instantiate $c)) (instance (instantiate $c)))",
                n - 1
            )
        })
        .collect();
    let f = facts(&format!(
        r#"(component (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64)))))
            (component $c0 (core module $m (func $s) (start $s)) (core instance (instantiate $m)))
            {levels} (instance (instantiate $c59)))"#
    ));
    assert!(f.validation.valid, "{:?}", f.validation.error);
    let linked = f.linked.unwrap();
    assert!(linked.analysed && linked.unresolved > 0 && linked.instances > 1_000, "{}", linked.instances);
    assert!(linked.path_to(Capability::Random).is_some(), "what is not followed may do anything");
}

#[test]
fn more_definitions_than_are_kept_are_not_linked() {
    use wasm_encoder::*;
    let mut imports = ComponentImportSection::new();
    imports.import("wasi:sockets/tcp@0.2.0", ComponentTypeRef::Instance(0));
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    let mut functions = CanonicalFunctionSection::new();
    for _ in 0..=wasmscope_analyze::limits::DEFINITIONS {
        functions.backpressure_inc();
    }
    let mut component = Component::new();
    component.section(&types).section(&imports).section(&functions);
    // Not validated, so that the instance counts as having all functions of its interface.
    let options = Options { validate: false, ..Options::default() };
    let facts = analyze(&component.finish(), &options).unwrap();
    let linked = facts.linked.unwrap();
    assert!(!linked.analysed && facts.problems.iter().any(|p| p.message.contains("definitions")));
    assert!(linked.capabilities.iter().any(|c| c.capability == Capability::Connect && c.reachable));
}

/// A core module of preview 1 as a component, by way of wit-component and the adapter for commands.
fn adapted(text: &str) -> Facts {
    use wasi_preview1_component_adapter_provider as adapter;
    let module = wat::parse_str(text).unwrap();
    let (name, code) =
        (adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER);
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.module(&module).unwrap().adapter(name, code).unwrap();
    analyze(&encoder.encode().unwrap(), &Options::default()).unwrap()
}

const PREVIEW1: &str = r#"(import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $print (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (func $load (result i32) (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))"#;

#[test]
fn what_the_adapter_gives_but_the_main_module_never_calls_cannot_be_reached() {
    let quiet = adapted(&format!(r#"(module {PREVIEW1} (func (export "_start") (drop (call $print))))"#));
    let reading = adapted(&format!(
        r#"(module {PREVIEW1} (func (export "_start") (drop (call $print)) (drop (call $load))))"#
    ));
    for facts in [&quiet, &reading] {
        assert!(facts.validation.valid, "{:?}", facts.validation.error);
        assert!(facts.capabilities.contains(Capability::ReadFiles));
        let linked = facts.linked.as_ref().unwrap();
        assert_eq!((linked.unresolved, linked.not_followed, linked.incomplete), (0, 0, false));
        assert!(linked.path_to(Capability::Connect).is_none());
        assert!(way(linked, Capability::Stdio).unwrap().starts_with("wasi:cli/run@"));
    }
    let opened = |facts: &Facts| {
        let imports = &facts.linked.as_ref().unwrap().imports;
        let open =
            imports.iter().find(|i| i.function.as_deref() == Some("[method]descriptor.open-at")).unwrap();
        open.path.as_ref().map(shown)
    };
    assert_eq!(opened(&quiet), None, "only `load` opens, and nothing calls it");
    let path = opened(&reading).unwrap();
    let steps = ["> module[0] load >", "=> module[1] path_open >", "host wasi:filesystem/types@"];
    for step in steps {
        assert!(path.contains(step), "{step:?} in {path}");
    }
    assert!(!path.contains("~>"), "{path}");
}
