//! Every function of preview 2 and of `wasi:http` is seen, once, with how it ended; the list is the WIT's.

mod common;

use anyhow::Context as _;
use common::{Part, calls};
use std::{collections::BTreeSet, fmt::Write as _};
use wasmscope_sensor_wasmtime::{CallEvent, ChannelSink, Event, Mode, Outcome, Sensor, functions, p2};
use wasmtime::{
    Engine, Result, Store,
    component::{Component, Linker, Resource},
};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi_http::p2::bindings::http;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{
    Function, Handle, InterfaceId, Resolve, Type, TypeDefKind,
    abi::{AbiVariant, FlatTypes, WasmType},
};

/// A number that no resource table has.
const NOWHERE: u32 = 0x00ff_ffff;

/// All resources, with the types that stand for them.
macro_rules! resources {
    ($give:ident: $($interface:literal $resource:literal $ty:ty;)*) => {
        const RESOURCES: &[(&str, &str)] = &[$(($interface, $resource)),*];

        /// Functions that give a guest a handle of each kind, with nothing behind it.
        fn give(linker: &mut Linker<Part>) -> wasmtime::Result<()> {
            let mut $give = linker.instance("test:every/give")?;
            $($give.func_wrap(concat!("give-", $resource), |_, ()| Ok((Resource::<$ty>::new_own(NOWHERE),)))?;)*
            Ok(())
        }
    };
}
resources! { give:
    "io/error" "error" wasi::io::error::Error;
    "io/poll" "pollable" wasi::io::poll::Pollable;
    "io/streams" "input-stream" wasi::io::streams::InputStream;
    "io/streams" "output-stream" wasi::io::streams::OutputStream;
    "cli/terminal-input" "terminal-input" wasi::cli::terminal_input::TerminalInput;
    "cli/terminal-output" "terminal-output" wasi::cli::terminal_output::TerminalOutput;
    "filesystem/types" "descriptor" wasi::filesystem::types::Descriptor;
    "filesystem/types" "directory-entry-stream" wasi::filesystem::types::DirectoryEntryStream;
    "sockets/network" "network" wasi::sockets::network::Network;
    "sockets/ip-name-lookup" "resolve-address-stream" wasi::sockets::ip_name_lookup::ResolveAddressStream;
    "sockets/tcp" "tcp-socket" wasi::sockets::tcp::TcpSocket;
    "sockets/udp" "udp-socket" wasi::sockets::udp::UdpSocket;
    "sockets/udp" "incoming-datagram-stream" wasi::sockets::udp::IncomingDatagramStream;
    "sockets/udp" "outgoing-datagram-stream" wasi::sockets::udp::OutgoingDatagramStream;
    "http/types" "fields" http::types::Fields;
    "http/types" "incoming-request" http::types::IncomingRequest;
    "http/types" "outgoing-request" http::types::OutgoingRequest;
    "http/types" "request-options" http::types::RequestOptions;
    "http/types" "response-outparam" http::types::ResponseOutparam;
    "http/types" "incoming-response" http::types::IncomingResponse;
    "http/types" "incoming-body" http::types::IncomingBody;
    "http/types" "future-trailers" http::types::FutureTrailers;
    "http/types" "outgoing-response" http::types::OutgoingResponse;
    "http/types" "outgoing-body" http::types::OutgoingBody;
    "http/types" "future-incoming-response" http::types::FutureIncomingResponse;
}

/// The interfaces of WASI, from the WIT, with the world that imports them all.
struct Every {
    resolve: Resolve,
    world: wit_parser::WorldId,
    /// Interface and function; of the drop of a resource only its name.
    functions: Vec<(String, String, Option<Function>)>,
}

impl Every {
    fn read() -> anyhow::Result<Self> {
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        resolve.push_dir("wit")?;
        let interfaces = interfaces(&resolve);
        let mut functions = Vec::new();
        let mut resources = BTreeSet::new();
        let mut imports = String::new();
        for id in &interfaces {
            let name = resolve.id_of(*id).context("named")?;
            writeln!(imports, "import {name};")?;
            for function in resolve.interfaces[*id].functions.values() {
                functions.push((name.clone(), function.name.clone(), Some(function.clone())));
            }
            for (resource, ty) in &resolve.interfaces[*id].types {
                if matches!(resolve.types[*ty].kind, TypeDefKind::Resource) {
                    functions.push((name.clone(), format!("[resource-drop]{resource}"), None));
                    resources.insert((path(&name), resource.clone()));
                }
            }
        }
        let known: BTreeSet<_> = RESOURCES.iter().map(|(i, r)| (i.to_string(), r.to_string())).collect();
        assert_eq!(known, resources, "the test has a handle for each resource");
        let gives: String = RESOURCES
            .iter()
            .map(|(interface, resource)| {
                format!(
                    "use wasi:{interface}@0.2.12.{{{resource}}}; give-{resource}: func() -> {resource};\n"
                )
            })
            .collect();
        let package = resolve.push_str(
            "every.wit",
            &format!(
                "package test:every;\ninterface give {{\n{gives}}}\n
                 world every {{ {imports} import give; export call: func(n: u32); }}"
            ),
        )?;
        let world = resolve.packages[package].worlds["every"];
        Ok(Self { resolve, world, functions })
    }

    /// A component with a function that calls the n-th function.
    fn component(&self) -> anyhow::Result<Vec<u8>> {
        let (mut imports, mut cases, mut targets) = (String::new(), String::new(), String::new());
        for (_, resource) in RESOURCES {
            writeln!(
                imports,
                r#"(import "test:every/give" "give-{resource}" (func $give-{resource} (result i32)))"#
            )?;
        }
        for (n, (interface, name, function)) in self.functions.iter().enumerate() {
            let (types, args, results) = match function {
                Some(function) => self.arguments(function),
                None => {
                    let resource = name.strip_prefix("[resource-drop]").expect("a drop");
                    (" i32".into(), format!("(call $give-{resource})"), 0)
                }
            };
            let result = if results == 0 { "" } else { "(result i32)" };
            let result = match function {
                Some(function) => match self.signature(function).results.first() {
                    Some(WasmType::I64) => "(result i64)",
                    _ => result,
                },
                None => result,
            };
            writeln!(imports, r#"(import "{interface}" "{name}" (func $f{n} (param{types}) {result}))"#)?;
            let call = format!("(call $f{n} {args})");
            let call = if results == 0 { call } else { format!("(drop {call})") };
            writeln!(cases, "(func $case{n} {call})")?;
            write!(targets, " $case{n}")?;
        }
        let count = self.functions.len();
        let wat = format!(
            r#"(module {imports}
                (memory (export "memory") 32)
                (global $top (mut i32) (i32.const 65536))
                (table funcref (elem{targets}))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
                    (global.set $top (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                {cases}
                (func (export "call") (param i32)
                    (if (i32.ge_u (local.get 0) (i32.const {count})) (then unreachable))
                    (call_indirect (local.get 0))))"#
        );
        let mut module = wat::parse_str(wat)?;
        embed_component_metadata(&mut module, &self.resolve, self.world, StringEncoding::UTF8)?;
        ComponentEncoder::default().module(&module)?.validate(true).encode()
    }

    fn signature(&self, function: &Function) -> wit_parser::abi::WasmSignature {
        self.resolve.wasm_signature(AbiVariant::GuestImport, function)
    }

    /// Types and values of the flat arguments, and the number of results: zeros, except that a handle is one, and that a
    /// `result` is an error (its other case may be a handle).
    fn arguments(&self, function: &Function) -> (String, String, usize) {
        let signature = self.signature(function);
        assert!(!signature.indirect_params, "{}", function.name);
        let name = |ty: &WasmType| match ty {
            WasmType::I64 | WasmType::PointerOrI64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
            _ => "i32",
        };
        let types: String = signature.params.iter().map(|ty| format!(" {}", name(ty))).collect();
        let mut args = Vec::new();
        for param in &function.params {
            if let Some(resource) = self.handle(&param.ty) {
                args.push(format!("(call $give-{resource})"));
                continue;
            }
            let mut storage = [WasmType::I32; 17];
            let mut flat = FlatTypes::new(&mut storage);
            assert!(self.resolve.push_flat(&param.ty, &mut flat));
            let first = args.len();
            args.extend(flat.to_vec().iter().map(|ty| format!("({}.const 0)", name(ty))));
            if let Type::Id(id) = param.ty
                && matches!(&self.resolve.types[id].kind, TypeDefKind::Result(of) if of.err.is_some())
            {
                args[first] = "(i32.const 1)".into();
            }
        }
        if signature.retptr {
            args.push("(i32.const 4096)".into());
        }
        (types, args.concat(), signature.results.len())
    }

    fn handle(&self, ty: &Type) -> Option<&str> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => {
                let mut of = *of;
                while let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[of].kind {
                    of = other;
                }
                self.resolve.types[of].name.as_deref()
            }
            _ => None,
        }
    }
}

/// `io/streams` of `wasi:io/streams@0.2.12`.
fn path(name: &str) -> String {
    name.trim_start_matches("wasi:").split('@').next().unwrap_or_default().into()
}

/// What the worlds of wasmtime-wasi and wasmtime-wasi-http import; time zones, which no host has, excepted.
fn interfaces(resolve: &Resolve) -> Vec<InterfaceId> {
    let mut out = Vec::new();
    for (_, world) in &resolve.worlds {
        for item in world.imports.values() {
            if let wit_parser::WorldItem::Interface { id, .. } = item
                && resolve.id_of(*id).is_some_and(|name| !name.contains("timezone"))
                && !out.contains(id)
            {
                out.push(*id);
            }
        }
    }
    out
}

fn check(
    interface: &str,
    name: &str,
    function: Option<&Function>,
    seen: &[CallEvent],
    got: wasmtime::Result<()>,
) {
    assert_eq!(seen.len(), 1, "{interface}#{name} is seen once: {seen:?}, {got:?}");
    let call = &seen[0];
    assert_eq!((call.function.interface, call.function.name), (interface, name));
    if let Some(function) = function {
        let params: Vec<_> = function.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(call.function.params, params, "{interface}#{name}");
    }
    assert_eq!(call.args.len(), call.function.params.len(), "{interface}#{name}");
    match got {
        Ok(()) => {
            assert!(matches!(call.outcome, Outcome::Ok | Outcome::Error(_)), "{name}: {:?}", call.outcome)
        }
        Err(error) if error.is::<wasmtime_wasi::I32Exit>() => {
            assert!(matches!(call.outcome, Outcome::Exit(_)), "{name}: {:?}", call.outcome);
        }
        Err(error) => assert_eq!(call.outcome, Outcome::Trap, "{interface}#{name}: {error:?}"),
    }
}

fn sensor() -> (Sensor, impl Fn() -> Vec<Event>) {
    let (sink, events) = ChannelSink::bounded(64);
    let sensor = Sensor::builder().modes(Mode::Events).lifecycle(false).sink(sink).build();
    (sensor, move || events.try_iter().collect())
}

/// All functions, the unstable ones too.
fn unstable_http() -> wasmtime_wasi_http::p2::bindings::LinkOptions {
    let mut options = wasmtime_wasi_http::p2::bindings::LinkOptions::default();
    options.informational_outbound_responses(true);
    options
}

#[test]
fn every_function_is_seen_in_a_host_without_async() -> Result<()> {
    let every = Every::read().unwrap();
    let engine = Engine::default();
    let component = Component::new(&engine, every.component().unwrap())?;
    let mut linker = Linker::<Part>::new(&engine);
    let mut options = wasi::sync::LinkOptions::default();
    options.network_error_code(true);
    p2::add_to_linker_with_options_sync(&mut linker, &options)?;
    p2::add_http_to_linker_with_options(&mut linker, &unstable_http())?;
    give(&mut linker)?;
    let pre = linker.instantiate_pre(&component)?;
    let (sensor, events) = sensor();
    for (n, (interface, name, function)) in every.functions.iter().enumerate() {
        let mut store = Store::new(&engine, Part::new(sensor.instance("guest")));
        let instance = pre.instantiate(&mut store)?;
        let call = instance.get_typed_func::<(u32,), ()>(&mut store, "call")?;
        let got = call.call(&mut store, (n as u32,));
        check(interface, name, function.as_ref(), &calls(events()), got);
    }
    assert_eq!(sensor.summary().calls(), every.functions.len() as u64);
    Ok(())
}

#[tokio::test]
async fn every_function_is_seen_in_a_host_with_async() -> Result<()> {
    let every = Every::read().unwrap();
    let engine = Engine::default();
    let component = Component::new(&engine, every.component().unwrap())?;
    let mut linker = Linker::<Part>::new(&engine);
    let mut options = wasi::LinkOptions::default();
    options.network_error_code(true);
    p2::add_to_linker_with_options_async(&mut linker, &options)?;
    p2::add_http_to_linker_with_options(&mut linker, &unstable_http())?;
    give(&mut linker)?;
    let pre = linker.instantiate_pre(&component)?;
    let (sensor, events) = sensor();
    for (n, (interface, name, function)) in every.functions.iter().enumerate() {
        let mut store = Store::new(&engine, Part::new(sensor.instance("guest")));
        let instance = pre.instantiate_async(&mut store).await?;
        let call = instance.get_typed_func::<(u32,), ()>(&mut store, "call")?;
        let got = call.call_async(&mut store, (n as u32,)).await;
        check(interface, name, function.as_ref(), &calls(events()), got);
    }
    Ok(())
}

#[test]
fn the_list_is_the_wits() -> Result<()> {
    let every = Every::read().unwrap();
    let expected: BTreeSet<_> =
        every.functions.iter().map(|(i, name, _)| (i.clone(), name.clone())).collect();
    let ours: BTreeSet<_> = functions()
        .iter()
        .filter(|function| function.interface != "wasi_snapshot_preview1")
        .map(|function| (function.interface.to_string(), function.name.to_string()))
        .collect();
    assert_eq!(ours, expected);
    assert!(ours.len() > 200, "{}", ours.len());
    Ok(())
}
