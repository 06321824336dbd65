//! Preview 1: one host function each, around wasmtime-wasi's own.

use crate::{classes, list::List};
use anyhow::{Result, ensure};
use std::fmt::Write as _;
use witx::{BuiltinType, Document, InterfaceFunc, Layout as _, Type, WasmType};

/// The functions that are `async` in wasmtime-wasi (its `p1.rs`, `wiggle::from_witx!`). A wrong entry does not compile.
const ASYNC: &[&str] = &[
    "fd_advise",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_read",
    "fd_pread",
    "fd_seek",
    "fd_sync",
    "fd_readdir",
    "fd_write",
    "fd_pwrite",
    "poll_oneoff",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "fd_renumber",
];

/// The functions whose first result is how many bytes the guest got, or gave.
const READS: &[&str] = &["fd_read", "fd_pread", "fd_readdir", "path_readlink", "sock_recv"];
const WRITES: &[&str] = &["fd_write", "fd_pwrite", "sock_send"];

/// A parameter, as the guest passes it.
struct Param {
    name: String,
    /// Rust text that turns it into a `Value`; `memory` is in scope.
    value: String,
    /// Rust text of pointer and length.
    text: Option<(String, String)>,
    /// Rust text of a file descriptor.
    fd: Option<String>,
    /// Rust text of pointer and length of the buffers that it writes from.
    gather: Option<(String, String)>,
}

pub(crate) fn generate(document: &Document, list: &mut List) -> Result<String> {
    let module = document.modules().next().expect("one module");
    let name = module.name.as_str();
    let errno = document.typename(&witx::Id::new("errno")).expect("preview 1 has error numbers");
    let Type::Variant(errno) = &**errno.type_() else { anyhow::bail!("errno is no enum") };
    let codes: Vec<_> = errno.cases.iter().map(|case| list.code(case.name.as_str())).collect();
    let mut out = format!("static ERRNO: [Code; {}] = [{}];\n", codes.len(), codes.join(", "));

    list.interface();
    let (mut sync, mut asynchronous) = (String::new(), String::new());
    for f in module.funcs() {
        let (params, results) = describe(&f)?;
        let names: Vec<_> = params.iter().map(|param| param.name.clone()).collect();
        let function = list.function(name, f.name.as_str(), classes::preview1(f.name.as_str()), &names);
        let waits = ASYNC.contains(&f.name.as_str());
        sync.push_str(&definition(name, &f, &function, &params, &results, waits, false));
        asynchronous.push_str(&definition(name, &f, &function, &params, &results, waits, true));
    }
    for (suffix, body) in [("sync", sync), ("async", asynchronous)] {
        writeln!(
            out,
            "pub(crate) fn link_{suffix}<T: Observe + Send + 'static>(
                linker: &mut wasmtime::Linker<T>,
                get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
            ) -> wasmtime::Result<()> {{\n{body}Ok(())\n}}"
        )?;
    }
    Ok(out)
}

/// Where a result goes: Rust text of the address, and how it is read.
type At = (String, &'static str);

/// Parameters, and the addresses of results with their kind.
fn describe(f: &InterfaceFunc) -> Result<(Vec<Param>, Vec<At>)> {
    let mut next = 0;
    let mut arg = || {
        next += 1;
        format!("arg{}", next - 1)
    };
    let mut params = Vec::new();
    for param in &f.params {
        let (value, mut text, mut fd, mut gather) = match &**param.tref.type_() {
            Type::List(of) => {
                let (pointer, length) = (arg(), arg());
                match &**of.type_() {
                    Type::Builtin(BuiltinType::Char) => {
                        (format!("text(memory, {pointer}, {length})"), Some((pointer, length)), None, None)
                    }
                    Type::Record(_) => {
                        (format!("buffers(memory, {pointer}, {length})"), None, None, Some((pointer, length)))
                    }
                    _ => (format!("Value::Bytes({length} as u32 as u64)"), None, None, None),
                }
            }
            Type::Handle(_) => {
                let fd = arg();
                (format!("Value::Handle({fd} as u32)"), None, Some(fd), None)
            }
            Type::Record(record) => match record.bitflags_repr() {
                Some(repr) => {
                    // Narrow flags come as a signed word.
                    let wide = if matches!(repr, witx::IntRepr::U64) { "as u64" } else { "as u32 as u64" };
                    let names: Vec<_> =
                        record.members.iter().map(|m| m.name.as_str().replace('_', "-")).collect();
                    (format!("flags({} {wide}, &{names:?})", arg()), None, None, None)
                }
                None => (format!("Value::Unsigned({} as u32 as u64)", arg()), None, None, None),
            },
            Type::Variant(variant) => {
                let names: Vec<_> = variant.cases.iter().map(|c| c.name.as_str().replace('_', "-")).collect();
                (format!("name({}, &{names:?})", arg()), None, None, None)
            }
            Type::Builtin(BuiltinType::S64) => (format!("Value::Signed({})", arg()), None, None, None),
            Type::Builtin(BuiltinType::U64) => {
                (format!("Value::Unsigned({} as u64)", arg()), None, None, None)
            }
            _ => (format!("Value::Unsigned({} as u32 as u64)", arg()), None, None, None),
        };
        // Only paths are judged by policies; only what is written from is a number of bytes before the call.
        text = text.filter(|_| param.name.as_str().ends_with("path"));
        gather = gather.filter(|_| WRITES.contains(&f.name.as_str()));
        fd = fd.filter(|_| f.name.as_str() != "sock_accept");
        params.push(Param { name: param.name.as_str().into(), value, text, fd, gather });
    }
    let mut results = Vec::new();
    if let Some(result) = f.results.first()
        && let Type::Variant(variant) = &**result.tref.type_()
        && let Some(ok) = variant.cases.first().and_then(|case| case.tref.as_ref())
    {
        match &**ok.type_() {
            Type::Record(record) if record.is_tuple() => {
                for member in &record.members {
                    results.push((arg(), kind(member.tref.type_())));
                }
            }
            other => results.push((arg(), kind(other))),
        }
    }
    let (expected, _) = f.wasm_signature();
    ensure!(
        next == expected.len(),
        "{}: {next} arguments told, {} are there",
        f.name.as_str(),
        expected.len()
    );
    Ok((params, results))
}

/// How a result in memory is read.
fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Handle(_) => "Handle",
        Type::Record(_) => "Opaque",
        other if other.mem_size() == 8 => "Wide",
        _ => "Word",
    }
}

/// `linker.func_wrap…` of one function.
fn definition(
    module: &str,
    f: &InterfaceFunc,
    function: &str,
    params: &[Param],
    results: &[(String, &str)],
    waits: bool,
    asynchronous: bool,
) -> String {
    let name = f.name.as_str();
    let (wasm, returned) = f.wasm_signature();
    let types: Vec<_> = wasm.iter().map(|ty| wasm_type(*ty)).collect();
    let names: Vec<_> = (0..types.len()).map(|i| format!("arg{i}")).collect();
    let ret = if returned.is_empty() { "()" } else { "i32" };
    let values: String = params.iter().map(|p| format!("args.push({});", p.value)).collect();
    let subjects = subjects(params);
    let first = match results.first() {
        Some((pointer, _)) => format!("Some({pointer})"),
        None => "None".into(),
    };
    let moved = match name {
        name if READS.contains(&name) => "Moved::Read",
        name if WRITES.contains(&name) => "Moved::Written",
        "random_get" => "Moved::Given(arg1 as u32)",
        _ => "Moved::Nothing",
    };
    let told: String = results
        .iter()
        .map(|(pointer, kind)| format!("result_at(memory, {pointer}, Kind::{kind}),"))
        .collect();
    let passed: String = names.iter().map(|name| format!(", {name}")).collect();
    let call = format!("wasi::{name}(ctx, &mut memory{passed})");
    let call = match (waits, asynchronous) {
        (true, true) => format!("{call}.await"),
        (true, false) => format!("in_tokio({call})"),
        (false, _) => call,
    };
    let used = |name: &'static str, body: &str| if body.contains(name) { name } else { "_" };
    // What wiggle generates for `add_to_linker`, which cannot be wrapped: it takes the memory from its caller.
    let body = format!(
        "let fuel = caller.as_context_mut().hostcall_fuel();
        let export = exported(&mut caller);
        let Some((mut memory, data)) = memory(&export, &mut caller) else {{ return without_memory(&mut caller, &{function}) }};
        learn_directories(data, get);
        let call = data.hooks().begin(
            &{function},
            |{a}| {{ {borrow1} {values} }},
            |{s}| {{ {borrow2} {subjects} }},
        );
        let r: wasmtime::Result<{ret}> = match call.denial() {{
            Some(denial) => <{ret}>::refused(denial),
            None => {{
                let ctx = get(data);
                ctx.set_hostcall_fuel(fuel);
                {call}
            }}
        }};
        {after}
        let n = count(&r, &memory, {first}, {moved});
        end(data, call, &r, n, {moved}, || {{ {borrow3} [{told}] }});
        r",
        after = after(name, results),
        a = used("args", &values),
        s = used("subjects", &subjects),
        borrow1 = borrow(&values),
        borrow2 = borrow(&subjects),
        borrow3 = borrow(&told),
    );
    let decls: String = names.iter().zip(&types).map(|(name, ty)| format!(", {name}: {ty}")).collect();
    match waits && asynchronous {
        true => format!(
            "linker.func_wrap_async({module:?}, {name:?}, move |mut caller: wasmtime::Caller<'_, T>, ({names}): ({types})| {{
                Box::new(async move {{ {body} }})
            }})?;\n",
            names = names.iter().map(|n| format!("{n},")).collect::<String>(),
            types = types.iter().map(|t| format!("{t},")).collect::<String>(),
        ),
        false => format!(
            "linker.func_wrap({module:?}, {name:?}, move |mut caller: wasmtime::Caller<'_, T>{decls}| -> wasmtime::Result<{ret}> {{
                {body}
            }})?;\n"
        ),
    }
}

/// The text calls functions that read memory.
fn borrow(text: &str) -> &'static str {
    if text.contains("memory") { "let memory = &memory;" } else { "" }
}

/// What a policy may judge: each path with the directory that it is relative to, else the file itself.
fn subjects(params: &[Param]) -> String {
    let mut out = String::new();
    for (at, param) in params.iter().enumerate() {
        if let Some((pointer, length)) = &param.text {
            let before = params[..at].iter().rev().find_map(|p| p.fd.as_ref());
            let fd = before.or_else(|| params[at..].iter().find_map(|p| p.fd.as_ref())).expect("a directory");
            out += &format!("subjects.path({fd} as u32, &bytes(memory, {pointer}, {length}));");
        }
        if let Some((pointer, length)) = &param.gather {
            out += &format!("subjects.bytes(offered(memory, {pointer}, {length}));");
        }
    }
    if params.iter().all(|param| param.text.is_none())
        && let Some(fd) = params.iter().find_map(|param| param.fd.as_ref())
    {
        out += &format!("subjects.file({fd} as u32);");
    }
    out
}

/// Which file each descriptor stands for, from then on.
fn after(name: &str, results: &[(String, &str)]) -> String {
    match name {
        "path_open" => format!("if let Ok(0) = r {{ opened(data, &memory, {}); }}", results[0].0),
        "fd_close" => "if let Ok(0) = r { data.hooks().closed(arg0 as u32); }".into(),
        "fd_renumber" => "if let Ok(0) = r { data.hooks().renumbered(arg0 as u32, arg1 as u32); }".into(),
        _ => String::new(),
    }
}

fn wasm_type(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 => "i32",
        WasmType::I64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
