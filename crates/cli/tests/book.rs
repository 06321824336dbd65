//! The documentation as a whole: every page is in the book, every link leads somewhere, and the page of commands is what the
//! commands say. `mdbook` itself is asked where it is installed (`tools/setup.sh book`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use wasmscope_testkit::{may_skip, target_dir, wasmscope, workspace_root};

const COMMANDS_HEAD: &str = "# Commands

<!-- Generated: BLESS=1 cargo test -p wasmscope --test book -->

Every subcommand as it explains itself. Exit status: 0 clean, 1 findings or a failed sample, 2 usage or input error, 3 the host cannot do it;
`run` and `watch -- COMMAND` pass on the status of what they ran.
";

fn docs() -> PathBuf {
    workspace_root().join("docs")
}

/// All pages below a folder, in order.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without code: blocks between fences, indented blocks after an empty line, and what stands between backticks.
fn prose(page: &str) -> String {
    let (mut text, mut fenced, mut was_empty, mut indented) = (String::new(), false, true, false);
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        indented = line.starts_with("    ") && (was_empty || indented);
        was_empty = line.trim().is_empty();
        if fenced || indented {
            continue;
        }
        // Every second piece is code; a link's own text may be code, too.
        text.extend(line.split('`').step_by(2));
        text.push('\n');
    }
    text
}

/// Targets of the links of a page.
fn links(page: &str) -> Vec<String> {
    let text = prose(page);
    let after = text.split("](").skip(1);
    after.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// What headings are called in addresses, by GitHub and by mdBook alike.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut fenced = false;
    let mut anchors = BTreeSet::new();
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        let Some(heading) = line.strip_prefix('#').filter(|_| !fenced) else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

#[test]
fn links_and_anchors_are_found_in_a_page() {
    let page = "# A `b`: c\n\n[x](y.md#z) `[no](no)`\n\n    [no](no)\n\n```\n# no\n```\n## A b c\n";
    assert_eq!(links(page), ["y.md#z"]);
    assert_eq!(anchors(page), BTreeSet::from(["a-b-c".to_owned(), "a-b-c-1".to_owned()]));
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let root = workspace_root();
    let others = ["README.md", "crates/runtimes/README.md", "dashboards/README.md", "workloads/README.md"];
    let mut checked = 0;
    let mut broken = Vec::new();
    for page in pages(&docs()).into_iter().chain(others.map(|path| root.join(path))) {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let there = target.exists() && target.canonicalize().unwrap().starts_with(root);
            let named =
                || anchor.is_empty() || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            if !there || !named() {
                broken.push(format!("{}: {link}", page.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 50, "only {checked} links were found");
}

#[test]
fn the_book_has_every_page_once() {
    let folder = docs();
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap();
    let mut listed = links(&summary);
    listed.sort();
    let there: Vec<_> = pages(&folder)
        .iter()
        .map(|page| page.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .filter(|page| page != "SUMMARY.md")
        .collect();
    assert_eq!(listed, there);
}

/// What a subcommand says of itself, and its subcommands of themselves.
fn explain(command: &[&str], page: &mut String) {
    let output = Command::new(wasmscope())
        .args(command)
        .arg("--help")
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    let name = command.join(" ");
    let level = if command.len() > 1 { "###" } else { "##" };
    let title = if command.is_empty() { "wasmscope" } else { &name };
    let _ = write!(page, "\n{level} {title}\n\n```text\n");
    for line in help.lines() {
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page.push_str("```\n");
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for line in listed {
        // A name is indented by two; the lines of its explanation by more.
        let name = line
            .strip_prefix("  ")
            .filter(|line| !line.starts_with(' '))
            .and_then(|line| line.split(' ').next());
        if let Some(name) = name.filter(|name| *name != "help") {
            explain(&[command, &[name]].concat(), page);
        }
    }
}

#[test]
fn the_page_of_commands_is_what_they_say() {
    let mut page = COMMANDS_HEAD.to_owned();
    explain(&[], &mut page);
    let path = docs().join("commands.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/commands.md is not current: BLESS=1 cargo test -p wasmscope --test book");
}

#[test]
fn mdbook_makes_a_book_of_it() {
    let mdbook = target_dir().join("tools/bin/mdbook");
    if !mdbook.exists() {
        return may_skip("mdbook_makes_a_book_of_it", "there is no mdbook: tools/setup.sh book", false);
    }
    let book = tempfile::tempdir().unwrap();
    let done =
        Command::new(mdbook).arg("build").arg(docs()).arg("--dest-dir").arg(book.path()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    for page in pages(&docs()) {
        let page = page.strip_prefix(docs()).unwrap().with_extension("html");
        let page = if page == Path::new("README.html") { PathBuf::from("index.html") } else { page };
        let skipped = page == Path::new("SUMMARY.html");
        assert!(skipped || book.path().join(&page).is_file(), "no {}: {said}", page.display());
    }
}
