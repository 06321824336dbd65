//! Which host interfaces a module is written against.

use crate::Capabilities;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A family of host functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interface {
    /// WASI preview 0 and 1: `wasi_unstable`, `wasi_snapshot_preview1`.
    WasiP1,
    /// WASI 0.2: `wasi:*@0.2.x`.
    WasiP2,
    /// WASI 0.3: `wasi:*@0.3.x`.
    WasiP3,
    /// Other WASI proposals: `wasi:nn`, `wasi_ephemeral_*`, `wasi:keyvalue`, ….
    WasiProposal,
    /// wasi-threads: `wasi.thread-spawn`.
    WasiThreads,
    /// Wasmer's extension of WASI: `wasix_32v1`, `wasix_64v1`.
    Wasix,
    /// Emscripten's JavaScript runtime: `env.emscripten_*`, `env.__syscall_*`, ….
    Emscripten,
    /// wasm-bindgen: `__wbindgen_placeholder__` and its kin.
    WasmBindgen,
    /// Node-API: `napi`, `env.napi_*`.
    NodeApi,
    /// Proxy-Wasm: `env.proxy_*`.
    ProxyWasm,
    /// Go's `js/wasm`: `gojs`, `go`.
    GoJs,
    /// AssemblyScript's runtime: `env.abort`, `env.seed`, `env.trace`.
    AssemblyScript,
    /// JavaScript string built-ins: `wasm:js-string`.
    JsBuiltins,
    /// The component model's own functions: `[resource-drop]…`, `canon` built-ins.
    ComponentModel,
    /// No function at all: imported memories, tables, globals, dynamic-linking symbols.
    Linking,
    /// None of the known ones.
    Custom,
}

/// What one import namespace (`wasi_snapshot_preview1`, `env`, `wasi:io/poll@0.2.0`) is used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InterfaceUse {
    /// The namespace, as the module writes it.
    pub namespace: String,
    /// The family. A namespace like `env` that mixes families appears once for each.
    pub interface: Interface,
    /// The version in the namespace: `0.2.3`, `preview1`, `32v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many items are imported.
    pub items: u32,
    /// How many of these are functions that the tables of this crate do not know, though the family is known.
    pub unknown_functions: u32,
    /// What they allow.
    pub capabilities: Capabilities,
}
