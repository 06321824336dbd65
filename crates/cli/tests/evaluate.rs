//! `wasmscope evaluate`: a few guests of the corpus from every vantage point, and corpora with guests that hang, that nobody
//! described, that are expected to be told and are not.

#[path = "common/kit.rs"]
mod kit;

use kit::{Done, PATIENCE, Started, run, wasmscope};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;
use wasmscope_testkit::{guest, require_root, require_runtime, runtimes, workspace_root};

/// Runs it; the result as JSON.
fn evaluate(corpus: &Path, options: &[&str]) -> (Done, Value) {
    let folder = TempDir::new().unwrap();
    let (json, markdown) = (folder.path().join("result.json"), folder.path().join("table.md"));
    let mut command = wasmscope(["evaluate"]);
    command.arg(corpus).arg("--json").arg(&json).arg("--markdown").arg(&markdown);
    command.arg("--built").arg(workspace_root().join("target/guests")).args(options);
    let done = Started::spawn(command).finish_within(10 * PATIENCE);
    let result = fs::read_to_string(&json).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    assert_eq!(result.is_null(), !markdown.exists(), "one is written without the other");
    (done, result)
}

/// The cell of a guest from a vantage point.
fn cell<'a>(result: &'a Value, name: &str, vantage: &str) -> &'a Value {
    let guests = result["guests"].as_array().unwrap();
    let guest =
        guests.iter().find(|guest| guest["name"] == name).unwrap_or_else(|| panic!("{name}: {result:#}"));
    guest["cells"].as_array().unwrap().iter().find(|cell| cell["vantage"] == vantage).unwrap()
}

fn names(cell: &Value) -> Vec<&str> {
    cell["found"].as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect()
}

/// A module that does nothing, and one that does it without an end.
const IDLE: &str = "(module (memory (export \"memory\") 1) (func (export \"_start\")))";
const HANGING: &str =
    "(module (memory (export \"memory\") 1) (func (export \"_start\") (loop $again (br $again))))";

/// Writes a module, and what is known of it.
fn add(corpus: &Path, folder: &str, wat: &str, metadata: Option<&str>) {
    let folder = corpus.join(folder);
    fs::create_dir_all(&folder).unwrap();
    let name = folder.file_name().unwrap().to_str().unwrap();
    fs::write(folder.join(format!("{name}.wasm")), wat::parse_str(wat).unwrap()).unwrap();
    if let Some(text) = metadata {
        fs::write(folder.join("workload.toml"), text).unwrap();
    }
}

#[test]
fn a_few_guests_are_told_from_where_they_must_be() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    for name in ["path-probing", "stack-smash", "dropper", "sleeper"] {
        guest(name);
    }
    let runtime = format!("wasmtime={}", wasmtime.program().display());
    let mut options = vec!["--runtime", &runtime];
    for name in ["path-probing", "stack-smash", "dropper", "sleeper"] {
        options.extend(["--guest", name]);
    }
    let (done, result) = evaluate(&workspace_root().join("workloads"), &options);
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(result["summary"]["detected"], 3, "{result:#}");
    for (name, vantage, by) in [
        ("path-probing", "kernel", "path-escape-probing"),
        ("path-probing", "boundary", "boundary-path-refused"),
        ("stack-smash", "guest", "canaries"),
        ("dropper", "module", "embedded-executable"),
    ] {
        let cell = cell(&result, name, vantage);
        assert!(cell["verdict"] == "detected" && names(cell).contains(&by), "{name}: {cell:#}");
    }
    let probing = cell(&result, "path-probing", "kernel");
    let times = &probing["found"][0];
    let (act, start) =
        (times["act_ms"]["median"].as_f64().unwrap(), times["start_ms"]["median"].as_f64().unwrap());
    assert!(act > 0.0 && start >= act, "{times:#}");
    let smash = cell(&result, "stack-smash", "kernel");
    assert!(smash["verdict"] == "not-applicable" && smash["reason"].is_string(), "{smash:#}");
    let sleeper = cell(&result, "sleeper", "kernel");
    assert_eq!(sleeper["verdict"], "quiet", "{sleeper:#}");
    assert!(sleeper["unwatched_seconds"][0].as_f64().unwrap() >= 2.0, "{sleeper:#}");
    assert!(sleeper["workload_seconds"].as_f64().unwrap() >= 1.9, "{sleeper:#}");
}

#[test]
fn one_that_hangs_is_stopped_and_one_that_nobody_described_is_run() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let corpus = TempDir::new().unwrap();
    add(
        corpus.path(),
        "attack/hanging",
        HANGING,
        Some("title = \"hangs\"\nthreats = [\"C8\"]\n[run]\nseconds = 2\n"),
    );
    add(corpus.path(), "loose", IDLE, None);
    let runtime = format!("wasmtime={}", wasmtime.program().display());
    let (done, result) = evaluate(corpus.path(), &["--runtime", &runtime, "--vantage", "kernel"]);
    assert_eq!(done.status, 0, "{done:?}");
    let hanging = cell(&result, "hanging", "kernel");
    assert_eq!(hanging["hung"], 1, "{hanging:#}");
    assert!(hanging["reason"].as_str().unwrap().contains("stopped after 2 s; unexplained"), "{hanging:#}");
    let loose = cell(&result, "loose/loose", "kernel");
    assert!(["quiet", "shown"].contains(&loose["verdict"].as_str().unwrap()), "{loose:#}");
    assert!(done.stdout.contains("missed, stopped"), "{done:?}");
}

#[test]
fn what_is_expected_and_missing_or_high_and_wrong_is_status_1() {
    let corpus = TempDir::new().unwrap();
    add(
        corpus.path(),
        "attack/idle",
        IDLE,
        Some("title = \"x\"\nthreats = [\"E2\"]\nmodule.expect = [\"packed-data\"]\n"),
    );
    let (done, result) = evaluate(corpus.path(), &["--vantage", "module"]);
    assert_eq!(done.status, 1, "{done:?}");
    assert!(
        done.stdout.contains("NOT AS EXPECTED  idle from the module: not told by packed-data"),
        "{done:?}"
    );
    assert_eq!(cell(&result, "idle", "module")["missing"][0], "packed-data");

    let corpus = TempDir::new().unwrap();
    let ordinary = corpus.path().join("benign");
    fs::create_dir(&ordinary).unwrap();
    fs::copy(guest("miner-like"), ordinary.join("ordinary.wasm")).unwrap();
    let (done, result) = evaluate(corpus.path(), &["--vantage", "module"]);
    assert_eq!(done.status, 1, "{done:?}");
    assert_eq!(cell(&result, "benign/ordinary", "module")["verdict"], "false-alarm");
    assert!(result["summary"]["false_alarms"][0]["times"]["high"].as_u64().unwrap() >= 1, "{result:#}");
}

#[test]
fn hostile_names_reach_neither_terminal_nor_markdown_as_they_are() {
    let corpus = TempDir::new().unwrap();
    let title = "title = \"\\u001b[2J<script>|`\"\n";
    add(corpus.path(), "benign/\u{1b}[31m<b>|`x`", IDLE, Some(title));
    let markdown = corpus.path().join("table.md");
    let mut command = wasmscope(["evaluate", "--vantage", "module", "--markdown"]);
    command.arg(&markdown).arg(corpus.path());
    let done = run(command);
    let page = fs::read_to_string(markdown).unwrap();
    assert!(done.stdout.contains("<b>"), "{done:?}");
    assert!(!done.stdout.contains('\u{1b}') && !done.stderr.contains('\u{1b}'), "{done:?}");
    assert!(
        !page.contains('\u{1b}') && !page.contains("<b>") && page.contains("&lt;b&gt;\\|\\`x\\`"),
        "{page}"
    );
}

#[test]
fn what_cannot_be_evaluated_is_one_error() {
    let corpus = TempDir::new().unwrap();
    add(corpus.path(), "attack/one", IDLE, Some("title = \"x\"\n[run]\ntimez = 1\n"));
    let path = corpus.path().to_str().unwrap();
    let wrong = run(wasmscope(["evaluate", "--vantage", "module", path]));
    wrong.assert_failed(2, &["one/workload.toml:3: ", "timez"]);
    let nowhere = run(wasmscope(["evaluate", "--vantage", "module", "/nowhere"]));
    nowhere.assert_failed(2, &["/nowhere"]);
    let empty = TempDir::new().unwrap();
    let empty = run(wasmscope(["evaluate", "--vantage", "module", empty.path().to_str().unwrap()]));
    empty.assert_failed(2, &["no guests"]);
    let strange = ["evaluate", "--vantage", "guest", "--runtime", "strange=/bin/true", path];
    run(wasmscope(strange)).assert_failed(2, &["strange", "{guest}"]);
    let missing = ["evaluate", "--vantage", "guest", "--runtime", "wasmtime=/nowhere/wasmtime", path];
    run(wasmscope(missing)).assert_failed(2, &["no such program"]);
    let schema = run(wasmscope(["evaluate", "--json-schema"])).json();
    assert!(schema["properties"]["guests"].is_object(), "{schema:#}");
}
