//! `scan`: what a module can do, on one page.

use std::fmt::Write as _;
use wasmscope_analyze::{
    Capability, Facts,
    facts::{ModuleFacts, Path, Root, Step, Via},
};
use wasmscope_model::text::{bytes, shown, shown_within};

/// Most of a list that a page shows; the JSON form has all.
const SHOWN: usize = 40;
/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// Longest path shown: it may lead through archives and image layers.
const PATH_CHARS: usize = 1024;

/// The page of one file.
pub fn page(path: &str, facts: &Facts) -> String {
    let mut out = String::new();
    let valid = match &facts.validation.error {
        None if facts.validation.valid => "valid".to_owned(),
        None => "not validated".to_owned(),
        Some(problem) => format!("INVALID{}: {}", at(problem.offset), shown(&problem.message)),
    };
    let kind = format!("{:?}", facts.kind).to_lowercase();
    let _ = writeln!(out, "{}", shown_within(path, PATH_CHARS));
    let _ = writeln!(out, "  {kind}, {}, {valid}, sha256:{}", bytes(facts.size), facts.sha256);
    let names: Vec<_> = facts.capabilities.iter().map(Capability::as_str).collect();
    let _ = writeln!(
        out,
        "  can       {}",
        if names.is_empty() { "nothing but compute".into() } else { names.join(", ") }
    );
    for module in &facts.modules {
        module_page(&mut out, module, facts.modules.len() > 1);
    }
    for problem in facts.problems.iter().take(SHOWN) {
        let _ = writeln!(out, "  problem{}: {}", at(problem.offset), shown(&problem.message));
    }
    out
}

fn at(offset: Option<u64>) -> String {
    offset.map(|offset| format!(" at byte {offset:#x}")).unwrap_or_default()
}

fn module_page(out: &mut String, module: &ModuleFacts, named: bool) {
    if named {
        let _ = writeln!(out, "  {} ({})", shown(&module.path), bytes(module.size));
    }
    let recognised: Vec<_> = module.origin.languages.iter().chain(&module.origin.toolchains).collect();
    if !recognised.is_empty() {
        let names: Vec<_> =
            recognised.iter().map(|r| format!("{} ({})", shown(&r.name), r.confidence)).collect();
        let _ = writeln!(out, "  made with {}", names.join(", "));
    }
    let functions = &module.functions;
    let _ = writeln!(
        out,
        "  code      {} functions in {}, {} imported, {} with names; {} can be reached",
        functions.defined,
        bytes(functions.body_bytes),
        functions.imported,
        functions.named,
        module.reachability.reachable_functions
    );
    for memory in &module.memories {
        let most = memory
            .maximum_bytes
            .map_or_else(|| "no limit".to_owned(), |most| format!("at most {}", bytes(most)));
        let shared = if memory.shared { ", shared" } else { "" };
        let _ = writeln!(out, "  memory    {} at the start, {most}{shared}", bytes(memory.minimum_bytes));
    }
    for used in module.interfaces.iter().take(SHOWN) {
        let unknown = match used.unknown_functions {
            0 => String::new(),
            n => format!(", {n} of them unknown"),
        };
        let namespace = shown_within(&used.namespace, NAME_CHARS);
        let _ = writeln!(out, "  imports   {} from {namespace}{unknown}", used.items);
    }
    for reach in &module.reachability.capabilities {
        let how = match (reach.reachable, module.reachability.path_to(reach.capability)) {
            (false, _) => "imported, and nothing leads to it".to_owned(),
            (true, Some(path)) => way(path),
            (true, None) => "reachable".to_owned(),
        };
        let _ = writeln!(out, "    {:<22} {how}", reach.capability.as_str());
    }
}

/// How one capability can be reached in each module of a file.
pub fn why(path: &str, facts: &Facts, capability: Capability) -> String {
    let mut out = format!("{}: {}\n", shown_within(path, PATH_CHARS), capability.as_str());
    let mut imported = false;
    for module in &facts.modules {
        for import in module.imports.iter().filter(|import| import.capabilities.contains(capability)) {
            imported = true;
            let _ =
                writeln!(out, "  {}: {} {}", shown(&module.path), shown(&import.module), shown(&import.name));
            let reach = module.reachability.imports.iter().find(|reach| reach.function == import.ty.index);
            match reach.and_then(|reach| reach.path.as_ref()) {
                Some(path) => steps(&mut out, path),
                None => out.push_str("    nothing leads to it\n"),
            }
        }
    }
    if !imported {
        let told = if facts.capabilities.contains(capability) {
            "by an export, not by an import"
        } else {
            "not imported"
        };
        let _ = writeln!(out, "  {told}");
    }
    out
}

fn root(root: &Root) -> String {
    match root {
        Root::Export { name } => format!("export {}", shown_within(name, NAME_CHARS)),
        Root::Start => "the start function".into(),
        Root::Shared => "the host, by a reference".into(),
    }
}

fn name(step: &Step) -> String {
    match &step.name {
        Some(name) => shown_within(name, NAME_CHARS).to_string(),
        None => format!("function[{}]", step.function),
    }
}

/// `export _start > main > open`, with `~>` where the call is not certain.
pub(crate) fn way(path: &Path) -> String {
    let mut text = root(&path.root);
    for step in &path.steps {
        let arrow = if matches!(step.via, Via::Entry | Via::Call) { ">" } else { "~>" };
        let _ = write!(text, " {arrow} {}", name(step));
    }
    if path.omitted > 0 {
        let _ = write!(text, " ({} steps left out)", path.omitted);
    }
    text
}

fn steps(out: &mut String, path: &Path) {
    let _ = writeln!(out, "    {}", root(&path.root));
    for step in &path.steps {
        let how = match step.via {
            Via::Entry | Via::Call => String::new(),
            Via::Indirect { candidates, open, .. } => {
                let more = if open { ", and whatever the host puts there" } else { "" };
                format!("  (indirectly: one of {candidates} by type{more})")
            }
            Via::Reference => "  (a reference to it is taken)".to_owned(),
        };
        let _ = writeln!(out, "      > {}{how}", name(step));
    }
    if path.omitted > 0 {
        let _ = writeln!(out, "      … {} steps left out", path.omitted);
    }
}
