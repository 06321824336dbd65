//! Preview 2: implementations of wasmtime-wasi's generated traits that look, and pass on.

use crate::{classes, list::List, types};
use anyhow::Result;
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use std::{fmt::Write as _, path::Path};
use wit_parser::{Function, FunctionKind, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem};

/// The functions that are `async` in wasmtime-wasi 48 (`imports:` of its `bindgen!`). A wrong entry does not compile.
const ASYNC: &[(&str, &[&str])] = &[
    ("io/poll", &["poll", "[method]pollable.block", "[method]pollable.ready"]),
    (
        "io/streams",
        &[
            "[method]input-stream.blocking-read",
            "[method]input-stream.blocking-skip",
            "[resource-drop]input-stream",
            "[method]output-stream.blocking-splice",
            "[method]output-stream.blocking-flush",
            "[method]output-stream.blocking-write-and-flush",
            "[method]output-stream.blocking-write-zeroes-and-flush",
            "[resource-drop]output-stream",
        ],
    ),
    ("sockets/udp-create-socket", &["create-udp-socket"]),
    ("sockets/tcp", &["[method]tcp-socket.start-bind", "[method]tcp-socket.start-listen"]),
    (
        "sockets/udp",
        &[
            "[method]udp-socket.start-bind",
            "[method]udp-socket.stream",
            "[resource-drop]outgoing-datagram-stream",
        ],
    ),
];

/// The functions of `filesystem/types` that are not.
const SYNC_FILES: &[&str] = &[
    "[method]descriptor.read-via-stream",
    "[method]descriptor.write-via-stream",
    "[method]descriptor.append-via-stream",
    "filesystem-error-code",
];

/// The interfaces that wasmtime-wasi has a second, blocking version of.
const BLOCKING: &[&str] =
    &["io/poll", "io/streams", "filesystem/types", "sockets/tcp", "sockets/udp", "sockets/udp-create-socket"];

/// The types that replace a plain error so that a function can also trap, by interface and name, and how each is made
/// from a denial.
const TRAPPABLE: &[(&str, &str, &str, &str)] = &[
    ("io/streams", "stream-error", "wasmtime_wasi::p2::StreamError", "stream"),
    ("filesystem/types", "error-code", "wasmtime_wasi::p2::FsError", "files"),
    ("sockets/network", "error-code", "wasmtime_wasi::p2::SocketError", "socket"),
    ("http/types", "error-code", "wasmtime_wasi_http::p2::HttpError", "http"),
    ("http/types", "header-error", "wasmtime_wasi_http::p2::HeaderError", "header"),
];

/// The interfaces that wasmtime-wasi and wasmtime-wasi-http implement.
pub(crate) struct Wit {
    pub(crate) resolve: Resolve,
    /// In the order of their names.
    pub(crate) interfaces: Vec<InterfaceId>,
}

impl Wit {
    pub(crate) fn read(folder: &Path, http: bool) -> Result<Self> {
        // wasmtime's bindings hold every function, and leave it to `LinkOptions` which of the unstable ones are linked.
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        resolve.push_dir(folder)?;
        let mut interfaces = Vec::new();
        for (_, world) in &resolve.worlds {
            if !matches!(world.name.as_str(), "imports" | "proxy") {
                continue;
            }
            for item in world.imports.values() {
                if let WorldItem::Interface { id, .. } = item
                    && !interfaces.contains(id)
                {
                    interfaces.push(*id);
                }
            }
        }
        let wit = Self { resolve, interfaces };
        let mut interfaces = wit.interfaces.clone();
        // No version of wasmtime-wasi implements time zones.
        interfaces
            .retain(|id| wit.path(*id) != "clocks/timezone" && (http || !wit.path(*id).starts_with("http/")));
        interfaces.sort_by_key(|id| wit.path(*id));
        Ok(Self { interfaces, ..wit })
    }

    /// `io/streams`
    pub(crate) fn path(&self, id: InterfaceId) -> String {
        let interface = &self.resolve.interfaces[id];
        let package = &self.resolve.packages[interface.package.expect("in a package")].name.name;
        format!("{package}/{}", interface.name.as_deref().unwrap_or_default())
    }

    /// Where wasmtime-wasi has the interface's bindings.
    pub(crate) fn module(&self, id: InterfaceId, blocking: bool) -> String {
        let path = self.path(id);
        let module = path.replace('-', "_").replace('/', "::");
        match path.split('/').next() {
            Some("http") => format!("wasmtime_wasi_http::p2::bindings::{module}"),
            _ if blocking => format!("wasmtime_wasi::p2::bindings::sync::{module}"),
            _ => format!("wasmtime_wasi::p2::bindings::{module}"),
        }
    }

    /// Interfaces with whether their blocking version is meant.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (InterfaceId, bool)> {
        self.interfaces.iter().flat_map(|id| {
            let blocking = BLOCKING.contains(&self.path(*id).as_str());
            std::iter::once((*id, false)).chain(blocking.then_some((*id, true)))
        })
    }

    /// What a type stands for in the end.
    pub(crate) fn definition(&self, mut id: TypeId) -> TypeId {
        while let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[id].kind {
            id = other;
        }
        id
    }
}

pub(crate) fn generate(wit: &Wit, list: &mut List) -> Result<String> {
    let mut out = types::generate(wit, list)?;
    let (mut sync, mut asynchronous, mut http) = (String::new(), String::new(), String::new());
    for id in &wit.interfaces {
        list.interface();
        let functions = functions(wit, *id, list);
        for (_, blocking) in wit.versions().filter(|(other, _)| other == id) {
            implementations(&mut out, wit, *id, blocking, &functions)?;
        }
        let path = wit.path(*id);
        let line = |blocking: bool| {
            let module = wit.module(*id, blocking);
            match path.as_str() {
                "sockets/network" => {
                    format!("{module}::add_to_linker::<T, Via<T>>(linker, &options.into(), observed)?;\n")
                }
                "http/types" => {
                    format!("{module}::add_to_linker::<T, Via<T>>(linker, &options.into(), observed)?;\n")
                }
                _ => format!("{module}::add_to_linker::<T, Via<T>>(linker, observed)?;\n"),
            }
        };
        if path.starts_with("http/") {
            http += &line(false);
        } else {
            asynchronous += &line(false);
            sync += &line(BLOCKING.contains(&path.as_str()));
        }
    }
    for (suffix, module, body) in [("sync", "sync::", sync), ("async", "", asynchronous)] {
        writeln!(
            out,
            "pub(crate) fn link_{suffix}<T: WasiView + Observe + 'static>(
                linker: &mut wasmtime::component::Linker<T>,
                options: &wasmtime_wasi::p2::bindings::{module}LinkOptions,
            ) -> wasmtime::Result<()> {{\n{body}Ok(())\n}}"
        )?;
    }
    if !http.is_empty() {
        writeln!(
            out,
            "pub(crate) fn link_http<T: WasiHttpView + Observe + 'static>(
                linker: &mut wasmtime::component::Linker<T>,
                options: &wasmtime_wasi_http::p2::bindings::LinkOptions,
            ) -> wasmtime::Result<()> {{\n{http}Ok(())\n}}"
        )?;
    }
    Ok(out)
}

/// A function, or the drop of a resource.
struct Item<'a> {
    /// As components import it.
    name: String,
    /// Name of its static.
    descriptor: String,
    /// The resource whose trait has it.
    resource: Option<TypeId>,
    function: Option<&'a Function>,
}

fn functions<'a>(wit: &'a Wit, id: InterfaceId, list: &mut List) -> Vec<Item<'a>> {
    let interface = &wit.resolve.interfaces[id];
    let full = wit.resolve.id_of(id).expect("named");
    let path = wit.path(id);
    let (package, short) = path.split_once('/').expect("package and interface");
    let class = classes::preview2(package, short);
    let mut items = Vec::new();
    for function in interface.functions.values() {
        let params: Vec<_> = function.params.iter().map(|param| param.name.clone()).collect();
        let descriptor = list.function(&full, &function.name, class, &params);
        let resource = match function.kind {
            FunctionKind::Method(id) | FunctionKind::Static(id) | FunctionKind::Constructor(id) => Some(id),
            _ => None,
        };
        items.push(Item { name: function.name.clone(), descriptor, resource, function: Some(function) });
    }
    for (name, ty) in &interface.types {
        if matches!(wit.resolve.types[*ty].kind, TypeDefKind::Resource) {
            let name = format!("[resource-drop]{name}");
            let descriptor = list.function(&full, &name, class, &["self".to_string()]);
            items.push(Item { name, descriptor, resource: Some(*ty), function: None });
        }
    }
    items
}

/// `impl Host for Observed`, and those of the interface's resources.
fn implementations(
    out: &mut String,
    wit: &Wit,
    id: InterfaceId,
    blocking: bool,
    items: &[Item<'_>],
) -> Result<()> {
    let module = wit.module(id, blocking);
    let path = wit.path(id);
    let interface = &wit.resolve.interfaces[id];
    let bound = if path.starts_with("http/") { "WasiHttpView" } else { "WasiView" };
    let head = |name: &str| {
        format!("impl<T: {bound} + Observe + 'static> {module}::{name} for Observed<'_, T> {{\n")
    };

    *out += &head("Host");
    for item in items.iter().filter(|item| item.resource.is_none()) {
        *out += &method(wit, id, blocking, "Host", item)?;
    }
    for (_, name, error, _) in TRAPPABLE.iter().filter(|(owner, ..)| converts(wit, id, owner)) {
        let owned = interface.types.contains_key(*name);
        if owned {
            writeln!(
                out,
                "fn convert_{}(&mut self, error: {error}) -> wasmtime::Result<{module}::{}> {{
                    {} {module}::Host::convert_{}(&mut view, error)
                }}",
                name.to_snake_case(),
                name.to_upper_camel_case(),
                view(&path),
                name.to_snake_case(),
            )?;
        }
    }
    *out += "}\n";
    for (name, ty) in &interface.types {
        if !matches!(wit.resolve.types[*ty].kind, TypeDefKind::Resource) {
            continue;
        }
        let host = format!("Host{}", name.to_upper_camel_case());
        *out += &head(&host);
        for item in items.iter().filter(|item| item.resource == Some(*ty)) {
            *out += &method(wit, id, blocking, &host, item)?;
        }
        *out += "}\n";
    }
    Ok(())
}

/// Whether the interface's trait converts an error of this interface.
fn converts(wit: &Wit, id: InterfaceId, owner: &str) -> bool {
    wit.path(id) == owner
}

/// Binds `view` to what implements the interface.
fn view(path: &str) -> &'static str {
    match path.split('/').next() {
        Some("io") => "let mut view = self.0.ctx().table;",
        Some("cli") => "let mut view = self.0.cli();",
        Some("clocks") => "let mut view = self.0.clocks();",
        Some("filesystem") => "let mut view = self.0.filesystem();",
        Some("sockets") => "let mut view = self.0.sockets();",
        Some("random") => "let mut view = self.0.ctx().ctx.random();",
        _ => "let mut view = self.0.http();",
    }
}

fn method(wit: &Wit, id: InterfaceId, blocking: bool, host: &str, item: &Item<'_>) -> Result<String> {
    let path = wit.path(id);
    let module = wit.module(id, blocking);
    let waits = !blocking
        && match path.as_str() {
            "filesystem/types" => {
                !SYNC_FILES.contains(&item.name.as_str()) && !item.name.starts_with("[resource-drop]")
            }
            path => ASYNC.iter().any(|(of, names)| *of == path && names.contains(&item.name.as_str())),
        };
    let (name, params, result) = match item.function {
        Some(function) => (
            types::function_name(function),
            function
                .params
                .iter()
                .map(|param| (param.name.as_str(), types::text(wit, &module, &param.ty)))
                .collect(),
            function.result,
        ),
        None => {
            let resource =
                wit.resolve.types[item.resource.expect("of a resource")].name.as_deref().expect("named");
            let ty = format!("wasmtime::component::Resource<{module}::{}>", resource.to_upper_camel_case());
            ("drop".into(), vec![("self", ty)], None)
        }
    };
    let outcome = Outcome::of(wit, &module, result);
    let decls: String = params.iter().enumerate().map(|(i, (_, ty))| format!(", arg{i}: {ty}")).collect();
    let passed: String = (0..params.len()).map(|i| format!(", arg{i}")).collect();
    let pushed: String = (0..params.len()).map(|i| format!("args.push(arg{i}.value());")).collect();
    let types: Vec<_> = item.function.iter().flat_map(|f| f.params.iter().map(|param| param.ty)).collect();
    let moved: Vec<_> = types
        .iter()
        .enumerate()
        .filter(|(_, ty)| types::has_bytes(wit, ty))
        .map(|(i, _)| format!("arg{i}.bytes()"))
        .collect();
    let written = if moved.is_empty() { "0".into() } else { moved.join(" + ") };
    let view = view(&path);
    let (wait, asynchronous) = if waits { (".await", "async ") } else { ("", "") };
    let Outcome { ty, denied, told, value } = outcome;
    let mut subjects = subjects(&item.name, &params);
    if !moved.is_empty() {
        subjects.insert_str(0, "subjects.bytes(written);");
    }
    let used = |name: &'static str, body: &str| if body.contains(name) { name } else { "_" };
    Ok(format!(
        "{asynchronous}fn {name}(&mut self{decls}) -> {ty} {{
            let written: u64 = {written};
            let call = self.0.hooks().begin(&{descriptor}, |{args}| {{ {pushed} }}, |{told_of}| {{ {subjects} }});
            {note}
            let r = match call.denial() {{
                Some(denial) => {denied},
                None => {{ {view} {module}::{host}::{name}(&mut view{passed}){wait} }}
            }};
            {after}
            let read: u64 = {read};
            self.0.hooks().end(call, || {told}, read, written, || {value});
            r
        }}\n",
        descriptor = item.descriptor,
        args = used("args", &pushed),
        told_of = used("subjects", &subjects),
        note = note(&item.name),
        after = after(&path, &item.name),
        read = read(wit, &item.name, result),
    ))
}

/// How a function's result is typed, refused and told.
struct Outcome {
    ty: String,
    denied: String,
    told: String,
    value: String,
}

impl Outcome {
    fn of(wit: &Wit, module: &str, result: Option<Type>) -> Self {
        let inner = result.map_or("()".into(), |ty| types::text(wit, module, &ty));
        let plain = |denied: &str, told: &str, value: &str| Self {
            ty: format!("wasmtime::Result<{inner}>"),
            denied: denied.into(),
            told: told.into(),
            value: value.into(),
        };
        const TRAPS: &str = "Err(denial.trap())";
        let told = "r.as_ref().map_or(Value::None, Describe::value)";
        let Some(Type::Id(id)) = result else { return plain(TRAPS, "plain(&r)", told) };
        let TypeDefKind::Result(parts) = &wit.resolve.types[id].kind else {
            return plain(TRAPS, "plain(&r)", told);
        };
        let nested = "r.as_ref().ok().and_then(|r| r.as_ref().ok()).map_or(Value::None, Describe::value)";
        let Some(Type::Id(error)) = parts.err else {
            return plain("denial.nameless()", "nested(&r)", nested);
        };
        let error = wit.definition(error);
        let wit_parser::TypeOwner::Interface(owner) = wit.resolve.types[error].owner else {
            return plain(TRAPS, "nested(&r)", nested);
        };
        let (owner, name) = (wit.path(owner), wit.resolve.types[error].name.as_deref().unwrap_or_default());
        let Some((.., error, denial)) = TRAPPABLE.iter().find(|(of, ty, ..)| *of == owner && *ty == name)
        else {
            return plain(TRAPS, "nested(&r)", nested);
        };
        let ok = parts.ok.map_or("()".into(), |ty| types::text(wit, module, &ty));
        let (ty, denied) = (format!("Result<{ok}, {error}>"), format!("Err(denial.{denial}())"));
        Self { ty, denied, told: "trappable(&r)".into(), value: told.into() }
    }
}

/// Bytes that the guest got.
fn read(wit: &Wit, name: &str, result: Option<Type>) -> &'static str {
    // These move bytes from stream to stream, on the guest's behalf, and say how many.
    if name.ends_with("splice") {
        return "r.as_ref().map_or(0, |n| *n)";
    }
    match result {
        Some(ty) if types::has_bytes(wit, &ty) => "r.as_ref().map_or(0, Describe::bytes)",
        _ => "0",
    }
}

/// What a policy may judge.
fn subjects(name: &str, params: &[(&str, String)]) -> String {
    let mut out = String::new();
    let at = |wanted: &str| params.iter().position(|(name, _)| *name == wanted);
    let files = name.contains("]descriptor") || name.contains("]directory-entry-stream");
    for (i, (param, ty)) in params.iter().enumerate() {
        match *param {
            "new-path" if let Some(dir) = at("new-descriptor") => {
                out += &format!("subjects.path(arg{dir}.rep(), arg{i}.as_bytes());");
            }
            param if files && param.ends_with("path") && ty == "String" => {
                out += &format!("subjects.path(arg0.rep(), arg{i}.as_bytes());");
            }
            "local-address" | "remote-address" => out += &format!("arg{i}.subjects(subjects);"),
            "datagrams" => out += &format!("arg{i}.subjects(subjects);"),
            "name" if name == "resolve-addresses" => out += &format!("subjects.host(&arg{i});"),
            "authority" => out += &format!("if let Some(host) = &arg{i} {{ subjects.host(host); }}"),
            _ => {}
        }
    }
    if out.is_empty() && files && name.contains("]descriptor") {
        out += "subjects.file(arg0.rep());";
    }
    out
}

/// What `after` needs of arguments that the call consumes.
fn note(name: &str) -> &'static str {
    match name {
        "[resource-drop]descriptor" => "let dropped = arg0.rep();",
        _ => "",
    }
}

/// Which file each descriptor stands for, from then on.
fn after(path: &str, name: &str) -> &'static str {
    match (path, name) {
        ("filesystem/preopens", "get-directories") => {
            "if let Ok(list) = &r { for (descriptor, path) in list { self.0.hooks().file(descriptor.rep(), path.as_bytes()); } }"
        }
        (_, "[method]descriptor.open-at") => "if let Ok(new) = &r { self.0.hooks().opened(new.rep()); }",
        (_, "[resource-drop]descriptor") => "if r.is_ok() { self.0.hooks().closed(dropped); }",
        _ => "",
    }
}
