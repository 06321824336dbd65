//! What baselines cost: nanoseconds per event, asking and learning; and how large the state gets.

use anyhow::{Context as _, Result, ensure};
use std::{hint::black_box, process::ExitCode, sync::Arc, time::Instant};
use wasmscope_baseline::{BaselineFile, Baselines, Limits, Monitor, Needs};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row},
    sized,
};
use wasmscope_detect::{Engine, Files, RuleSet, samples};
use wasmscope_model::{BootId, Detection, Event, EventKind, ProcessKey, Sha256, WorkloadId};

/// A run: what an ordinary service does, opens most of all.
const RUN: &str = r#"{"event.name": "workload.started", "wasm.runtime.name": "wasmtime", "wasm.modules": [{"wasm.module.path": "/srv/app.wasm", "wasm.module.sha256": "0000000000000000000000000000000000000000000000000000000000000000", "wasm.module.origin": "mapped"}]}
{"event.name": "workload.file.opened", "file.path": "/srv/data/2026/input-{n}.txt", "file.path.requested": "input-{n}.txt", "file.beneath": true, "file.open.confined": true, "file.open.flags": ["read"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "__wasilibc_open_nomode", "main", "_start"], "sample.repeat": 40}
{"event.name": "workload.file.opened", "file.path": "/srv/templates/page.html", "file.open.flags": ["read"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "main"], "sample.repeat": 10}
{"event.name": "workload.file.created", "file.path": "/srv/data/output/.tmpAbCd{n}", "file.open.flags": ["write", "create"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "main"], "sample.repeat": 10, "sample.every_ms": 500}
{"event.name": "workload.file.renamed", "file.path.requested": ".tmpAbCd{n}", "file.directory": "/srv/data/output", "file.target_path": "result-{n}.json", "file.target_directory": "/srv/data/output", "syscall.name": "renameat", "syscall.result": 0, "sample.repeat": 5, "sample.every_ms": 500}
{"event.name": "workload.network.connected", "network.transport": "tcp", "network.peer.address": "10.1.2.3", "network.peer.port": 443, "syscall.name": "connect", "error.type": "EINPROGRESS", "wasm.stack": ["connect", "main"], "sample.repeat": 12, "sample.every_ms": 300}
{"event.name": "workload.network.accepted", "network.transport": "tcp", "network.peer.address": "10.1.2.4", "network.peer.port": 50123, "network.local.address": "10.1.2.5", "network.local.port": 8080, "syscall.name": "accept4", "sample.repeat": 8}
{"event.name": "workload.dns.asked", "dns.question.name": "service.namespace.svc.cluster.local", "dns.question.type": "A", "network.transport": "udp", "network.peer.address": "10.0.0.2", "network.peer.port": 53, "syscall.name": "sendto", "sample.repeat": 5, "sample.every_ms": 900}
{"event.name": "workload.memory.grown", "wasm.memory.size": 2097152, "wasm.memory.size.previous": 1114112, "sample.repeat": 8, "sample.every_ms": 800}
{"event.name": "workload.exited", "workload.exit.kind": "code", "process.exit.code": 0}
"#;

/// Modules, each with a workload of its own.
const MODULES: u32 = 10_000;

fn main() -> ExitCode {
    bench_without_root("baseline", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let mut read =
        samples::read(RUN.trim_end(), true).map_err(|(line, why)| anyhow::anyhow!("{line}: {why}"))?;
    let run = read.pop().context("no events")?.1;
    state(report, &run);

    let runs = sized(2000, 300);
    let known = learn(&run, runs);
    let events: Vec<Event> = (0..runs).flat_map(|number| of(&run, number)).collect();
    let rules = Arc::new(RuleSet::load(&[Files::shipped()])?);
    let at_once = Needs { runs: 1, ..Needs::default() };
    let (mut asked, mut learnt, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sized(11, 3) {
        let monitor =
            |known: &Baselines, learning| Monitor::new(known.clone(), learning, at_once, Limits::default());
        let (mut ask, mut teach, mut beside) =
            (monitor(&known, false), monitor(&Baselines::default(), true), monitor(&known, false));
        let [mut engine, mut other] = [0, 1].map(|_| Engine::new(Arc::clone(&rules), Default::default()));
        asked.push(per_event(&events, |event, found| ask.observe(event, found))?);
        learnt.push(per_event(&events, |event, found| teach.observe(event, found))?);
        let without = per_event(&events, |event, found| engine.observe(event, found))?;
        let with = per_event(&events, |event, found| {
            other.observe(event, found);
            beside.observe(event, found);
        })?;
        pairs.push((with, without));
    }
    report.add(Row::median("an event, asking", "ns", &asked).below(1500.0));
    report.add(Row::median("an event, learning", "ns", &learnt).below(1500.0));
    report.add(Row::pairs("an event, all shipped rules and asking; peer: without baselines", "ns", &pairs));
    report
        .note("one core; 100 events a run, half of them opens; every module is known and nothing is unusual");
    Ok(())
}

/// Nanoseconds that an event takes.
fn per_event(events: &[Event], mut observe: impl FnMut(&Event, &mut Vec<Detection>)) -> Result<f64> {
    let mut found = Vec::new();
    let start = Instant::now();
    events.iter().for_each(|event| observe(event, &mut found));
    let time = start.elapsed();
    let unusual = black_box(&found).iter().find(|detection| detection.rule.starts_with("baseline-"));
    ensure!(unusual.is_none(), "nothing is unusual, but {unusual:?}");
    Ok(time.as_nanos() as f64 / events.len() as f64)
}

fn learn(run: &[Event], modules: u32) -> Baselines {
    let mut monitor = Monitor::new(Baselines::default(), true, Needs::default(), Limits::default());
    let mut found = Vec::new();
    for number in 0..modules {
        of(run, number).iter().for_each(|event| monitor.observe(event, &mut found));
    }
    monitor.finish().0
}

/// Everything that is known of ten thousand modules, and of as many that run and are learnt.
fn state(report: &mut Report, run: &[Event]) {
    let before = resident_mib();
    let known = learn(run, MODULES);
    report.add(Row::value("state, 10,000 modules", "MiB", resident_mib() - before).below(100.0));
    let file = BaselineFile::write(&known).map_or(f64::NAN, |text| text.len() as f64 / f64::from(1 << 20));
    report.add(Row::value("their file", "MiB", file));
    // Kept until the end: what is freed would hide what comes next.
    let before = resident_mib();
    let mut monitor = Monitor::new(Baselines::default(), true, Needs::default(), Limits::default());
    let mut found = Vec::new();
    for number in 0..2 * MODULES {
        // Each its own paths, and no end.
        let mut events = of(run, number);
        events.pop();
        for (n, event) in events.iter_mut().enumerate() {
            if let EventKind::Opened(act) = &mut event.kind {
                act.path = Some(format!("/{}/{}/{}", letters(number), letters(n as u32), "x".repeat(60)));
            }
        }
        events.iter().for_each(|event| monitor.observe(event, &mut found));
    }
    report.add(
        Row::value("state, 20,000 workloads in ever other folders", "MiB", resident_mib() - before)
            .below(200.0),
    );
    report.add(Row::value("of these forgotten before their end", "times", monitor.counts().evicted as f64));
    drop(known);
}

fn letters(number: u32) -> String {
    number.to_string().bytes().map(|digit| (digit - b'0' + b'a') as char).collect()
}

/// The run of this module, in a workload of its own.
fn of(run: &[Event], number: u32) -> Vec<Event> {
    let id = WorkloadId::new(&BootId("bench".into()), &ProcessKey::from_kernel(number, 0, 0));
    let mut events = run.to_vec();
    for event in &mut events {
        match &mut event.kind {
            EventKind::Started { workload, .. } => {
                workload.id = id;
                workload.modules[0].sha256 = Some(Sha256::of(&number.to_le_bytes()));
            }
            EventKind::Opened(act) | EventKind::Created(act) | EventKind::Renamed(act) => act.actor.id = id,
            EventKind::Connected(act) | EventKind::Accepted(act) => act.actor.id = id,
            EventKind::Asked(act) => act.network.actor.id = id,
            EventKind::Grown { id: of, .. } | EventKind::Exited { id: of, .. } => *of = id,
            _ => {}
        }
    }
    events
}

/// Resident memory of this process.
fn resident_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
