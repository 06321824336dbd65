//! The capability envelope: what is outside, what is not, and of what nothing can be said.

mod common;

use common::{events, files, observe, rule};
use wasmscope_detect::{Engine, Limits, RuleSet};

/// Whether `act` of a workload with these modules (JSON) is outside; nothing where that is not known.
fn outside(started: &str, act: &str) -> Option<bool> {
    let kind: serde_json::Value = serde_json::from_str(act).unwrap();
    let events_line = format!("events: [{}]", kind["event.name"].as_str().unwrap());
    let ask = |condition: &str| {
        let own = "about: x\nmeasured: x\nown:\n  - why: x\n    events: [workload.file.opened]\n    \
                   condition: file.path.under('/cache')\n";
        let text = rule(&format!("{events_line}\ncondition: '{condition}'"));
        let files = files(&[("experimental/r/rule.yaml", text), ("envelope/wasmtime.yaml", own.to_owned())]);
        let rules = RuleSet::load(&[files]).unwrap_or_else(|e| panic!("{e}"));
        let mut engine = Engine::new(rules, Limits::default());
        let started = format!(r#"{{"event.name": "workload.started", {started}}}"#);
        !observe(&mut engine, &events(&format!("{started}\n{act}"))).is_empty()
    };
    match (ask("envelope.outside"), ask("!envelope.outside")) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
        (true, true) => panic!("both"),
    }
}

/// A Wasmtime with modules of these capabilities.
fn modules(capabilities: &[&str]) -> String {
    let module = |list: &&str| {
        let names: Vec<_> = list.split_whitespace().map(|name| format!("{name:?}")).collect();
        format!(
            r#"{{"wasm.module.path": "/{list}", "wasm.module.origin": "mapped", "wasm.module.capabilities": [{}]}}"#,
            names.join(",")
        )
    };
    let modules: Vec<_> = capabilities.iter().map(module).collect();
    format!(r#""wasm.runtime.name": "wasmtime", "wasm.modules": [{}]"#, modules.join(","))
}

const OPENED: &str = r#"{"event.name": "workload.file.opened", "file.path": "/srv/a"}"#;
const CACHE: &str = r#"{"event.name": "workload.file.opened", "file.path": "/cache/a"}"#;
const REMOVED: &str = r#"{"event.name": "workload.file.removed", "file.path.requested": "a"}"#;
const CONNECTED: &str = r#"{"event.name": "workload.network.connected", "network.peer.port": 1}"#;
const CALLED: &str = r#"{"event.name": "workload.call.sensitive", "syscall.name": "ptrace"}"#;

#[test]
fn an_act_is_outside_where_no_module_asks_for_it_and_the_runtime_does_not_need_it() {
    assert_eq!(outside(&modules(&["stdio exit"]), OPENED), Some(true));
    assert_eq!(outside(&modules(&["stdio exit"]), CACHE), Some(false));
    assert_eq!(outside(&modules(&["stdio", "read-files"]), OPENED), Some(false), "any of its modules");
    assert_eq!(outside(&modules(&["read-files"]), REMOVED), Some(true));
    assert_eq!(outside(&modules(&["read-files write-files"]), CONNECTED), Some(true));
    assert_eq!(outside(&modules(&["http-client"]), CONNECTED), Some(false));
    assert_eq!(outside(&modules(&["read-files connect listen processes"]), CALLED), Some(true));
}

#[test]
fn without_a_bound_nothing_is_said() {
    assert_eq!(outside(r#""wasm.runtime.name": "wasmtime""#, OPENED), None, "no module");
    let unread = r#""wasm.runtime.name": "wasmtime", "wasm.modules": [{"wasm.module.origin": "mapped"}]"#;
    assert_eq!(outside(unread, OPENED), None, "a module that nobody looked into");
    assert_eq!(outside(&modules(&["stdio", "custom-host-function"]), OPENED), None);
    assert_eq!(outside(&modules(&["stdio"; 5]), OPENED), None, "more modules than are kept");
    let image = r#""wasm.images": [{"wasm.image.base": 1, "wasm.image.size": 1, "wasm.image.kind": "module",
        "wasm.image.text.base": 1, "wasm.image.text.size": 1, "wasm.image.modules": 1, "wasm.image.functions": 1}]"#;
    let unknown_code = format!("{}, {}", modules(&["stdio"]), image.replace('\n', " "));
    assert_eq!(outside(&unknown_code, OPENED), None, "code of no known file");
    let nameless = modules(&["stdio"]).replace(r#""wasm.runtime.name": "wasmtime", "#, "");
    assert_eq!(outside(&nameless, OPENED), None, "an unknown runtime");
}
