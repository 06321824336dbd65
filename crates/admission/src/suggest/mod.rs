//! The least policy that a module passes.

mod text;

use crate::evaluate::limits::Measures;
use crate::evaluate::{incomplete, left_out};
use crate::policy::{escape_name, literal_import, size_text};
use crate::uses::{Use, steps, uses};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use text::{comment, quoted};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::ModuleFacts;
use wasmscope_findings::Findings;
use wasmscope_model::{Finding, Severity};

/// Most patterns of imports or exports: more than that nobody reviews, and they are summed up or left out.
const PATTERNS: usize = 256;

/// Writes the least policy that the module passes: a file with one entry, for the module at the path `name`. Comments say why each
/// capability is needed, and which are imported without being reachable.
///
/// The same facts and findings give the same text. Names of the module are escaped. What is not completely known is
/// left out of the policy, and a comment says so; an invalid module is accepted with a warning.
pub fn suggest(name: &str, facts: &Facts, findings: &Findings) -> String {
    let mut out = String::from(
        "# The least that this module needs, as far as its bytes tell. Review each line before you rely on it.\n\
         version = 1\n\n[[module]]\n",
    );
    let _ = writeln!(out, "match = {}", quoted(&escape_name(name)));
    let _ = writeln!(out, "# To approve only this very file:\n# sha256 = [\"{}\"]", facts.sha256);
    if !facts.validation.valid {
        out.push_str("# The file is NOT known to be valid: nothing else in here is to be relied on.\ninvalid = \"accept\"\n");
    }
    capabilities(&mut out, facts);
    imports(&mut out, facts);
    exports(&mut out, facts);
    proposals(&mut out, facts);
    presence(&mut out, facts);
    limits(&mut out, facts);
    judged(&mut out, facts, findings);
    out
}

fn capabilities(out: &mut String, facts: &Facts) {
    out.push_str("judge = \"reachable\"\ncapabilities = [\n");
    for used in uses(facts) {
        let (why, mark) = if used.reach.counts() { (reason(&used), "") } else { (unused(&used), "# ") };
        let _ = writeln!(out, "    # {}\n    {mark}\"{}\",", comment(&why), used.capability);
    }
    out.push_str("]\n");
}

fn reason(used: &Use<'_>) -> String {
    let doubt = used.reach.doubt().map(|doubt| format!("; {doubt}")).unwrap_or_default();
    match used.path {
        Some(path) => format!("{}{doubt}", text::way(&steps(path))),
        None => format!("{}{doubt}", used.means()),
    }
}

fn unused(used: &Use<'_>) -> String {
    format!("imported, but nothing leads to it: {}", used.means())
}

fn imports(out: &mut String, facts: &Facts) {
    let (mut patterns, count): (Vec<Option<String>>, u32) =
        match (facts.components.first(), facts.modules.first()) {
            (Some(component), _) => {
                let items = component.imports.iter().filter(|item| item.kind != "type");
                (items.map(|item| literal_import(&item.name, None)).collect(), component.import_count)
            }
            (None, Some(module)) => (module_imports(module), module.import_count),
            (None, None) => (Vec::new(), 0),
        };
    let listed = match (facts.components.first(), facts.modules.first()) {
        (Some(component), _) => component.imports.len(),
        (None, module) => module.map_or(0, |module| module.imports.len()),
    };
    if listed < count as usize || patterns.iter().any(Option::is_none) {
        out.push_str("# imports are left out: not all of their names were read\n");
        return;
    }
    patterns.sort();
    patterns.dedup();
    if patterns.len() > PATTERNS {
        let _ = writeln!(out, "# imports are left out: there are {} patterns", patterns.len());
        return;
    }
    list(out, "imports", patterns.into_iter().flatten());
}

/// Each import by itself; if there are too many, by namespace.
fn module_imports(module: &ModuleFacts) -> Vec<Option<String>> {
    let names = |name: bool| {
        let each = module.imports.iter();
        each.map(|import| literal_import(&import.module, name.then_some(import.name.as_str()))).collect()
    };
    names(module.imports.len() <= PATTERNS)
}

fn exports(out: &mut String, facts: &Facts) {
    let (names, count): (Vec<&str>, u32) = match (facts.components.first(), facts.modules.first()) {
        (Some(c), _) => (c.exports.iter().map(|item| item.name.as_str()).collect(), c.export_count),
        (None, Some(m)) => (m.exports.iter().map(|export| export.name.as_str()).collect(), m.export_count),
        (None, None) => (Vec::new(), 0),
    };
    let mut patterns: Vec<_> = names.iter().map(|name| text::export(name)).collect();
    patterns.sort();
    patterns.dedup();
    if names.len() < count as usize || patterns.len() > PATTERNS || patterns.iter().any(Option::is_none) {
        let _ =
            writeln!(out, "# exports are left out: there are {count}, or not all of their names were read");
        return;
    }
    list(out, "exports", patterns.into_iter().flatten());
}

fn list(out: &mut String, key: &str, values: impl Iterator<Item = String>) {
    let values: Vec<_> = values.collect();
    if values.is_empty() {
        let _ = writeln!(out, "{key} = []");
        return;
    }
    let _ = writeln!(out, "{key} = [");
    for value in values {
        let _ = writeln!(out, "    {},", quoted(&value));
    }
    out.push_str("]\n");
}

fn proposals(out: &mut String, facts: &Facts) {
    if let Some(why) = incomplete(facts) {
        let _ = writeln!(out, "# proposals are left out: {}", comment(&why));
        return;
    }
    let used: BTreeMap<_, _> =
        facts.modules.iter().flat_map(|m| &m.proposals).map(|used| (used.name.clone(), ())).collect();
    list(out, "proposals", used.into_keys());
}

/// What the module has anyway, and what it does without anyway.
fn presence(out: &mut String, facts: &Facts) {
    if let Some(why) = left_out(facts) {
        let _ = writeln!(out, "# require and forbid are left out: {}", comment(&why));
        return;
    }
    let modules = &facts.modules;
    let signed = |module: &ModuleFacts| module.signature.as_ref().is_some_and(|s| !s.signatures.is_empty());
    let require = [
        ("memory-maximum", Measures::of(facts).memory_maximum.is_some()),
        ("signature", !modules.is_empty() && modules.iter().all(signed)),
        ("producers", modules.iter().any(|module| !module.producers.is_empty())),
        ("dependencies", modules.iter().any(|module| module.dependencies.is_some())),
    ];
    let memories = || modules.iter().flat_map(|module| &module.memories);
    let debug = |m: &ModuleFacts| {
        m.debug.dwarf_bytes > 0 || m.debug.external_debug_info.is_some() || m.debug.source_map.is_some()
    };
    let forbid = [
        ("shared-memory", !memories().any(|memory| memory.shared)),
        ("memory64", !memories().any(|memory| memory.memory64)),
        ("start-function", modules.iter().all(|module| module.start.is_none())),
        ("debug-info", !modules.iter().any(debug)),
    ];
    let words = |all: &[(&str, bool)]| {
        let words: Vec<_> = all.iter().filter(|(_, yes)| *yes).map(|(word, _)| quoted(word)).collect();
        words.join(", ")
    };
    let _ = writeln!(out, "require = [{}]\nforbid = [{}]", words(&require), words(&forbid));
}

/// Memories as they are; what grows with every build with room to the next power of two.
fn limits(out: &mut String, facts: &Facts) {
    out.push_str("\n[module.limits]\n");
    let room = |value: u64| if value == 0 { 0 } else { value.checked_next_power_of_two().unwrap_or(value) };
    let measures = Measures::of(facts);
    let _ = writeln!(out, "file-size = {} # now {}", size_text(room(facts.size)), facts.size);
    let _ = writeln!(out, "modules = {}", facts.module_count);
    if let Some(why) = left_out(facts) {
        let _ = writeln!(out, "# the other limits are left out: {}", comment(&why));
        return;
    }
    let _ = writeln!(out, "memory-minimum = {}", size_text(measures.memory_minimum));
    match measures.memory_maximum {
        Some(maximum) => {
            let _ = writeln!(out, "memory-maximum = {}", size_text(maximum));
        }
        None => out.push_str("# memory-maximum is left out: a memory sets none\n"),
    }
    let function = measures.largest.1;
    let _ = writeln!(out, "table-elements = {}", room(measures.table_elements).min(i64::MAX as u64));
    let _ = writeln!(out, "functions = {} # now {}", room(measures.functions), measures.functions);
    let _ = writeln!(out, "function-size = {} # now {function}", size_text(room(function)));
    let _ = writeln!(out, "locals = {}", room(measures.locals.1).min(i64::MAX as u64));
    let _ = writeln!(out, "data = {} # now {}", size_text(room(measures.data)), measures.data);
}

/// Everything above `info` fails, except for what was found now.
fn judged(out: &mut String, facts: &Facts, findings: &Findings) {
    out.push_str("\n[module.findings]\n");
    if let Some(why) = incomplete(facts) {
        let _ = writeln!(out, "# fail-on is left out: {}", comment(&why));
        return;
    }
    out.push_str("fail-on = \"low\"\n");
    let mut rules: BTreeMap<&str, Option<&Finding>> = BTreeMap::new();
    for finding in findings.list.iter().filter(|finding| finding.severity >= Severity::Low) {
        rules.entry(&finding.rule).or_insert(Some(finding));
    }
    for (id, _) in &findings.omitted {
        rules.entry(id).or_default();
    }
    if rules.is_empty() {
        out.push_str("allow = []\n");
        return;
    }
    out.push_str("allow = [\n");
    for (rule, finding) in rules {
        let what = finding.map_or_else(String::new, |f| format!("{}: {}", f.severity, f.message));
        let reason = "found when this policy was suggested, and judged by nobody yet";
        let _ = writeln!(out, "    # {}", comment(&what));
        let _ = writeln!(out, "    {{ rule = {}, reason = {} }},", quoted(rule), quoted(reason));
    }
    out.push_str("]\n");
}
