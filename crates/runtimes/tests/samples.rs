//! Recorded mappings of real processes: every file in `known/*/samples` and `tests/near-misses` is a test.
//! `README.md` says what the header lines mean.

use std::fs;
use std::path::{Path, PathBuf};
use wasmscope_model::{Confidence, ModuleOrigin, Verdict};
use wasmscope_runtimes::{
    FileMarks, FileRole, Fingerprint, Interest, Mark, Observation, SeenModule, Segments, interesting, maps,
    recognise,
};

#[derive(Default)]
struct Sample {
    expect: Vec<String>,
    interest: Option<String>,
    memories: Option<Vec<u64>>,
    marks: Fingerprint,
    exe: Option<String>,
    threads: Vec<String>,
    modules: Vec<SeenModule>,
}

fn header(text: &str) -> Sample {
    let mut sample = Sample::default();
    for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
        let (key, value) = line.split_once(':').expect("a header line is `# key: value`");
        let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
        match key {
            "from" => {}
            "expect" => sample.expect = words,
            "interest" => sample.interest = words.into_iter().next(),
            "memories" => {
                let size = |w: &String| u64::from_str_radix(w.trim_start_matches("0x"), 16).expect("a size");
                sample.memories = Some(words.iter().map(size).collect());
            }
            "marks" => sample.marks.marks.extend(words.into_iter().map(|runtime| Mark {
                marker: format!("a marker of {runtime}"),
                version: None,
                weight: Confidence::percent(60),
                runtime,
            })),
            "exe" => sample.exe = words.into_iter().next(),
            "threads" => sample.threads = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "module" => sample.modules.push(SeenModule {
                origin: match words[0].as_str() {
                    "read" => ModuleOrigin::Read,
                    "open" => ModuleOrigin::Open,
                    "mapped" => ModuleOrigin::Mapped,
                    "command-line" => ModuleOrigin::CommandLine,
                    other => panic!("unknown origin {other}"),
                },
                path: words[1].clone(),
            }),
            other => panic!("unknown header {other}"),
        }
    }
    sample
}

fn check(path: &Path) {
    let text = fs::read_to_string(path).expect("a sample is text");
    let sample = header(&text);
    let body: String = text.lines().filter(|line| !line.starts_with('#')).map(|l| format!("{l}\n")).collect();
    let maps = maps::parse(body.as_bytes());
    assert_eq!((maps.malformed, maps.truncated), (0, false), "{path:?}");

    let files = [FileMarks { path: "/usr/bin/it", role: FileRole::Executable, fingerprint: &sample.marks }];
    let sighting = recognise(&Observation {
        maps: &maps,
        memory: &Segments::new(),
        exe_name: sample.exe.as_deref(),
        thread_names: &sample.threads,
        files: &files,
        module_files: &sample.modules,
    });
    let found = &sighting.recognition;
    let verdict = match found.verdict {
        Verdict::Workload => "workload",
        Verdict::Host => "host",
        Verdict::None => "none",
    };
    let expect: Vec<&str> = sample.expect.iter().map(String::as_str).collect();
    let actual: Vec<&str> = [verdict].into_iter().chain(found.runtime.as_deref()).collect();
    assert_eq!(actual, expect, "{path:?}: {found:#?}");
    if found.verdict == Verdict::Workload {
        assert!(found.confidence > Confidence::percent(50), "{path:?}: {found:#?}");
    }
    if let Some(interest) = sample.interest {
        let actual = match interesting(&maps) {
            None => "none",
            Some(Interest::Memory) => "memory",
            Some(Interest::ModuleMapped) => "module-mapped",
            Some(Interest::KnownFile) => "known-file",
            Some(Interest::ExecutableMemory) => "executable-memory",
        };
        assert_eq!(actual, interest, "{path:?}");
    }
    if let Some(sizes) = sample.memories {
        let actual: Vec<u64> = sighting.memories.iter().map(|memory| memory.size_bytes).collect();
        assert_eq!(actual, sizes, "{path:?}: {:#x?}", sighting.memories);
    }
}

fn samples(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "maps")).collect()
}

#[test]
fn every_recorded_runtime_is_recognised_as_its_sample_says() {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("known");
    for runtime in fs::read_dir(known).expect("the folder of known runtimes") {
        let folder = runtime.expect("readable").path();
        let samples = samples(&folder.join("samples"));
        assert!(!samples.is_empty(), "{folder:?} has no sample");
        samples.iter().for_each(|path| check(path));
    }
}

#[test]
fn nothing_that_only_looks_similar_is_a_workload() {
    let samples = samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/near-misses"));
    assert!(samples.len() >= 8);
    for path in samples {
        check(&path);
        let text = fs::read_to_string(&path).expect("a sample is text");
        assert!(!text.contains("# expect: workload"), "{path:?}");
    }
}
