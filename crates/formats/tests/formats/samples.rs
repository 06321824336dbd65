//! Modules of every kind, and paths and findings that mean harm.

use arbitrary::{Arbitrary, Unstructured};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::Value;
use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};
use wasm_encoder::{CustomSection, ExportKind, ExportSection, Function, Module, Section};
use wasmscope_admission::{Policy, Violation, evaluate};
use wasmscope_analyze::{Facts, Options, analyze};
use wasmscope_findings::{Findings, RULES, find};
use wasmscope_formats::{Report, Scanned};
use wasmscope_model::{Confidence, Finding, FindingFunction, Severity};

/// A path and what was found there.
pub(crate) struct Sample {
    pub(crate) path: String,
    pub(crate) facts: Facts,
    pub(crate) findings: Findings,
    pub(crate) violations: Option<Vec<Violation>>,
}

impl Sample {
    pub(crate) fn new(path: impl Into<String>, bytes: &[u8]) -> Self {
        let path = path.into();
        let facts = analyze(bytes, &Options::default()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let findings = find(&facts);
        Self { path, facts, findings, violations: None }
    }

    pub(crate) fn wat(path: &str, text: &str) -> Self {
        Self::new(path, &wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
    }

    /// The same, held against a policy.
    pub(crate) fn judged(mut self, policy: &str) -> Self {
        let policy = Policy::parse(policy).unwrap();
        let today = "2026-11-01".parse().unwrap();
        self.violations = Some(evaluate(&policy, &self.path, &self.facts, &self.findings, today));
        self
    }

    pub(crate) fn scanned(&self) -> Scanned<'_> {
        Scanned {
            path: &self.path,
            facts: &self.facts,
            findings: &self.findings,
            violations: self.violations.as_deref(),
        }
    }
}

/// What no module is like.
const STRICT: &str = "version = 1\n[default]\ncapabilities = []\nimports = []\nexports = []\n";

/// Everything.
pub(crate) fn all() -> Vec<Sample> {
    let mut all = hostile();
    all.push(component().judged(STRICT));
    all.extend([component(), with_crates(CRATES), every_finding()]);
    all.extend(guests());
    all.extend(rule_samples());
    all.extend(generated(200));
    all
}

/// Tells `samples` to a report, the whole of it.
pub(crate) fn report(mut report: impl Report, samples: &[Sample]) {
    for sample in samples {
        report.scanned(&sample.scanned()).unwrap();
    }
    report.finish().unwrap();
}

pub(crate) fn parse(out: &[u8]) -> Value {
    assert!(out.ends_with(b"\n") && std::str::from_utf8(out).is_ok());
    serde_json::from_slice(out).expect("a JSON document")
}

/// Names that end strings, links, placeholders and lines.
pub(crate) const NAMES: [&str; 6] = [
    "\",\"forged\":true,\"\\u0000\0\r\n\t\\",
    "[click](https://example.org/) {0} {{1}}",
    "\u{1b}[2J\u{202e}\u{9b}31m\u{feff}",
    "<script>alert(1)</script>",
    "\u{10ffff}\u{fffd}\u{d7ff}",
    "pkg:cargo/serde@1?x=y#z",
];

pub(crate) const PATHS: [&str; 10] = [
    "plain.wasm",
    "./with space/100%/#1?.wasm",
    "line\nbreak\ttab\0nul.wasm",
    "C:\\Users\\app\\x.wasm",
    "\\\\server\\share\\x.wasm",
    "/srv/absolute/x.wasm",
    "//double/slash.wasm",
    "../above/x.wasm",
    "\u{fffd}\u{202e}mssaw.exe",
    "<stdin>",
];

/// A module full of such names under each such path.
pub(crate) fn hostile() -> Vec<Sample> {
    let long = "A".repeat(4096);
    let mut exports = ExportSection::new();
    for name in NAMES.iter().copied().chain([long.as_str()]) {
        exports.export(name, ExportKind::Func, 0);
    }
    let mut module = Module::new();
    let mut types = wasm_encoder::TypeSection::new();
    types.ty().function([], []);
    let mut functions = wasm_encoder::FunctionSection::new();
    functions.function(0);
    let mut code = wasm_encoder::CodeSection::new();
    let mut body = Function::new([]);
    body.instructions().end();
    code.function(&body);
    module.section(&types).section(&functions).section(&exports).section(&code);
    // A name section whose module name is no UTF-8, and a section with a hostile name.
    let mut bytes = module.finish();
    let broken = Cow::Borrowed(&b"\0\x05\x04\xff\xfe\xed\xa0"[..]);
    CustomSection { name: "name".into(), data: broken }.append_to(&mut bytes);
    CustomSection { name: NAMES[0].into(), data: Cow::Borrowed(b"x") }.append_to(&mut bytes);
    let deep = format!("{}x.wasm", "d/".repeat(2000));
    PATHS.iter().copied().chain([deep.as_str()]).map(|path| Sample::new(path, &bytes)).collect()
}

/// A component with modules at two depths, the outer of which has crates.
pub(crate) fn component() -> Sample {
    let text = format!(
        r#"(component
            (import "wasi:random/random@0.2.3" (instance (export "get-random-u64" (func (result u64)))))
            (core module (memory (export "m") 1 2 shared) (@custom ".dep-v0" "{}"))
            (component (core module (func (export "f")) (func (export "g")))))"#,
        crates_section(CRATES)
    );
    Sample::wat("component.wasm", &text)
}

/// A list of crates as cargo-auditable embeds it.
pub(crate) const CRATES: &str = r#"{"packages":[
    {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"},
    {"name":"guest","version":"0.1.0","source":"local","dependencies":[0,2,3,3,99],"root":true},
    {"name":"serde","version":"1.0.1","source":"crates.io"},
    {"name":"a b/@?#%","version":"1 \"0\"","source":"registry"}]}"#;

fn crates_section(list: &str) -> String {
    compress_to_vec_zlib(list.as_bytes(), 6).iter().map(|byte| format!("\\{byte:02x}")).collect()
}

pub(crate) fn with_crates(list: &str) -> Sample {
    let text = format!(
        r#"(module (func (export "_start")) (@custom ".dep-v0" "{}") (@producers (language "Rust" "2024")))"#,
        crates_section(list)
    );
    Sample::wat("with-crates.wasm", &text)
}

/// One finding of each severity and kind of place, by a rule that exists and one that does not.
pub(crate) fn every_finding() -> Sample {
    let mut sample = component();
    sample.path = "every-finding.wasm".into();
    let module = sample.facts.modules[0].path.clone();
    let mut list = Vec::new();
    for severity in Severity::ALL {
        for rule in [RULES[0].id, "of-a-policy"] {
            for name in [None, Some(NAMES[1].to_owned())] {
                list.push(Finding {
                    rule: rule.into(),
                    severity,
                    confidence: Confidence::percent(55),
                    message: format!("calls {:?}", NAMES[1]),
                    module: name.as_ref().map(|_| module.clone()),
                    offset: (severity > Severity::Low).then_some(u64::MAX),
                    function: Some(FindingFunction { index: 3, name }),
                });
            }
        }
        let file = Finding { module: None, offset: None, function: None, ..list[0].clone() };
        list.push(Finding { severity, ..file });
    }
    sample.findings = Findings { list, omitted: vec![(RULES[0].id, 7)] };
    sample
}

fn guests() -> Vec<Sample> {
    let names = wasmscope_testkit::guest_names();
    assert!(names.len() > 10, "guests of workloads/");
    let sample = |path: &Path| Sample::new(path.to_string_lossy(), &fs::read(path).unwrap());
    let mut guests: Vec<_> = names
        .iter()
        // Its imports exist only in the component.
        .filter(|name| !matches!(wasmscope_testkit::find_world(name), Ok(Some(_))))
        .map(|name| sample(&wasmscope_testkit::guest(name)))
        .collect();
    guests.push(sample(&wasmscope_testkit::component("hello")));
    guests.push(sample(&wasmscope_testkit::component("net")));
    guests
}

/// The modules that rules are tried with: every rule finds something in one of them, except for those whose samples are only
/// large enough once their `(;repeat N;)` is written out.
fn rule_samples() -> Vec<Sample> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../findings/src/rules");
    let mut files: Vec<_> = fs::read_dir(&rules)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    files.sort();
    let samples: Vec<_> = files
        .iter()
        .map(|file| Sample::new(file.to_string_lossy(), &wat::parse_file(file).unwrap()))
        .collect();
    for rule in RULES {
        let found = |sample: &Sample| sample.findings.list.iter().any(|finding| finding.rule == rule.id);
        let folder = rules.join(rule.id.replace('-', "_"));
        let repeats = |file: &&PathBuf| fs::read_to_string(file).unwrap().contains("(;repeat ");
        let repeated = files.iter().filter(|file| file.starts_with(&folder)).any(|file| repeats(&file));
        assert!(repeated || samples.iter().any(found), "{} is found nowhere", rule.id);
    }
    samples
}

/// Modules with every proposal that wasm-smith knows (xorshift64 as the source of chance).
fn generated(seeds: u64) -> Vec<Sample> {
    let module = |seed: u64| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut step = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        let noise: Vec<_> = (0..4096).map(|_| step()).collect();
        let mut source = Unstructured::new(&noise);
        let mut config = wasm_smith::Config::arbitrary(&mut source).ok()?;
        config.gc_enabled = true;
        config.reference_types_enabled = true;
        let module = wasm_smith::Module::new(config, &mut source).ok()?;
        Some(Sample::new(format!("generated/{seed}.wasm"), &module.to_bytes()))
    };
    let modules: Vec<_> = (0..seeds).filter_map(module).collect();
    assert!(modules.len() as u64 > seeds / 2, "only {} modules could be generated", modules.len());
    modules
}
