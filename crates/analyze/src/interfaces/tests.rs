use super::*;

fn function(module: &str, name: &str) -> Known {
    of_import(module, name, ItemKind::Function, "() -> ()", false)
}

/// The lists are the functions that Wasmtime 48 (its WIT files) and Wasmer's `wasmer-wasix` 0.704 define.
#[test]
fn every_function_of_the_released_worlds_is_known() {
    let p1 =
        include_str!("../../tests/lists/wasi-p1.txt").lines().map(|f| ("wasi_snapshot_preview1".into(), f));
    let wasix = include_str!("../../tests/lists/wasix.txt").lines().map(|f| ("wasix_32v1".into(), f));
    let wit = |list: &'static str, version: &'static str| {
        let rows = list.lines().filter_map(|row| row.split_once(' '));
        rows.map(move |(interface, function)| (format!("{interface}@{version}"), function))
    };
    let p2 = wit(include_str!("../../tests/lists/wasi-p2.txt"), "0.2.6");
    let p3 = wit(include_str!("../../tests/lists/wasi-p3.txt"), "0.3.0");
    let all = p1.map(|r| (Interface::WasiP1, r)).chain(wasix.map(|r| (Interface::Wasix, r)));
    let all = all.chain(p2.map(|r| (Interface::WasiP2, r))).chain(p3.map(|r| (Interface::WasiP3, r)));
    let mut seen = 0;
    for (interface, (module, name)) in all {
        let known = function(&module, name);
        assert!(known.known, "{module} {name}");
        assert_eq!(known.interface, interface, "{module} {name}");
        seen += 1;
    }
    assert!(seen > 500, "{seen} functions");
}

#[test]
fn no_function_stands_in_two_groups() {
    let wit = [wasi_p2::TABLE, wasi_p3::TABLE, proposals::TABLE].concat();
    let tables = wit.iter().map(|(_, groups)| *groups).chain([wasi_p1::TABLE, wasix::TABLE]);
    for table in tables {
        let names = table.iter().flat_map(|(_, names)| names.split_ascii_whitespace());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        let pair = names.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(pair, None);
    }
}

#[test]
fn families_are_told_apart() {
    let cases = [
        ("wasi", "thread-spawn", Interface::WasiThreads, "threads"),
        ("wasi_ephemeral_nn", "load", Interface::WasiProposal, "neural-network"),
        ("env", "emscripten_run_script", Interface::Emscripten, "dynamic-code"),
        ("env", "__syscall_connect", Interface::Emscripten, "connect"),
        ("env", "proxy_http_call", Interface::ProxyWasm, "http-client"),
        ("env", "napi_create_object", Interface::NodeApi, "javascript"),
        ("gojs", "syscall/js.valueCall", Interface::GoJs, "javascript"),
        ("__wbindgen_placeholder__", "__wbg_log_1", Interface::WasmBindgen, "javascript"),
        ("wasi:keyvalue/store@0.2.0-draft", "open", Interface::WasiProposal, "storage"),
        ("cm32p2|wasi:random/random@0.2", "get-random-u64", Interface::WasiP2, "random"),
        ("acme", "launch", Interface::Custom, "custom-host-function"),
    ];
    for (module, name, interface, capability) in cases {
        let known = function(module, name);
        assert_eq!(known.interface, interface, "{module} {name}");
        assert!(known.capabilities.contains(capability.parse().unwrap()), "{module} {name}");
    }
    let abort = |signature| of_import("env", "abort", ItemKind::Function, signature, false).interface;
    assert_eq!(abort("(i32, i32, i32, i32) -> ()"), Interface::AssemblyScript);
    assert_eq!(abort("() -> ()"), Interface::Emscripten);
}

#[test]
fn unknown_functions_of_known_families_say_so() {
    let known = function("wasi_snapshot_preview1", "open_the_pod_bay_doors");
    assert!(!known.known && known.interface == Interface::WasiP1);
    assert!(known.capabilities.contains(Capability::CustomHostFunction));
    assert!(
        of_import("", "0", ItemKind::Function, "", true).capabilities.is_empty(),
        "wired by the component"
    );
}
