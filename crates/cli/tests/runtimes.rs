//! Every runtime that can be had, in every configuration that matters: recognised, how, which version, module,
//! functions, memory. `make test` runs those that install within a minute, `make test-runtimes` all of them.

mod common;

use common::{events, events_until, latest, sha256sum, watching};
use serde_json::Value;
use std::{path::PathBuf, process::Command, time::Duration};
use wasmscope_testkit::{Running, Runtime, component, guest, may_skip, require_root, runtimes};

const KIB: u64 = 1024;

/// What must be seen of one configuration.
struct Case {
    configuration: &'static str,
    runtime: &'static str,
    command: Option<Command>,
    /// The module file that must be identified, unless nothing can lead to it.
    module: Option<PathBuf>,
    /// Guest functions that must be named.
    functions: &'static [&'static str],
    /// Bytes of linear memory.
    memory: Option<u64>,
    /// The version must begin so.
    version: &'static str,
}

fn case(configuration: &'static str, runtime: &'static str, found: Result<Command, impl ToString>) -> Case {
    Case {
        configuration,
        runtime,
        command: found
            .map_err(|missing| may_skip(&format!("runtimes::{configuration}"), missing.to_string(), false))
            .ok(),
        module: Some(guest("spin")),
        functions: &[],
        memory: Some(64 * KIB),
        version: "",
    }
}

/// The spinning guest for so long that a look in between is certain.
fn spin(runtime: Runtime) -> Command {
    runtime.command(&guest("spin"), ["8"])
}

const SPIN: &[&str] = &["_start", "run", "inner"];

fn wasmtime_cases() -> Vec<Case> {
    let with =
        |option: &'static str| runtimes::wasmtime().map(|r| spin(r.option("-Ccache=n").option(option)));
    let wasmtime = |configuration, found| Case {
        functions: SPIN,
        version: "49",
        ..case(configuration, "wasmtime", found)
    };
    vec![
        wasmtime("wasmtime CLI", with("-Ccompiler=cranelift")),
        wasmtime("wasmtime CLI, warm cache", runtimes::wasmtime().map(spin)),
        wasmtime("wasmtime CLI, Winch", with("-Ccompiler=winch")),
        wasmtime("wasmtime CLI, Pulley", with("--target=pulley64")),
        wasmtime("wasmtime CLI, pooling", with("-Opooling-allocator=y")),
        wasmtime("wasmtime CLI, .cwasm", runtimes::wasmtime().map(precompiled)).module(cwasm()),
        wasmtime(
            "wasmtime CLI, component",
            runtimes::wasmtime().map(|r| r.option("-Ccache=n").command(&component("spin"), ["8"])),
        )
        .module(component("spin"))
        // The preview 1 adapter gives itself a stack of 128 KiB in the module's memory.
        .memory(Some(192 * KIB)),
        wasmtime(
            "wasmtime CLI, no memory",
            runtimes::wasmtime().map(|r| r.command(&guest("no-memory"), ["8"])),
        )
        .module(guest("no-memory"))
        .functions(&["f"])
        .memory(None),
        wasmtime("wasmtime CLI, renamed", runtimes::wasmtime().map(renamed)),
        Case {
            version: "48.0.8",
            functions: SPIN,
            ..case("wasmtime 48 CLI", "wasmtime", runtimes::wasmtime48().map(spin))
        },
        Case {
            version: "50",
            functions: SPIN,
            ..case("wasmtime in Python", "wasmtime", runtimes::python_wasmtime().map(spin))
        },
    ]
}

fn embedded_cases() -> Vec<Case> {
    let with = |options: &[&'static str]| {
        runtimes::wasmtime_embed().map(|r| spin(options.iter().fold(r, |r, option| r.option(option))))
    };
    let embedded = |configuration, options: &[&'static str]| Case {
        functions: SPIN,
        version: "48.0.8",
        ..case(configuration, "wasmtime", with(options))
    };
    vec![
        embedded("wasmtime embedded, static, stripped", &[]),
        embedded("wasmtime embedded, Winch", &["--strategy", "winch"]),
        embedded("wasmtime embedded, Pulley", &["--strategy", "pulley"]),
        embedded("wasmtime embedded, pooling", &["--pooling"]),
        // Compiled into a temporary file that is not there any more when anybody could compare it.
        embedded("wasmtime embedded, .cwasm", &["--cwasm"]).no_module(),
        Case { version: "", ..case("wasmi embedded, stripped", "wasmi", runtimes::wasmi_embed().map(spin)) }
            .memory(None),
    ]
}

fn other_cases() -> Vec<Case> {
    vec![
        case("wasmer in Python", "wasmer", runtimes::python_wasmer().map(spin)),
        case("wasmer CLI", "wasmer", runtimes::wasmer_cli().map(spin)),
        // Compiled ahead of time into a format of its own: the .wasm is not there any more.
        case("wamr, AOT", "wamr", runtimes::wamr().map(spin)).no_module(),
        case("wasmi CLI", "wasmi", runtimes::wasmi().map(spin)).memory(None),
        case("Node", "v8", runtimes::node().map(spin)),
        case("Deno", "v8", runtimes::deno().map(spin)),
        case("Bun", "jsc", runtimes::bun().map(spin)),
    ]
}

impl Case {
    fn module(self, path: PathBuf) -> Self {
        Self { module: Some(path), ..self }
    }
    fn no_module(self) -> Self {
        Self { module: None, ..self }
    }
    fn functions(self, functions: &'static [&'static str]) -> Self {
        Self { functions, ..self }
    }
    fn memory(self, memory: Option<u64>) -> Self {
        Self { memory, ..self }
    }
}

fn cwasm() -> PathBuf {
    guest("spin").with_extension("cwasm")
}

fn precompiled(runtime: Runtime) -> Command {
    let mut compile = Command::new(runtime.program());
    compile.args(["compile", "-o"]).arg(cwasm()).arg(guest("spin"));
    assert!(compile.status().expect("wasmtime starts").success());
    runtime.option("--allow-precompiled").command(&cwasm(), ["8"])
}

/// The same program under a name that says nothing.
fn renamed(runtime: Runtime) -> Command {
    let copy = guest("spin").with_file_name("service");
    let _ = std::fs::remove_file(&copy);
    std::fs::hard_link(runtime.program(), &copy)
        .or_else(|_| std::fs::copy(runtime.program(), &copy).map(drop))
        .expect("a copy of the runtime");
    let mut command = Command::new(copy);
    command.arg("run").arg(guest("spin")).arg("8");
    command
}

/// Watches one configuration and says what is wrong, with the row of the table.
fn check(case: &Case, command: &Command) -> (String, Vec<String>) {
    let running = Running::spawn(watching(command));
    let seen = events_until(&running, Duration::from_secs(60), |events| {
        latest(events).is_some_and(|w| complaints(case, w, events).is_empty())
            || !common::named(events, "workload.exited").is_empty()
    });
    let Some(workload) = latest(&seen) else {
        return (row(case, None, &[]), vec!["not recognised at all".into()]);
    };
    let mut complaints = complaints(case, workload, &seen);
    let functions = functions_of(workload);
    for name in case.functions {
        if !functions.iter().any(|f| f == name) {
            complaints.push(format!("function {name} is not among {functions:?}"));
        }
    }
    (row(case, Some(workload), &functions), complaints)
}

/// What is not (yet) as it should be.
fn complaints(case: &Case, workload: &Value, events: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |what: &str, holds: bool, is: &Value| {
        if !holds {
            found.push(format!("{what}: {is}"));
        }
    };
    let runtime = &workload["wasm.runtime.name"];
    expect("runtime", runtime == case.runtime, runtime);
    let version = &workload["wasm.runtime.version"];
    expect("version", version.as_str().unwrap_or("").starts_with(case.version), version);
    if let Some(module) = &case.module {
        let first = &workload["wasm.modules"][0];
        expect("module hash", first["wasm.module.sha256"].as_str() == Some(&sha256sum(module)), first);
        expect("module path", first["wasm.module.path"].as_str() == module.to_str(), first);
    }
    if let Some(bytes) = case.memory {
        let memories = &workload["wasm.memories"];
        let told = memories.as_array().into_iter().flatten();
        // Its later sizes are told by events of their own.
        let grown = common::named(events, "workload.memory.grown");
        let mut sizes = told.chain(grown).map(|m| &m["wasm.memory.size"]);
        expect("memory", sizes.any(|size| size == bytes), memories);
    }
    found
}

/// Names of guest functions, asked from `inspect` while the workload runs.
fn functions_of(workload: &Value) -> Vec<String> {
    let pid = workload["process.pid"].to_string();
    let output = common::run(&["inspect", "--json", "--functions", "all", &pid]);
    let page: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let images = page["wasm.functions"].as_array().cloned().unwrap_or_default();
    let functions = images.iter().flat_map(|image| image["functions"].as_array().into_iter().flatten());
    functions.filter_map(|f| f["wasm.function.name"].as_str().map(str::to_owned)).collect()
}

fn row(case: &Case, workload: Option<&Value>, functions: &[String]) -> String {
    let Some(w) = workload else { return format!("| {} | no | | | | | |", case.configuration) };
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let mut signals: Vec<_> =
        w["wasm.recognition.evidence"].as_array().into_iter().flatten().map(|e| text(&e["signal"])).collect();
    signals.dedup();
    let module = &w["wasm.modules"][0];
    let module = match module["wasm.module.sha256"].as_str() {
        Some(hash) => format!("{:.8} ({})", hash, text(&module["wasm.module.origin"])),
        None => "unknown".into(),
    };
    let memory: u64 = w["wasm.memories"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|m| m["wasm.memory.size"].as_u64())
        .sum();
    format!(
        "| {} | {} ({} %) | {} | {} | {module} | {} | {} |",
        case.configuration,
        text(&w["wasm.runtime.name"]),
        w["wasm.recognition.confidence"],
        signals.join(", "),
        text(&w["wasm.runtime.version"]),
        if functions.is_empty() { "-".into() } else { functions.len().to_string() },
        if memory == 0 { "-".into() } else { format!("{} KiB", memory / KIB) },
    )
}

fn check_all(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    println!("| configuration | recognised | signals | version | module | functions | memory |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for case in cases {
        let Some(command) = &case.command else { continue };
        let (row, complaints) = check(&case, command);
        println!("{row}");
        wrong.extend(complaints.into_iter().map(|c| format!("{}: {c}", case.configuration)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn unmodified_wasmtime_in_its_configurations() {
    require_root!();
    check_all(wasmtime_cases().into_iter().filter(|c| c.configuration != "wasmtime 48 CLI").collect());
}

#[test]
fn other_runtimes() {
    require_root!();
    check_all(other_cases());
}

#[test]
#[ignore = "runtimes that are built from source: make test-runtimes"]
fn every_runtime() {
    require_root!();
    check_all(wasmtime_cases().into_iter().chain(embedded_cases()).chain(other_cases()).collect());
}

/// Hosts without Wasm, and what makes them workloads.
#[test]
fn a_host_becomes_a_workload_when_it_runs_a_module() {
    require_root!();
    for (name, host) in [("node", runtimes::node()), ("deno", runtimes::deno()), ("bun", runtimes::bun())] {
        let Ok(host) = host else {
            may_skip("hosts", format!("{name} is missing"), true);
            continue;
        };
        let mut plain = Running::spawn(watching(&host.script_command("js/plain.js", ["2"])));
        plain.wait(Duration::from_secs(30));
        let seen = events(&plain.output());
        assert!(latest(&seen).is_none(), "{name} without Wasm was called a workload:\n{}", plain.output());

        let inline = Running::spawn(watching(&host.script_command("js/inline.js", ["6"])));
        events_until(&inline, Duration::from_secs(30), |events| {
            latest(events).is_some_and(|w| !w["wasm.memories"].as_array().is_none_or(Vec::is_empty))
        });
    }
}

/// A Python that only imports the package is a host; one second later it runs a module.
#[test]
fn python_becomes_a_workload_when_it_runs_a_module() {
    require_root!();
    for (name, host) in [("wasmtime", runtimes::python_wasmtime()), ("wasmer", runtimes::python_wasmer())] {
        let Ok(host) = host else {
            may_skip("python hosts", format!("{name} is missing"), true);
            continue;
        };
        let started = std::time::Instant::now();
        let running = Running::spawn(watching(&spin(host)));
        let seen = events_until(&running, Duration::from_secs(30), |events| latest(events).is_some());
        assert!(
            started.elapsed() > Duration::from_secs(1),
            "{name}: called a workload before it ran anything"
        );
        assert_eq!(latest(&seen).unwrap()["wasm.runtime.name"], name);
    }
}
