//! How many events a second the rules take, with 40 and with 400 of them; what the interpreter of the `cel` crate would
//! take; and how large the state gets when workloads do their worst.

use anyhow::{Context as _, Result, ensure};
use std::{hint::black_box, process::ExitCode, sync::Arc, time::Instant};
use wasmscope_bench::{
    bench_without_root,
    report::{Report, Row},
    sized,
};
use wasmscope_detect::{Engine, Files, Limits, RuleSet, samples};
use wasmscope_model::{BootId, Event, EventKind, ProcessKey, WorkloadId};

/// What ordinary workloads do, more or less: opens most of all, nothing that a rule would tell.
const ORDINARY: &str = r#"{"event.name": "workload.file.opened", "file.path": "/srv/data/input-{n}.txt", "file.path.requested": "input-{n}.txt", "file.beneath": true, "file.open.confined": true, "file.open.flags": ["read"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "__wasilibc_open_nomode", "main", "_start"], "sample.repeat": 50}
{"event.name": "workload.file.created", "file.path": "/srv/data/output-{n}.txt", "file.path.requested": "output-{n}.txt", "file.beneath": true, "file.open.confined": true, "file.open.flags": ["write", "create"], "syscall.name": "openat2", "syscall.result": 9, "wasm.stack": ["open", "main"], "sample.repeat": 10, "sample.every_ms": 500}
{"event.name": "workload.file.removed", "file.path.requested": "output-{n}.txt", "file.directory": "/srv/data", "syscall.name": "unlinkat", "syscall.result": 0, "sample.repeat": 5, "sample.every_ms": 500}
{"event.name": "workload.network.connected", "network.transport": "tcp", "network.peer.address": "10.1.2.3", "network.peer.port": 443, "syscall.name": "connect", "error.type": "EINPROGRESS", "wasm.stack": ["connect", "main"], "sample.repeat": 12, "sample.every_ms": 300}
{"event.name": "workload.network.accepted", "network.transport": "tcp", "network.peer.address": "10.1.2.4", "network.peer.port": 50123, "syscall.name": "accept4", "sample.repeat": 8}
{"event.name": "workload.dns.asked", "dns.question.name": "service.namespace.svc.cluster.local", "dns.question.type": "A", "syscall.name": "sendto", "network.peer.port": 53, "sample.repeat": 5, "sample.every_ms": 900}
{"event.name": "workload.memory.grown", "wasm.memory.size": 2097152, "wasm.memory.size.previous": 1114112, "wasm.memory.limit": 4294967296, "sample.repeat": 8, "sample.every_ms": 800}
{"event.name": "workload.trapped", "wasm.trap.code": "UnreachableCodeReached", "sample.repeat": 2, "sample.every_ms": 40000}
"#;

/// Workloads that take turns.
const WORKLOADS: u32 = 10_000;

fn main() -> ExitCode {
    bench_without_root("detect", measure)
}

fn measure(report: &mut Report) -> Result<()> {
    let shipped = Files::shipped();
    let forty = Arc::new(rules(&shipped, 40)?);
    let many = Arc::new(rules(&shipped, 400)?);
    // First, while no memory is free that was not given back.
    hostile(&forty, report);
    let events = ordinary()?;
    // In turns, so that what else the machine does is the same for both.
    let (mut with_40, mut with_400) = (Vec::new(), Vec::new());
    for _ in 0..sized(15, 5) {
        with_40.push(events_a_second(&forty, &events));
        with_400.push(events_a_second(&many, &events));
    }
    report.add(Row::median("events, 40 rules, 10,000 workloads", "/s", &with_40).at_least(1e6));
    report.add(Row::median("events, 400 rules, 10,000 workloads", "/s", &with_400).at_least(3e5));
    report.add(interpreter()?);
    report.note("rules: the first 40 shipped ones by id, and all shipped ones several times, each time with other lists, paths and patterns");
    report.note("one core; events are made beforehand; half of them are opens with four guest functions");
    Ok(())
}

/// So many rules: shipped ones, and, where there are not enough, these with other names, lists and paths.
fn rules(shipped: &Files, count: usize) -> Result<RuleSet> {
    let mut files = Files { origin: "bench".into(), texts: Default::default() };
    let is_rule = |path: &str| path.ends_with("/rule.yaml");
    let shared = shipped.texts.iter().filter(|(path, _)| !is_rule(path));
    files.texts.extend(shared.map(|(path, text)| (path.clone(), text.clone())));
    let all: Vec<_> = shipped.texts.iter().filter(|(path, _)| is_rule(path)).collect();
    let lists: Vec<_> = shipped.texts.iter().filter(|(path, _)| path.starts_with("lists/")).collect();
    for n in 0..count {
        let (path, text) = all[n % all.len()];
        let id = path.split('/').nth(1).context("a rule has a folder")?;
        let copy = n / all.len();
        let other = format!("{id}-{copy}");
        let path = path.replace(&format!("/{id}/"), &format!("/{other}/"));
        let mut text = text.replace(&format!("id: {id}\n"), &format!("id: {other}\n"));
        if copy > 0 {
            // Of a list of its own and paths and patterns of its own: else its conditions would be those of the first.
            text = text.replace("lists.", &format!("lists.copy{copy}_"));
            text =
                text.replace("\"/", &format!("\"/copy{copy}/")).replace("\"^/", &format!("\"^/copy{copy}/"));
            for (list, items) in &lists {
                let items = items.replace("  - /", &format!("  - /copy{copy}/"));
                files.texts.insert(list.replace("lists/", &format!("lists/copy{copy}_")), items);
            }
        }
        files.texts.insert(path, text);
    }
    let rules = RuleSet::load(&[files])?;
    ensure!(rules.rules().len() == count, "{} rules", rules.rules().len());
    Ok(rules)
}

fn ordinary() -> Result<Vec<Event>> {
    let stream = ORDINARY.trim_end();
    let mut read =
        samples::read(stream, true).map_err(|(line, error)| anyhow::anyhow!("line {line}: {error}"))?;
    let one = read.pop().context("no events")?.1;
    let mut events = Vec::new();
    for n in 0..sized(4000, 500) {
        let id = workload(n % WORKLOADS);
        events.extend(one.iter().map(|event| of(event, id)));
    }
    Ok(events)
}

fn workload(number: u32) -> WorkloadId {
    WorkloadId::new(&BootId("bench".into()), &ProcessKey::from_kernel(number, 0, 0))
}

fn of(event: &Event, id: WorkloadId) -> Event {
    let mut event = event.clone();
    match &mut event.kind {
        EventKind::Opened(act) | EventKind::Created(act) | EventKind::Removed(act) => act.actor.id = id,
        EventKind::Connected(act) | EventKind::Accepted(act) => act.actor.id = id,
        EventKind::Asked(act) => act.network.actor.id = id,
        EventKind::Grown { id: of, .. } => *of = id,
        EventKind::Trapped(fault) => fault.actor.id = id,
        _ => {}
    }
    event
}

fn events_a_second(rules: &Arc<RuleSet>, events: &[Event]) -> f64 {
    let mut engine = Engine::new(Arc::clone(rules), Limits::default());
    let mut found = Vec::new();
    let start = Instant::now();
    for event in events {
        engine.observe(event, &mut found);
    }
    let seconds = start.elapsed().as_secs_f64();
    black_box(&found);
    events.len() as f64 / seconds
}

/// One condition of one event: ours, and the interpreter's, which is given the fields as variables.
fn interpreter() -> Result<Row> {
    const CONDITION: &str = r#"file.path.startsWith("/etc/") && file.beneath == false"#;
    let rule = format!(
        "id: one\ntitle: One\nseverity: low\nmaturity: experimental\ntags: [threat.B1]\nevents: [workload.file.opened]\n\
         condition: |\n  {CONDITION}\nfalse_positives: [none]\nadvice: none\n"
    );
    let files = Files { origin: "bench".into(), texts: [("experimental/one/rule.yaml".into(), rule)].into() };
    let rules = Arc::new(RuleSet::load(&[files])?);
    let events: Vec<_> = ordinary()?
        .into_iter()
        .filter(|event| matches!(event.kind, EventKind::Opened(_)))
        .take(50_000)
        .collect();
    let program = cel::Program::compile(CONDITION).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut pairs = Vec::new();
    for _ in 0..sized(11, 3) {
        let ours = 1e9 / events_a_second(&rules, &events);
        let start = Instant::now();
        for event in &events {
            let EventKind::Opened(act) = &event.kind else { continue };
            let mut context = cel::Context::default();
            let mut file = std::collections::HashMap::new();
            file.insert("path", cel::Value::from(act.path.clone().unwrap_or_default()));
            file.insert("beneath", cel::Value::from(act.beneath.unwrap_or_default()));
            context.add_variable_from_value("file", file);
            let _ = black_box(program.execute(&context));
        }
        pairs.push((ours, start.elapsed().as_nanos() as f64 / events.len() as f64));
    }
    Ok(Row::pairs("one condition of one event; peer: interpreter of the cel crate", "ns", &pairs))
}

/// Workloads that each do everything that makes windows grow, with ever other values.
fn hostile(rules: &Arc<RuleSet>, report: &mut Report) {
    let before = resident_mib();
    let mut engine = Engine::new(Arc::clone(rules), Limits::default());
    let mut found = Vec::new();
    let name = "x".repeat(4000);
    let base = samples::read(
        &format!(
            r#"{{"event.name": "workload.file.opened", "file.path.requested": "../{name}{{n}}", "error.type": "EXDEV", "file.open.confined": true}}
{{"event.name": "workload.network.connected", "network.transport": "tcp", "network.peer.address": "203.0.113.7", "network.peer.port": "{{n}}+1"}}
{{"event.name": "workload.file.renamed", "file.path.requested": "a", "file.target_path": "{name}{{n}}"}}"#
        ),
        true,
    );
    let base = base.ok().and_then(|mut read| read.pop()).map(|(_, events)| events).unwrap_or_default();
    for n in 0..sized(400_000u32, 100_000) {
        let mut event = of(&base[n as usize % base.len()], workload(n % (2 * WORKLOADS)));
        event.monotonic_ns = 1_000_000_000_000 + u64::from(n) * 10_000;
        match &mut event.kind {
            EventKind::Opened(act) => act.requested = Some(format!("../{name}{n}")),
            EventKind::Renamed(act) => {
                (act.actor.id, act.target) = (workload(n % (2 * WORKLOADS)), Some(format!("{name}{n}")));
            }
            EventKind::Connected(act) => act.peer_port = Some(n as u16),
            _ => {}
        }
        engine.observe(&event, &mut found);
        found.clear();
    }
    let grown = resident_mib() - before;
    report.add(Row::value("state, 20,000 workloads that do their worst", "MiB", grown).below(200.0));
    report.add(Row::value("of these forgotten before their end", "times", engine.counts().evicted as f64));
}

/// Resident memory of this process.
fn resident_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}
