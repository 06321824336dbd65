//! `wasmscope dashboards`, and every query that it writes, asked of a real Prometheus that scrapes a real agent. Needs root.

#[path = "common/agent.rs"]
mod agent;

use agent::{Agent, LONG};
use serde_json::Value;
use std::{fs, path::Path, process::Command, time::Duration};
use wasmscope_dashboards::{ALERTS, Asked, RECORDING, queries};
use wasmscope_testkit::{
    guest, may_skip,
    prometheus::{self, Prometheus},
    require_root, require_runtime, runtimes, wait_until, wasmscope,
};

/// What guests here do not have.
const ABSENT: &str = "workloads in containers";

/// Series that answer the query, with Grafana's variables replaced.
fn series(server: &Prometheus, promql: &str) -> Vec<Value> {
    let promql =
        promql.replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$workload", ".+");
    let answer: Value = serde_json::from_str(&server.query(&promql)).unwrap();
    assert_eq!(answer["status"], "success", "{promql}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

/// Guests that do something of everything that is measured.
fn start_guests(agent: &mut Agent, folder: &Path, socket: &Path, wasmtime: &wasmscope_testkit::Runtime) {
    let program = wasmtime.command(&guest("spin"), [""; 0]).get_program().to_owned();
    let in_folder = format!("--dir={}::.", folder.display());
    let run = |agent: &mut Agent, options: &[&str], name: &str, args: &[&str]| {
        let mut command = Command::new(&program);
        agent.run(command.arg("run").args(options).arg(guest(name)).args(args));
    };
    run(agent, &[], "spin", &["60"]);
    run(agent, &[], "traps", &["oob"]);
    fs::write(folder.join("busy-input.txt"), "hello").unwrap();
    run(agent, &[&in_folder], "busy-files", &["50", "pause", "300"]);
    let inner = folder.join("a/b/c");
    fs::create_dir_all(&inner).unwrap();
    run(agent, &[&format!("--dir={}::.", inner.display())], "path-probing", &[]);

    run(agent, &[], "sleeper", &["60"]);
    agent.say("victim=$!\n");
    assert!(wait_until(|| agent.page().contains("module=\"sleeper.wasm\""), LONG));
    agent.say("kill -KILL $victim\n");

    let guarded = folder.join("guarded.wasm");
    let instrument = Command::new(wasmscope())
        .args(["instrument", "--pass", "calls,canaries", "--on-violation", "record", "-o"])
        .args([&guarded, &guest("stack-smash")])
        .status();
    assert!(instrument.unwrap().success());
    agent.run(&wasmtime.command(&guarded, ["60000"]));

    let policy = folder.join("policy.toml");
    let allowed = "version = 1\n[default]\ncapabilities = [\"stdio\", \"arguments\", \"clock\", \"exit\"]\n";
    fs::write(&policy, allowed).unwrap();
    let mut refused = Command::new(wasmscope());
    refused.arg("run").arg(format!("--agent={}", socket.display())).arg("--policy").arg(&policy);
    agent.run(refused.arg(guest("busy-files")).args(["1", "pause", "300"]));
}

#[test]
fn every_panel_and_variable_has_series_and_alerts_fire() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    if let Some(missing) = prometheus::missing() {
        return may_skip("every_panel_and_variable_has_series_and_alerts_fire", missing, true);
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("hooks");
    let mut agent = Agent::with(&[&format!("--hooks={}", socket.display())]);
    let server = Prometheus::with_rules(&[agent.address], &[RECORDING, ALERTS]);
    start_guests(&mut agent, folder.path(), &socket, &wasmtime);

    let mut empty = Vec::new();
    let absent = |asked: &Asked| asked.needs == Some(ABSENT);
    let all = wait_until(
        || {
            std::thread::sleep(Duration::from_millis(500));
            empty = queries().filter(|asked| series(&server, &asked.promql).is_empty()).collect();
            empty.iter().all(absent)
        },
        2 * LONG,
    );
    assert!(all, "without series: {empty:#?}");
    // Otherwise nobody would notice that it could be asked for.
    assert_eq!(empty.len(), queries().filter(absent).count(), "{empty:#?}");

    let firing = |alert: &str| {
        !series(&server, &format!("ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}")).is_empty()
    };
    for alert in ["WasmscopeHighDetection", "WasmscopeGuestViolation", "WasmscopeHostCallsDenied"] {
        assert!(wait_until(|| firing(alert), LONG), "{alert}: {}", server.query("ALERTS"));
    }
    for silent in ["WasmscopeAgentDown", "WasmscopeQueueFills", "WasmscopeDetectionsNotNamed"] {
        assert!(!firing(silent), "{silent}: {}", server.query("ALERTS"));
    }
    let recorded = || series(&server, "count by (__name__) ({__name__=~\".+:wasmscope_.+:.+\"})");
    let all = || recorded().len() == RECORDING.matches("- record:").count();
    assert!(wait_until(all, LONG), "{:#?}", recorded());
    let log = server.log();
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");
}

#[test]
fn files_are_written_whole_and_again_over_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("not yet/there");
    let write = || Command::new(wasmscope()).arg("dashboards").arg(&target).output().unwrap();
    for _ in 0..2 {
        let done = write();
        assert!(done.status.success(), "{done:?}");
        let said = String::from_utf8(done.stdout).unwrap();
        assert_eq!(said.lines().count(), wasmscope_dashboards::files("", "").len(), "{said}");
        assert!(said.lines().all(|path| Path::new(path).is_file()), "{said}");
    }
    let provider = fs::read_to_string(target.join("grafana/provisioning/dashboards/wasmscope.yaml")).unwrap();
    assert!(provider.contains(&format!("path: \"{}/grafana/dashboards\"", target.display())), "{provider}");
    // Nothing but the files: no temporary one is left.
    let left = fs::read_dir(target.join("grafana/dashboards")).unwrap().count();
    assert_eq!(
        left,
        wasmscope_dashboards::files("", "").iter().filter(|f| f.path.ends_with(".json")).count()
    );
}

#[test]
fn what_cannot_be_written_to_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let ask = |args: &[&str]| Command::new(wasmscope()).arg("dashboards").args(args).output().unwrap();
    let path = file.to_str().unwrap();
    let done = ask(&[path]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), said.contains(path)), (Some(2), true), "{said}");
    for wrong in ["127.0.0.1:9090", "http://", "http://a b", "file:///etc/passwd"] {
        let done = ask(&["--prometheus", wrong, folder.path().join("x").to_str().unwrap()]);
        assert_eq!(done.status.code(), Some(2), "{wrong}: {done:?}");
        assert!(!folder.path().join("x").exists());
    }
}
