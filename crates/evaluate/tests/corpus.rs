//! The corpus of this project, and folders that are none: `BLESS=1 cargo test -p wasmscope-evaluate --test corpus` rewrites the
//! tables in `workloads/README.md`.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use wasmscope_evaluate::{
    Kind, Vantage,
    corpus::{Corpus, Workload},
};

fn workloads() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workloads")
}

fn corpus() -> Corpus {
    Corpus::load(&workloads(), Path::new("target/guests")).unwrap_or_else(|error| panic!("{error}"))
}

const BEGIN: &str = "<!-- Generated from the workload.toml files: BLESS=1 cargo test -p wasmscope-evaluate --test corpus -->\n";

/// What a vantage point must tell of it, or that it does not.
fn must(guest: &Workload, vantage: Vantage) -> String {
    match guest.expected(vantage) {
        Some(expected) if expected.misses.is_some() => "missed".to_owned(),
        Some(expected) if !expected.expect.is_empty() => {
            expected.expect.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        }
        _ => "–".to_owned(),
    }
}

fn tables() -> String {
    let corpus = corpus();
    let of = |kind| corpus.workloads.iter().filter(move |guest| guest.kind == kind);
    let title = |guest: &Workload| guest.metadata.as_ref().expect("a workload.toml").title.clone();
    let mut page = String::from(
        "\n## Attacks\n\nClasses of threats are in `classes.toml`. What must tell a guest, from where:\n\n\
         | guest | class | what it shows | kernel | boundary | module | guest |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for guest in of(Kind::Attack) {
        let (name, threats) = (&guest.name, guest.threats().join(", "));
        let _ = write!(page, "| `{name}` | {threats} | {} |", title(guest));
        for vantage in Vantage::ALL {
            let _ = write!(page, " {} |", must(guest, vantage));
        }
        page.push('\n');
    }
    page.push_str("\n`python/misbehaving_host.py` also acts like a runtime that was taken over.\n");
    page.push_str("\n## Ordinary guests\n\n| guest | what it shows |\n| --- | --- |\n");
    for guest in of(Kind::Benign) {
        let _ = writeln!(page, "| `{}` | {} |", guest.name, title(guest));
    }
    page
}

#[test]
fn the_tables_are_those_of_the_corpus() {
    let path = workloads().join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, written) = page.split_once(BEGIN).expect("the line before the tables");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{}", tables())).unwrap();
    } else {
        assert!(
            written == tables(),
            "workloads/README.md is not current: BLESS=1 cargo test -p wasmscope-evaluate --test corpus"
        );
    }
}

fn folders(kind: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(workloads().join(kind)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn every_guest_says_what_it_is() {
    let corpus = corpus();
    for (kind, folder) in [(Kind::Attack, "attack"), (Kind::Benign, "benign")] {
        let known = corpus.workloads.iter().filter(|guest| guest.kind == kind);
        let known: BTreeSet<_> = known.map(|guest| guest.name.clone()).collect();
        let without: Vec<_> = folders(folder).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(without.is_empty(), "no workload.toml: {without:?}");
    }
    for guest in corpus.workloads.iter().filter(|guest| guest.kind == Kind::Attack) {
        assert!(!guest.threats().is_empty(), "{} is of no class", guest.name);
        let somewhere = Vantage::ALL.iter().any(|v| guest.expected(*v).is_some_and(|e| !e.expect.is_empty()));
        assert!(somewhere, "{} must be told by nobody", guest.name);
    }
}

#[test]
fn what_is_expected_exists() {
    let root = workloads().join("..");
    let names = |folder: &Path| -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let maturities =
        ["experimental", "incubating", "stable"].map(|maturity| root.join("rules").join(maturity));
    let rules: BTreeSet<String> =
        maturities.iter().filter(|folder| folder.is_dir()).flat_map(|folder| names(folder)).collect();
    let findings: BTreeSet<String> = names(&root.join("crates/findings/src/rules"))
        .into_iter()
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .collect();
    for guest in &corpus().workloads {
        for (vantage, known) in
            [(Vantage::Kernel, &rules), (Vantage::Boundary, &rules), (Vantage::Module, &findings)]
        {
            let expected = guest.expected(vantage).map_or(&[][..], |expected| &expected.expect);
            let unknown: Vec<_> = expected.iter().filter(|name| !known.contains(*name)).collect();
            assert!(unknown.is_empty(), "{} from the {vantage}: there is no {unknown:?}", guest.name);
        }
    }
}

/// A corpus with one guest.
fn folder(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let guest = folder.path().join("attack/one");
    fs::create_dir_all(&guest).unwrap();
    fs::write(guest.join("workload.toml"), text).unwrap();
    folder
}

#[track_caller]
fn refused(text: &str, line: usize, because: &str) {
    let error = Corpus::load(folder(text).path(), Path::new("")).unwrap_err().to_string();
    assert!(error.contains(&format!("one/workload.toml:{line}: ")) && error.contains(because), "{error}");
}

#[test]
fn a_wrong_file_is_one_error_with_its_line() {
    refused("title = \"x\"\nthreats = [\"Z9\"]\n", 2, "there is no class of threats \"Z9\"");
    refused("title = \"x\"\n\n[run]\ntimez = 3\n", 4, "unknown field `timez`");
    refused("title = \"x\"\n[run]\ntimes = 0\n", 3, "times is 1 to 64");
    refused("title = \"x\"\n[run]\nseconds = -1\n", 3, "seconds");
    refused("title = \"x\"\nthreats = [\n", 2, "");
    refused("title = \"x\"\n[kernel]\nexpect = [\"a\"]\nmisses = \"b\"\n", 4, "exactly one of");
    refused("title = \"x\"\n[[case]]\nname = \"a\"\n[[case]]\nname = \"a\"\n", 3, "two cases are called");
    let without_title = Corpus::load(folder("threats = []\n").path(), Path::new("")).unwrap_err().to_string();
    assert!(without_title.contains("missing field `title`"), "{without_title}");
    let long = Corpus::load(folder(&"#".repeat(100_000)).path(), Path::new("")).unwrap_err().to_string();
    assert!(long.contains("at most 65536 are read"), "{long}");
    assert!(Corpus::load(Path::new("/nowhere"), Path::new("")).is_err());
}

#[test]
fn modules_without_a_file_are_guests_of_what_their_folder_is_called() {
    let folder =
        folder("title = \"x\"\n[[case]]\nname = \"a\"\nthreats = [\"B2\"]\n[[case]]\nname = \"b\"\n");
    for module in ["loose.wasm", "benign/deep/er/ordinary.wasm", "attack/bad.wasm", "attack/one/beside.wasm"]
    {
        let path = folder.path().join(module);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"\0asm\x01\0\0\0").unwrap();
    }
    std::os::unix::fs::symlink("/", folder.path().join("everything")).unwrap();
    let corpus = Corpus::load(folder.path(), Path::new("/built")).unwrap();
    let found: Vec<_> = corpus.workloads.iter().map(|guest| (guest.name.as_str(), guest.kind)).collect();
    let expected = [
        ("attack/bad", Kind::Attack),
        ("one/a", Kind::Attack),
        ("one/b", Kind::Attack),
        ("benign/deep/er/ordinary", Kind::Benign),
        ("loose", Kind::Unknown),
    ];
    assert_eq!(found, expected);
    assert_eq!(corpus.workloads[1].threats(), ["B2"]);
    assert_eq!(corpus.workloads[1].module.as_deref(), Some(Path::new("/built/one.wasm")));
}
