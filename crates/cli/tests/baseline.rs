//! `watch --baseline`, `replay --baseline` and `baseline`: what is learnt of real guests is usual, and something else is not.

#[path = "common/kit.rs"]
mod kit;

use kit::{Done, PATIENCE, Started, named, run, shell_line, wasmscope};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use wasmscope_testkit::{
    Runtime, component, find_world, guest, require_root, require_runtime, runtimes, workspace_root,
};

/// Runs that a module needs to be ready.
const RUNS: usize = 5;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A guest in a folder that has the same name each time.
struct Place {
    folder: TempDir,
    baseline: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let baseline = folder.path().join("baseline.json");
        fs::create_dir(folder.path().join("data")).unwrap();
        Self { folder, baseline }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Watches a script, in the guest's folder, with these options.
    fn watch(&self, options: &[&str], script: &str) -> Done {
        let script = format!("exec >/dev/null 2>&1; cd '{}'; {script}", self.data().display());
        let all = ["watch", "--json", "--baseline", text(&self.baseline)];
        let command = wasmscope(all.iter().chain(options).chain(&["--", "sh", "-c", &script]));
        let done = Started::spawn(command).finish_within(2 * PATIENCE);
        assert!(!done.stdout.is_empty(), "{done:?}");
        done
    }

    fn learn(&self, script: &str) -> Done {
        self.watch(&["--learn"], script)
    }

    /// What is unusual.
    fn ask(&self, script: &str) -> Vec<Value> {
        unusual(&self.watch(&[], script).events())
    }
}

fn unusual(events: &[Value]) -> Vec<Value> {
    let of_baseline =
        |event: &&&Value| event["security_rule.name"].as_str().unwrap().starts_with("baseline-");
    named(events, "workload.detected").iter().filter(of_baseline).map(|event| (*event).clone()).collect()
}

fn rules(found: &[Value]) -> Vec<&str> {
    found.iter().map(|event| event["security_rule.name"].as_str().unwrap()).collect()
}

/// The guest `net`, which does what its arguments say.
fn net(wasmtime: &Runtime, arguments: &[&str]) -> String {
    let arguments = ["pause", "300"].iter().chain(arguments);
    let runtime = wasmtime.clone().option("-Sinherit-network");
    // It ends with an error where nobody listens.
    shell_line(&runtime.command(&component("net"), arguments))
}

#[test]
fn a_module_that_does_something_else_than_it_always_did_is_told() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let place = Place::new();
    let usual = net(&wasmtime, &["refused", "127.0.0.1", "9"]);
    for _ in 0..RUNS {
        let done = place.learn(&usual);
        assert_eq!(unusual(&done.events()), [] as [Value; 0], "a module in learning raises nothing");
        assert!(done.stderr.contains("baseline: 1 runs learnt"), "{}", done.stderr);
    }
    assert_eq!(place.ask(&usual), [] as [Value; 0], "an unchanged run");

    let found = place.ask(&net(&wasmtime, &["refused", "127.0.0.7", "4444"]));
    let peer = found.iter().find(|event| event["security_rule.name"] == "baseline-new-peer");
    let peer = peer.unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(peer["detection.severity"], "medium");
    let evidence = &peer["detection.evidence"][0];
    assert_eq!(evidence["event.name"], "workload.network.connected");
    assert_eq!(
        (&evidence["network.peer.address"], &evidence["network.peer.port"]),
        (&"127.0.0.7".into(), &4444.into())
    );
    let reasons = peer["detection.confidence.reasons"].as_array().unwrap();
    assert_eq!(reasons[0], "new peer: out tcp 127.0.0.7:4444");
    assert!(reasons[1].as_str().unwrap().contains("out tcp 127.0.0.1:9"), "{reasons:?}");
    assert!(peer["wasm.module.path"].as_str().unwrap().ends_with("net.component.wasm"), "{peer:#}");

    // Who says that this is right is told no more.
    let hash = peer["wasm.module.sha256"].as_str().unwrap();
    let done = run(wasmscope([
        "baseline",
        "allow",
        text(&place.baseline),
        &hash[..12],
        "peer",
        "out tcp 127.0.0.7:4444",
    ]));
    assert_eq!(done.status, 0, "{done:?}");
    let found = place.ask(&net(&wasmtime, &["refused", "127.0.0.7", "4444"]));
    assert!(!rules(&found).contains(&"baseline-new-peer"), "{found:#?}");
}

#[test]
fn a_run_with_a_high_detection_teaches_nothing() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let place = Place::new();
    let attack = wasmtime.clone().dir(place.data()).command(&guest("path-probing"), [] as [&str; 0]);
    let done = place.learn(&shell_line(&attack));
    assert!(
        named(&done.events(), "workload.detected").iter().any(|e| e["detection.severity"] == "high"),
        "{done:?}"
    );
    assert!(
        done.stderr.contains("0 runs learnt; not learnt: 1 with detections of high severity"),
        "{}",
        done.stderr
    );
    let shown = run(wasmscope(["baseline", "show", text(&place.baseline)]));
    assert_eq!((shown.status, shown.stdout.as_str()), (0, "no module is known\n"));
}

#[test]
fn a_baseline_is_learnt_from_recordings_and_asked_without_root() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let place = Place::new();
    let files = shell_line(&wasmtime.clone().dir(place.data()).command(&guest("files"), ["1"]));
    let recording = place.folder.path().join("recording");
    let script = format!("exec >/dev/null 2>&1; cd '{}'; {files}", place.data().display());
    let recorded =
        Started::spawn(wasmscope(["record", text(&recording), "--json", "--", "sh", "-c", &script])).finish();
    assert_eq!(recorded.status, 0, "{recorded:?}");
    let baseline = text(&place.baseline);
    let replay = |options: &[&str]| {
        let all = ["replay", "--json", "--baseline", baseline].into_iter().chain(options.iter().copied());
        run(wasmscope(all.chain([text(&recording)])))
    };
    replay(&[]).assert_failed(2, &["cannot open the baseline", baseline]);
    for _ in 0..RUNS {
        let done = replay(&["--learn"]);
        assert_eq!(done.status, 0, "{done:?}");
        assert_eq!(unusual(&done.events()), [] as [Value; 0]);
    }
    let done = replay(&[]);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    assert_eq!(unusual(&done.events()), [] as [Value; 0], "the same again");

    let page = run(wasmscope(["baseline", "show", baseline, "files.wasm"])).stdout;
    assert!(
        page.contains("5 runs") && page.contains("ready") && page.contains("wasmscope-files.txt"),
        "{page}"
    );
    let denied =
        run(wasmscope(["baseline", "deny", baseline, "files.wasm", "path", "**/wasmscope-files.txt"]));
    assert!(denied.stdout.contains("1 learnt patterns dropped"), "{denied:?}");
    assert_eq!(rules(&unusual(&replay(&[]).events())), ["baseline-new-path"]);
}

/// A recording of a run that never was.
fn synthetic() -> PathBuf {
    workspace_root().join("crates/recording/tests/fixtures/synthetic.jsonl")
}

fn baseline(args: &[&str]) -> Done {
    run(wasmscope(["baseline"].iter().chain(args)))
}

#[test]
fn files_are_shown_joined_and_edited_by_anybody() {
    let folder = TempDir::new().unwrap();
    let (one, other, both) =
        (folder.path().join("one"), folder.path().join("other"), folder.path().join("both"));
    for file in [&one, &other] {
        // Rules would state something of high severity about it.
        let options = ["replay", "--no-shipped-rules", "--baseline", text(file), "--learn"];
        let done = run(wasmscope(options.into_iter().chain([text(&synthetic())])));
        assert!(done.status == 0 && done.stderr.contains("baseline: 1 runs learnt"), "{done:?}");
    }
    assert_eq!(fs::read(&one).unwrap(), fs::read(&other).unwrap(), "the same is learnt of the same");
    assert_eq!(baseline(&["merge", text(&one), text(&other), "-o", text(&both)]).status, 0);
    let shown = baseline(&["show", text(&both)]);
    assert!(shown.stdout.contains("learning") && shown.stdout.contains("wasmtime"), "{shown:?}");
    assert_eq!(baseline(&["show", text(&both), "--json"]).stdout, fs::read_to_string(&both).unwrap());

    let known = baseline(&["show", text(&both), "--json"]).json();
    let module = known["modules"][0]["wasm.module.sha256"].as_str().unwrap().to_owned();
    assert_eq!(known["modules"][0]["runs"], 2);
    let exported = baseline(&["export", text(&both), &module[..8]]);
    assert_eq!(exported.json()["modules"].as_array().unwrap().len(), 1);
    assert!(baseline(&["allow", text(&both), &module, "path", "/srv/**"]).stdout.contains("allowed"));
    let page = baseline(&["show", text(&both), &module]).stdout;
    assert!(page.contains(&module) && page.contains("/srv/**") && page.contains("2 runs"), "{page}");
    assert!(baseline(&["forget", text(&both), &module]).stdout.contains("forgotten"));
    baseline(&["show", text(&both), &module]).assert_failed(2, &["knows no module"]);
    let schema = baseline(&["schema"]).json();
    assert!(schema["properties"]["modules"].is_object());
}

#[test]
fn what_is_no_baseline_is_one_error_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let (file, recording) = (folder.path().join("baseline"), synthetic());
    let recording = text(&recording);
    let cases = [
        ("", "it is damaged"),
        ("{\"format\":\"wasmscope-baseline\",\"version\":1,", "it is damaged"),
        ("{\"format\":\"wasmscope-baseline\",\"version\":9}", "format version 9"),
        ("[1]", "no baseline"),
    ];
    for (content, said) in cases {
        fs::write(&file, content).unwrap();
        let learn = ["replay", "--baseline", text(&file), "--learn", recording];
        for done in [
            run(wasmscope(learn)),
            baseline(&["show", text(&file)]),
            baseline(&["forget", text(&file), "abcd"]),
        ] {
            done.assert_failed(2, &[said, text(&file)]);
            assert_eq!((done.stdout.as_str(), done.stderr.lines().count()), ("", 1), "{done:?}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
    let nowhere = ["replay", "--baseline", "/nowhere/at/all", "--learn", recording];
    run(wasmscope(nowhere)).assert_failed(2, &["/nowhere/at/all"]);
    let done = run(wasmscope(["replay", "--learn", recording]));
    assert!(done.status == 2 && done.stderr.contains("--baseline"), "{done:?}");
    fs::write(&file, "{\"format\":\"wasmscope-baseline\",\"version\":1,\"wasmscope\":\"0\",\"modules\":[]}")
        .unwrap();
    let bad = ["allow", text(&file), "abcd", "path", "/srv/["];
    baseline(&bad).assert_failed(2, &["no pattern"]);
}

/// Half of the runs of each ordinary guest are learnt from; what is told of the other half is a false alarm.
/// `cargo test --workspace --test baseline -- --ignored --nocapture`; `RUNS=20` for so many of each half, `GUESTS="grow opens"` for these only.
#[test]
#[ignore = "ten runs of every ordinary guest take some minutes: it measures, and fails only for what is high"]
fn false_alarms() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let half = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let (mut runs, mut told_runs, mut high) = (0, 0, Vec::new());
    let [mut by_rule, mut by_severity] = [const { BTreeMap::<String, usize>::new() }; 2];
    println!("| guest | runs asked | of them told | detections |\n| --- | --- | --- | --- |");
    for name in benign() {
        let place = Place::new();
        let script = script_of(&wasmtime, &name, &place.data());
        (0..half).for_each(|_| _ = place.learn(&script));
        let (mut told, mut found_in_all) = (0, BTreeMap::<String, usize>::new());
        for _ in 0..half {
            let found = place.ask(&script);
            // What is only worth knowing alarms nobody.
            told += usize::from(found.iter().any(|detection| detection["detection.severity"] != "info"));
            for detection in &found {
                let rule = detection["security_rule.name"].as_str().unwrap().to_owned();
                let what = detection["detection.confidence.reasons"][0].as_str().unwrap_or_default();
                let severity = detection["detection.severity"].as_str().unwrap();
                *by_severity.entry(severity.to_owned()).or_default() += 1;
                *found_in_all.entry(format!("{severity} {rule} ({what})")).or_default() += 1;
                *by_rule.entry(rule).or_default() += 1;
                if ["high", "critical"].contains(&detection["detection.severity"].as_str().unwrap()) {
                    high.push(detection.clone());
                }
            }
        }
        (runs, told_runs) = (runs + half, told_runs + told);
        let detections: Vec<_> =
            found_in_all.iter().map(|(what, count)| format!("{count} x {what}")).collect();
        println!("| `{name}` | {half} | {told} | {} |", detections.join("; "));
    }
    println!("{told_runs} of {runs} runs told; by rule: {by_rule:?}; by severity: {by_severity:?}");
    assert!(high.is_empty(), "{high:#?}");
}

/// Ordinary guests that run by themselves.
fn benign() -> Vec<String> {
    let folder = workspace_root().join("workloads/benign");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = paths
        .filter(|path| path.join("run.txt").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let chosen = std::env::var("GUESTS").unwrap_or_default();
    names.retain(|name| chosen.is_empty() || chosen.split(' ').any(|other| other == name));
    names.sort();
    names
}

fn script_of(wasmtime: &Runtime, name: &str, data: &Path) -> String {
    let plan =
        fs::read_to_string(workspace_root().join("workloads/benign").join(name).join("run.txt")).unwrap();
    let of = |word: &str| plan.lines().find_map(|line| line.strip_prefix(word)).map(str::trim);
    let arguments: Vec<&str> = of("arguments ").map(|words| words.split(' ').collect()).unwrap_or_default();
    let times: usize = of("times ").and_then(|times| times.parse().ok()).unwrap_or(1);
    let runtime = wasmtime.clone().dir(data);
    let command = match find_world(name).unwrap() {
        Some(_) => runtime.option("-Sinherit-network").command(&component(name), &arguments),
        None => runtime.command(&guest(name), &arguments),
    };
    format!("{} & wait", vec![shell_line(&command); times].join(" & "))
}
