//! Interfaces to JavaScript: wasm-bindgen, Node-API, Go, AssemblyScript, built-ins.

use crate::facts::Interface;
use crate::{Capabilities, Capability};

const JAVASCRIPT: Capabilities = Capabilities::of(&[Capability::JavaScript]);

/// Sources: wasm-bindgen `crates/cli-support/src/lib.rs`; Go `src/syscall/js`, `lib/wasm/wasm_exec.js`; Node-API as emnapi
/// imports it; AssemblyScript `std/assembly/env.ts`; <https://github.com/WebAssembly/js-string-builtins>.
pub(super) fn of_import(
    module: &str,
    name: &str,
    signature: &str,
) -> Option<(Interface, Option<Capabilities>)> {
    let bindgen = module.starts_with("__wbindgen_") || module == "wbg" || name.starts_with("__wbindgen_");
    if bindgen || name.starts_with("__wbg_") {
        return Some((Interface::WasmBindgen, Some(JAVASCRIPT)));
    }
    if matches!(module, "napi" | "emnapi") || (module == "env" && name.starts_with("napi_")) {
        return Some((Interface::NodeApi, Some(JAVASCRIPT)));
    }
    if matches!(module, "wasm:js-string" | "wasm:text-encoder" | "wasm:text-decoder") {
        return Some((Interface::JsBuiltins, Some(Capabilities::NONE)));
    }
    if matches!(module, "gojs" | "go") {
        return Some((Interface::GoJs, Some(go(name))));
    }
    assembly_script(module, name, signature)
}

fn go(name: &str) -> Capabilities {
    match name.strip_prefix("runtime.").unwrap_or(name) {
        "wasmExit" => Capabilities::of(&[Capability::Exit]),
        "wasmWrite" => Capabilities::of(&[Capability::Stdio]),
        "nanotime1" | "walltime" | "walltime1" | "ticks" => Capabilities::of(&[Capability::Clock]),
        "getRandomData" => Capabilities::of(&[Capability::Random]),
        "scheduleTimeoutEvent" | "clearTimeoutEvent" | "sleepTicks" => Capabilities::of(&[Capability::Poll]),
        "resetMemoryDataView" | "debug" => Capabilities::NONE,
        _ => JAVASCRIPT,
    }
}

/// `env.abort` takes message, file, line, column; Emscripten's takes nothing.
fn assembly_script(module: &str, name: &str, signature: &str) -> Option<(Interface, Option<Capabilities>)> {
    let given: &[Capability] = match (module, name) {
        ("env", "abort") if signature == "(i32, i32, i32, i32) -> ()" => &[Capability::Exit],
        ("env", "seed") if signature == "() -> (f64)" => &[Capability::Random],
        ("env", "trace") if signature.starts_with("(i32, i32, f64, f64") => &[Capability::Stdio],
        _ => return None,
    };
    Some((Interface::AssemblyScript, Some(Capabilities::of(given))))
}
