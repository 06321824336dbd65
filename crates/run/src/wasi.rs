//! WASI, configured and linked as `wasmtime run` does, with the hooks between guest and host.

use crate::{Options, guard::Guard, host::Host};
use std::path::Path;
use wasmscope_sensor_wasmtime::{p1, p2};
use wasmtime::{Module, Result, Store, StoreLimits, StoreLimitsBuilder, bail, format_err};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, WasiView as _, p1::WasiP1Ctx, p2::bindings::LinkOptions};
use wasmtime_wasi_http::WasiHttpCtx;

/// Says no to options of `wasmtime` that cannot be observed, or that this build does not have.
pub(crate) fn check(options: &Options) -> Result<()> {
    let wasi = &options.wasmtime.wasi;
    let not_here = [
        (wasi.nn == Some(true), "-S nn"),
        (wasi.config == Some(true), "-S config"),
        (wasi.keyvalue == Some(true), "-S keyvalue"),
        (wasi.tls == Some(true), "-S tls"),
        (wasi.threads == Some(true), "-S threads"),
        (wasi.p3 == Some(true), "-S p3"),
        (wasi.preview2 == Some(false), "-S preview2=n"),
        (wasi.listenfd == Some(true), "-S listenfd"),
        (!wasi.tcplisten.is_empty(), "-S tcplisten"),
        (options.wasmtime.debug.debugger.is_some(), "-D debugger"),
        (options.wasmtime.record.path.is_some(), "-R path"),
    ];
    for (asked, flag) in not_here {
        if asked {
            bail!("`{flag}` is not supported by wasmscope: its calls would not be observed");
        }
    }
    if wasi.common.is_some() && wasi.cli.is_some() {
        bail!("The -Scommon option should not be use with -Scli as it is a deprecated alias");
    }
    Ok(())
}

/// `-S cli`, or its older name.
pub(crate) fn cli(options: &Options) -> Option<bool> {
    options.wasmtime.wasi.cli.or(options.wasmtime.wasi.common)
}

/// Links what a core module may import.
pub(crate) fn link_core(
    linker: &mut wasmtime::Linker<Host>,
    module: &Module,
    options: &Options,
) -> Result<()> {
    if cli(options) == Some(false) {
        return Ok(());
    }
    if module.imports().any(|import| import.module() == "wasi_unstable") {
        bail!(
            "imports `wasi_unstable`, WASI of 2019, whose calls wasmscope does not observe: \
             build the module for wasm32-wasip1, or run it with `wasmtime run`"
        );
    }
    if options.wasmtime.wasi.http == Some(true) {
        bail!("Cannot enable wasi-http for core wasm modules");
    }
    p1::add_to_linker_async(linker, |host| &mut host.wasi)
}

/// Links what a component may import.
pub(crate) fn link_component(
    linker: &mut wasmtime::component::Linker<Host>,
    options: &Options,
    http: bool,
) -> Result<()> {
    if cli(options) != Some(false) {
        let mut choice = LinkOptions::default();
        choice.network_error_code(options.wasmtime.wasi.network_error_code.unwrap_or(false));
        p2::add_to_linker_with_options_async(linker, &choice)?;
    }
    if http {
        p2::add_http_to_linker(linker)?;
    }
    Ok(())
}

/// What the guest is told and given: all but arguments and standard streams.
pub(crate) fn context(options: &Options, guard: &Guard) -> Result<WasiCtxBuilder> {
    let wasi = &options.wasmtime.wasi;
    let mut builder = WasiCtxBuilder::new();
    // Nobody else needs this thread; but a deadline could not be kept while it is blocked.
    builder.allow_blocking_current_thread(options.wasmtime.wasm.timeout.is_none());
    if wasi.inherit_env == Some(true) {
        for (name, value) in std::env::vars_os() {
            let name = name
                .to_str()
                .ok_or_else(|| format_err!("environment variable name {name:?} not valid utf-8"))?;
            let value = value.to_str().ok_or_else(|| {
                format_err!("environment variable {name:?} value {value:?} not valid utf-8")
            })?;
            builder.env(name, value);
        }
    }
    for (name, value) in &options.env {
        let value = match (value, std::env::var_os(name)) {
            (Some(value), _) => value.clone(),
            (None, Some(value)) => value
                .into_string()
                .map_err(|_| format_err!("environment variable `{name}` not valid utf-8"))?,
            // As in `wasmtime run`: the guest has none then.
            (None, None) => continue,
        };
        builder.env(name, &value);
    }
    let permissions = if guard.is_read_only() { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
    for (host, guest) in &options.dirs {
        builder.preopened_dir(host, guest, permissions)?;
    }
    if let Some(cwd) = &wasi.cwd {
        builder.initial_cwd(cwd);
    }
    if wasi.inherit_network == Some(true) {
        builder.inherit_network();
        builder.allow_tcp(true).allow_udp(true);
    }
    if let Some(allowed) = wasi.allow_ip_name_lookup {
        builder.allow_ip_name_lookup(allowed);
    }
    if let Some(allowed) = wasi.tcp {
        builder.allow_tcp(allowed);
    }
    if let Some(allowed) = wasi.udp {
        builder.allow_udp(allowed);
    }
    if let Some(size) = wasi.max_random_size {
        builder.max_random_size(size);
    }
    Ok(builder)
}

/// Standard streams as in `wasmtime run`, and the arguments.
pub(crate) fn command_context(options: &Options, guard: &Guard) -> Result<WasiP1Ctx> {
    let wasi = &options.wasmtime.wasi;
    let mut builder = context(options, guard)?;
    builder.args(&arguments(options)?);
    if wasi.inherit_stdin.unwrap_or(true) {
        builder.inherit_stdin();
    }
    if wasi.inherit_stdout.unwrap_or(true) {
        builder.inherit_stdout();
    }
    if wasi.inherit_stderr.unwrap_or(true) {
        builder.inherit_stderr();
    }
    Ok(builder.build_p1())
}

/// `wasi:http`, with its bounds.
pub(crate) fn http_context(options: &Options) -> WasiHttpCtx {
    let mut http = WasiHttpCtx::new();
    if let Some(limit) = options.wasmtime.wasi.max_http_fields_size {
        http.set_field_size_limit(limit);
    }
    http
}

/// Bounds that are the store's.
pub(crate) fn bound(store: &mut Store<Host>, options: &Options) -> Result<()> {
    let wasi = &options.wasmtime.wasi;
    if let Some(most) = wasi.max_resources {
        store.data_mut().ctx().table.set_max_capacity(most);
    }
    if let Some(fuel) = wasi.hostcall_fuel {
        store.set_hostcall_fuel(fuel);
    }
    if let Some(most) = wasi.max_component_handles {
        store.set_max_component_handles(most);
    }
    if let Some(fuel) = options.wasmtime.wasm.fuel {
        store.set_fuel(fuel)?;
    }
    store.limiter(|host| &mut host.limiter);
    Ok(())
}

/// `-W max-memory-size` and the like.
pub(crate) fn limits(options: &Options) -> StoreLimits {
    let wasm = &options.wasmtime.wasm;
    let mut limits = StoreLimitsBuilder::new();
    if let Some(most) = wasm.max_memory_size {
        limits = limits.memory_size(most);
    }
    if let Some(most) = wasm.max_table_elements {
        limits = limits.table_elements(most);
    }
    if let Some(most) = wasm.max_instances {
        limits = limits.instances(most);
    }
    if let Some(most) = wasm.max_tables {
        limits = limits.tables(most);
    }
    if let Some(most) = wasm.max_memories {
        limits = limits.memories(most);
    }
    if let Some(trap) = wasm.trap_on_grow_failure {
        limits = limits.trap_on_grow_failure(trap);
    }
    limits.build()
}

/// The guest's own name without its folder, which is none of its business, and its arguments.
fn arguments(options: &Options) -> Result<Vec<String>> {
    let name = match &options.argv0 {
        Some(name) => name.as_ref(),
        None => {
            Path::new(&options.module).components().next_back().map_or("".as_ref(), |name| name.as_os_str())
        }
    };
    [name]
        .into_iter()
        .chain(options.args.iter().map(|arg| arg.as_os_str()))
        .map(|arg| Ok(arg.to_str().ok_or_else(|| format_err!("failed to convert {arg:?} to utf-8"))?.into()))
        .collect()
}
