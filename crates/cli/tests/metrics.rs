//! Metrics of a whole agent that watches real guests, scraped by curl's likes and by a real Prometheus. Needs root.

#[path = "common/agent.rs"]
mod agent;

use agent::{Agent, LONG, get, value};
use std::{
    io::{BufRead as _, BufReader, Write as _, stderr},
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use wasmscope_testkit::{
    component, guest, may_skip, prometheus, prometheus::Prometheus, require_root, require_runtime, runtimes,
    wait_until, wasmscope,
};

/// The series of the one workload whose module has this name.
fn workload(page: &str, module: &str) -> Option<String> {
    let line = page
        .lines()
        .find(|l| l.starts_with("wasmscope_workload_info") && l.contains(&format!("module=\"{module}\"")))?;
    line.split_once("workload=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id.to_owned())
}

/// An instrumented guest in unmodified runtimes: the violation that it recorded can be had from outside, while it runs.
#[test]
fn what_a_module_counts_of_itself_is_in_the_numbers() {
    require_root!();
    let dir = tempfile::tempdir().unwrap();
    let guarded = dir.path().join("guarded.wasm");
    let instrument = Command::new(wasmscope())
        .args(["instrument", "--pass", "calls,canaries", "--on-violation", "record", "-o"])
        .args([&guarded, &guest("stack-smash")])
        .status();
    assert!(instrument.unwrap().success());
    let installed = [runtimes::wasmtime(), runtimes::python_wasmer(), runtimes::bun()];
    for runtime in installed {
        let runtime = require_runtime!(runtime);
        let mut agent = Agent::start();
        agent.run(&runtime.command(&guarded, ["20000"]));
        let result = |page: &str, name: &str| {
            let mut lines = page.lines().filter(|l| l.starts_with("wasmscope_workload_guest_result{"));
            let line = lines.find(|l| l.contains(&format!("result=\"{name}\"")))?;
            line.rsplit(' ').next()?.parse::<f64>().ok()
        };
        let smashed = wait_until(|| result(&agent.page(), "violations") == Some(1.0), LONG);
        let page = agent.page();
        assert!(smashed, "{}: {page}", runtime.name());
        assert!(result(&page, "calls.total").unwrap() > 1.0, "{page}");

        let pid = page.lines().find(|l| l.starts_with("wasmscope_workload_info")).unwrap();
        let pid = pid.split("pid=\"").nth(1).unwrap().split('"').next().unwrap();
        let inspect = |args: &[&str]| {
            let output = Command::new(wasmscope()).arg("inspect").args(args).arg(pid).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let told: serde_json::Value = serde_json::from_str(&inspect(&["--json"])).unwrap();
        let counters = &told["wasm.counters"][0];
        assert_eq!(counters["passes"], serde_json::json!(["calls", "canaries"]), "{told}");
        assert_eq!(counters["violations"][0]["kind"], "stack smashed", "{counters}");
        assert_eq!(counters["results"]["violations"], 1, "{counters}");
        assert!(inspect(&[]).contains("VIOLATION stack smashed in function"), "{}", inspect(&[]));
    }
}

#[test]
fn a_guests_work_is_in_the_numbers() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let dir = tempfile::tempdir().unwrap();
    let mut agent = Agent::start();
    let map = format!("--dir={}::.", dir.path().display());
    let program = wasmtime.command(&guest("busy-files"), [""; 0]).get_program().to_owned();
    let mut busy = Command::new(&program);
    busy.args(["run", &map]).arg(guest("busy-files")).args(["3", "pause", "300"]);
    std::fs::write(dir.path().join("busy-input.txt"), "hello").unwrap();
    agent.run(&busy);
    let mut grow = Command::new(&program);
    grow.arg("run").arg(guest("grow"));
    agent.run(&grow);
    let mut traps = Command::new(&program);
    traps.arg("run").arg(guest("traps")).arg("oob");
    agent.run(&traps);

    let ended = |agent: &Agent| agent.value("wasmscope_workloads_exited_total{kind=\"code\"}") == Some(3.0);
    // While it runs: memory, threads, descriptors.
    assert!(wait_until(|| workload(&agent.page(), "grow.wasm").is_some(), LONG));
    let page = agent.page();
    let growing = workload(&page, "grow.wasm").unwrap();
    let of = |page: &str, metric: &str, id: &str, labels: &str| {
        value(page, &format!("wasmscope_workload_{metric}{{workload=\"{id}\"{labels}}}"))
    };
    assert_eq!(of(&page, "linear_memory_limit_bytes", &growing, ""), Some(4.0 * 1024.0 * 1024.0));
    assert!(of(&page, "linear_memory_bytes", &growing, "").unwrap() >= 65536.0);
    assert!(of(&page, "resident_bytes", &growing, "").unwrap() > 1e6);
    assert!(of(&page, "threads", &growing, "").unwrap() >= 1.0);
    assert!(of(&page, "open_descriptors", &growing, "").unwrap() >= 3.0);
    assert_eq!(of(&page, "running", &growing, ""), Some(1.0));

    // When they have ended: what they did, exactly where the guest began after it was known.
    assert!(wait_until(|| ended(&agent), LONG), "{}", agent.page());
    let page = agent.page();
    let busy = workload(&page, "busy-files.wasm").unwrap();
    let calls = |call: &str| of(&page, "syscalls_total", &busy, &format!(",call=\"{call}\""));
    let rounds = calls("linkat").unwrap();
    assert!((1.0..=3.0).contains(&rounds), "{rounds}");
    assert_eq!(calls("mkdirat"), Some(rounds));
    assert_eq!(calls("pwrite64"), Some(rounds));
    assert_eq!(of(&page, "syscall_errors_total", &busy, ",errno=\"EXDEV\""), Some(rounds));
    // Wasmtime itself may write to its cache.
    let written = of(&page, "io_operations_total", &busy, ",kind=\"file\",direction=\"write\"").unwrap();
    assert!((rounds..rounds + 5.0).contains(&written), "{written}");
    // Which mode it was the kernel tells by ticks, and so short a run may have had none in one of them.
    let cpu = |mode| of(&page, "cpu_seconds_total", &busy, &format!(",mode=\"{mode}\"")).unwrap();
    assert!(cpu("user") + cpu("system") > 0.0);
    assert!(of(&page, "page_faults_total", &busy, ",kind=\"minor\"").unwrap() > 10.0);
    let trapped = workload(&page, "traps.wasm").unwrap();
    assert_eq!(of(&page, "traps_total", &trapped, ",kind=\"MemoryOutOfBounds\""), Some(1.0), "{page}");
    assert_eq!(of(&page, "running", &trapped, ""), Some(0.0));
    if let Some(missing) = prometheus::missing() {
        may_skip("promtool", missing, true);
    } else {
        assert_eq!(prometheus::check_metrics(&page), "");
    }
}

#[test]
fn bytes_on_sockets_are_network_bytes() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut net = Command::new(wasmtime.command(&guest("spin"), [""; 0]).get_program());
    net.args(["run", "-S", "inherit-network"]).arg(component("net"));
    net.args(["pause", "1000", "tcp", "127.0.0.1", &port]);
    agent.run(&net);
    let (mut stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    stream.write_all(b"answer\n").unwrap();
    drop(stream);
    assert!(
        wait_until(|| agent.value("wasmscope_workloads_exited_total") == Some(1.0), LONG),
        "{}",
        agent.page()
    );
    let page = agent.page();
    let id = workload(&page, "net.component.wasm").unwrap();
    let bytes = |kind: &str, direction: &str| {
        let labels = format!("workload=\"{id}\",kind=\"{kind}\",direction=\"{direction}\"");
        value(&page, &format!("wasmscope_workload_io_bytes_total{{{labels}}}"))
    };
    assert_eq!(bytes("network", "write"), Some(line.len() as f64), "{page}");
    assert_eq!(bytes("network", "read"), Some(7.0), "{page}");
    assert_eq!(bytes("file", "write"), Some(0.0), "{page}");
}

#[test]
fn cpu_time_is_told_by_module() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let dir = tempfile::tempdir().unwrap();
    let mut agent = Agent::start();
    let fifo = dir.path().join("input");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let command = python.script_command("python/two_modules.py", [dir.path().to_str().unwrap()]);
    // It stays until its input ends, so that it is asked while it lives.
    agent.say(&format!("sleep 60 >'{}' &\n", fifo.display()));
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    agent.say(&format!("{} <'{}' &\n", words.join(" "), fifo.display()));

    let seconds = |page: &str, module: &str| {
        let id = workload(page, "often.wasm").or_else(|| workload(page, "seldom.wasm"))?;
        value(
            page,
            &format!("wasmscope_workload_guest_cpu_seconds_total{{workload=\"{id}\",module=\"{module}\"}}"),
        )
    };
    let mut last = (0.0, 0.0);
    // Until neither goes on.
    let steady = wait_until(
        || {
            std::thread::sleep(Duration::from_millis(1500));
            let page = agent.page();
            let now =
                (seconds(&page, "often.wasm").unwrap_or(0.0), seconds(&page, "seldom.wasm").unwrap_or(0.0));
            let same = now == last && now.1 > 0.0;
            last = now;
            same
        },
        Duration::from_secs(60),
    );
    assert!(steady, "{}", agent.page());
    let (often, seldom) = last;
    let ratio = often / seldom;
    assert!((2.3..3.9).contains(&ratio), "{often} s and {seldom} s: {ratio}");
}

#[test]
fn a_real_prometheus_scrapes_a_real_agent() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    if let Some(missing) = prometheus::missing() {
        return may_skip("a_real_prometheus_scrapes_a_real_agent", missing, true);
    }
    let mut agent = Agent::start();
    let server = Prometheus::scraping(&[agent.address]);
    agent.run(&wasmtime.command(&guest("spin"), ["15"]));
    let cpu = "sum by (module) (rate(wasmscope_workload_cpu_seconds_total[5s]) * on (workload) group_left (module) \
               wasmscope_workload_info{runtime=\"wasmtime\"})";
    let busy = || {
        let answer: serde_json::Value = serde_json::from_str(&server.query(cpu)).unwrap();
        let result = &answer["data"]["result"][0];
        let cores: Option<f64> = result["value"][1].as_str().and_then(|v| v.parse().ok());
        result["metric"]["module"] == "spin.wasm" && cores.is_some_and(|cores| (0.2..1.3).contains(&cores))
    };
    assert!(wait_until(busy, LONG), "{}\n{}", server.query(cpu), server.log());
    let probes = server.query("wasmscope_agent_probe_state{state=\"active\"} == 1");
    assert!(probes.contains("\"calls\"") && probes.contains("\"lifecycle\""), "{probes}");
    let types = server.query("count({__name__=~\"wasmscope_.+\"})");
    assert!(types.contains("success"), "{types}");
}

#[test]
fn scrapes_while_workloads_come_and_go() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let mut agent = Agent::start();
    let start = Instant::now();
    let hello = wasmtime.command(&guest("stamp"), [""; 0]);
    let mut scrapes = 0;
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        for _ in 0..10 {
            agent.run(&hello);
        }
        let asked = Instant::now();
        let page = get(agent.address, "/metrics").expect("an answer");
        slowest = slowest.max(asked.elapsed());
        scrapes += 1;
        assert!(page.contains("wasmscope_workloads "), "{page}");
        if prometheus::missing().is_none() {
            assert_eq!(prometheus::check_metrics(&page), "");
        }
    }
    let all = |agent: &Agent| {
        let page = agent.page();
        let ended: f64 = ["code", "signal", "unseen"]
            .iter()
            .filter_map(|kind| value(&page, &format!("wasmscope_workloads_exited_total{{kind=\"{kind}\"}}")))
            .sum();
        let missed =
            value(&page, "wasmscope_agent_losses_total{family=\"lifecycle\",stage=\"ended_unseen\"}");
        ended + missed.unwrap_or(0.0) == 200.0
    };
    assert!(wait_until(|| all(&agent), Duration::from_secs(60)), "{}", agent.page());
    assert_eq!(agent.value("wasmscope_workloads "), Some(0.0));
    let _ = writeln!(stderr(), "{scrapes} scrapes in {:?}, slowest {slowest:?}", start.elapsed());
}

#[test]
fn a_port_in_use_is_said_before_anything_starts() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = Command::new(wasmscope())
        .args(["watch", "--metrics", &address, "--", "touch"])
        .arg(Path::new("/nonexistent/never-made"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains(&address) && said.contains("--metrics"), "{said}");
    assert!(!said.contains("touch"), "the command was not run: {said}");
    for wrong in ["nowhere", "127.0.0.1:99999", "0x1", ""] {
        let done = Command::new(wasmscope()).args(["watch", "--metrics", wrong]).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{wrong}");
    }
}
