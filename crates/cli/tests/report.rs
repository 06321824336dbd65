//! The report (`docs/report`) against the tree and against itself: citations, links, names in backticks, ids of advisories.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const REFERENCES: &str = "references.md";
const ADVISORIES: &str = "01-threats.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// All Rust sources below a folder, as one text.
fn sources(folder: &Path) -> String {
    let text = |path: PathBuf| match path.extension() {
        Some(extension) if extension == "rs" => read(&path),
        None if path.is_dir() => sources(&path),
        _ => String::new(),
    };
    entries(folder).into_iter().map(text).collect()
}

/// The chapters and the references, by file name.
fn chapters() -> BTreeMap<String, String> {
    let files = entries(&root().join("docs/report")).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.map(|path| (name(&path), read(&path))).collect()
}

/// Lines outside of code blocks, and those within.
fn lines(page: &str) -> (Vec<&str>, Vec<&str>) {
    let mut fenced = false;
    page.lines().partition(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !line.starts_with("    ")
    })
}

/// What stands in backticks outside of code blocks.
fn spans(page: &str) -> Vec<String> {
    let prose = lines(page).0.join(" ");
    let pieces: Vec<&str> = prose.split('`').collect();
    assert_eq!(pieces.len() % 2, 1, "a backtick without its other one");
    pieces.into_iter().skip(1).step_by(2).map(str::to_owned).collect()
}

/// Links, each as what stands before its target, and the target.
fn links(page: &str) -> Vec<(&str, &str)> {
    let link = |(at, _): (usize, &str)| {
        let (before, rest) = page.split_at(at + 1);
        let (target, _) = rest[1..].split_once(')').expect("the end of a link");
        (before, target)
    };
    page.match_indices("](").map(link).collect()
}

/// As GitHub makes anchors of headings.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

/// Anchors of headings, and those that a page sets itself.
fn anchors(page: &str) -> Vec<String> {
    let headings = lines(page).0.into_iter().filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| slug(line.trim_start_matches('#').trim()));
    headings.chain(keys(page)).collect()
}

/// Anchors that a page sets itself: the keys of the references.
fn keys(page: &str) -> impl Iterator<Item = String> {
    page.split("<a id=\"").skip(1).map(|rest| rest.split_once('"').expect("the end of an id").0.to_owned())
}

/// Ids of advisories in a text.
fn advisories(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let prefixes = ["CVE-", "GHSA-", "RUSTSEC-"];
    words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))).map(str::to_owned).collect()
}

fn has_the_form_of_an_id(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match parts[..] {
        ["CVE", year, number] => year.len() == 4 && number.len() >= 4 && digits(year) && digits(number),
        ["RUSTSEC", year, number] => year.len() == 4 && number.len() == 4 && digits(year) && digits(number),
        ["GHSA", a, b, c] => [a, b, c].iter().all(|part| part.len() == 4),
        _ => false,
    }
}

/// Rows of the table of advisories, each as its cells.
fn advisory_rows(chapters: &BTreeMap<String, String>) -> Vec<Vec<&str>> {
    let (_, section) = chapters[ADVISORIES].split_once("\n## Advisories by runtime\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    // The first two are the head and the line below it.
    rows.skip(2).map(|row| row.split(" | ").collect()).collect()
}

/// What names in backticks can be.
struct Names {
    ours: BTreeSet<String>,
    metrics: String,
    fields: BTreeSet<String>,
    command: String,
    makefile: String,
}

impl Names {
    fn of_the_tree() -> Self {
        let root = root();
        let folders = |folder: &str| entries(&root.join(folder)).into_iter().filter(|path| path.is_dir());
        let rules = folders("rules").flat_map(|maturity| entries(&maturity)).filter(|path| path.is_dir());
        let findings = folders("crates/findings/src/rules").map(|path| name(&path).replace('_', "-"));
        let page = |file: &str| read(&root.join("docs").join(file));
        // The first cells of tables.
        let cells = |file: &str| -> BTreeSet<String> {
            let page = page(file);
            let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
            cells.map(|(name, _)| name.to_owned()).collect()
        };
        let passes = cells("instrument.md").into_iter().chain(cells("policy.md"));
        Self {
            ours: rules.map(|path| name(&path)).chain(findings).chain(passes).collect(),
            metrics: page("metrics.md") + &page("boundary.md"),
            fields: cells("events.md"),
            command: sources(&root.join("crates/cli/src")),
            makefile: read(&root.join("Makefile")),
        }
    }

    /// What is wrong with a name.
    fn problem(&self, span: &str) -> Option<&'static str> {
        let known = if let Some(arguments) = span.strip_prefix("wasmscope ") {
            return self.problem_of_command(arguments);
        } else if let Some(target) = span.strip_prefix("make ") {
            let target = format!("{}:", target.split(' ').next().unwrap_or_default());
            self.makefile.lines().any(|line| line.starts_with(&target))
        } else if span.starts_with("cargo ") || span.starts_with('/') {
            true
        } else if span.starts_with("wasmscope_") {
            self.metrics.contains(&format!("`{span}`"))
        } else if span.contains('/') {
            // What is built or measured is not there yet.
            span.starts_with("target/") || root().join(span).exists()
        } else {
            self.ours.contains(span) || self.fields.contains(span)
        };
        (!known).then_some("is not in the tree")
    }

    fn problem_of_command(&self, arguments: &str) -> Option<&'static str> {
        let mut words = arguments.split_whitespace();
        let subcommand = words.next().unwrap_or_default();
        if !root().join(format!("crates/cli/src/commands/{subcommand}.rs")).exists() {
            return Some("is no subcommand");
        }
        // Options are fields of structs for clap.
        let mut options = words.filter_map(|word| word.strip_prefix("--"));
        let unknown = options.any(|option| {
            let option = option.split('=').next().unwrap_or_default().replace('-', "_");
            !option.is_empty() && !self.command.contains(&format!(" {option}: "))
        });
        unknown.then_some("has an option that no command has")
    }
}

#[test]
fn every_citation_has_its_reference_and_every_reference_is_cited() {
    let chapters = chapters();
    let keys: BTreeSet<String> = keys(&chapters[REFERENCES]).collect();
    let mut cited = BTreeSet::new();
    for (file, page) in &chapters {
        for (before, target) in links(page) {
            let Some(key) = target.strip_prefix("references.md#") else { continue };
            assert!(before.ends_with(&format!("[[{key}]]")), "{file}: a citation of {key} does not say so");
            cited.insert(key.to_owned());
        }
    }
    let missing: Vec<_> = cited.difference(&keys).collect();
    let unused: Vec<_> = keys.difference(&cited).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}, never cited: {unused:?}");
    for line in chapters[REFERENCES].lines().filter(|line| line.starts_with("- ")) {
        let same = self::keys(line).any(|key| line.contains(&format!("></a>**{key}**: ")));
        assert!(same, "not of the form of a reference: {line}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let chapters = chapters();
    let folder = root().join("docs/report");
    let mut all = BTreeSet::new();
    for (file, page) in &chapters {
        // On the rendered page, a link to a chapter is one to its first heading.
        let (stem, _) = file.split_once('.').unwrap();
        let stem = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        assert_eq!(anchors(page).first().map(String::as_str), Some(stem), "{file}: the first heading");
        for anchor in anchors(page) {
            assert!(all.insert(anchor.clone()), "{file}: #{anchor} is twice in the rendered report");
        }
        for (_, target) in links(page) {
            if target.starts_with("https://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = folder.join(if path.is_empty() { file.as_str() } else { path });
            assert!(path.exists(), "{file}: {target} does not exist");
            let found = anchor.is_empty() || anchors(&read(&path)).iter().any(|found| found == anchor);
            assert!(found, "{file}: {target} has no such anchor");
        }
    }
}

#[test]
fn every_name_is_in_the_tree() {
    let names = Names::of_the_tree();
    let mut problems = Vec::new();
    for (file, page) in chapters() {
        let mut named = spans(&page);
        // In code blocks, commands.
        for line in lines(&page).1 {
            let line = line.split("  #").next().unwrap_or_default();
            let commands = line.split(['|', ';']).flat_map(|part| part.split("&&")).map(str::trim);
            let ours = |part: &&str| part.starts_with("wasmscope ") || part.starts_with("make ");
            named.extend(commands.filter(ours).map(str::to_owned));
        }
        for span in named {
            if let Some(problem) = names.problem(&span) {
                problems.push(format!("{file}: `{span}` {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_advisory_is_in_the_table_and_says_where_it_is_fixed() {
    let chapters = chapters();
    let mut listed = BTreeSet::new();
    let rows = advisory_rows(&chapters);
    assert!(!rows.is_empty(), "no table of advisories");
    for row in rows {
        let [_, ids, what, class, fixed] = row[..] else { panic!("not five cells: {row:?}") };
        assert!(!what.is_empty() && class.starts_with(|c: char| c.is_ascii_uppercase()), "{row:?}");
        assert!(fixed.contains(|c: char| c.is_ascii_digit()), "{ids}: where is it fixed?");
        for id in ids.split(", ") {
            assert!(has_the_form_of_an_id(id), "{id}");
            assert!(listed.insert(id.to_owned()), "{id} is listed twice");
        }
    }
    // Those of other tools are in the references, those of libraries in the findings.
    listed.extend(advisories(&chapters[REFERENCES]));
    listed.extend(advisories(&sources(&root().join("crates/findings/src"))));
    for (file, page) in &chapters {
        let unknown: Vec<_> = advisories(page).difference(&listed).cloned().collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?} are in no table");
    }
}

#[test]
fn what_has_no_source_says_so() {
    for file in [ADVISORIES, "02-techniques.md", "05-strategy.md"] {
        for section in chapters()[file].split("\n## ").skip(1) {
            let sourced = section.contains("](references.md#") || section.contains("(ours)");
            let heading = section.lines().next().unwrap_or_default();
            assert!(sourced || !advisories(section).is_empty(), "{file}, {heading}: by whom?");
        }
    }
}
