//! `scan`: what a module can do, on one page.

use std::fmt::Write as _;
use wasmscope_analyze::{
    Capability, Facts,
    facts::{CapabilityReach, Linked, ModuleFacts, Path, Root, Step, Via},
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
    let linked = facts.linked.as_ref().filter(|linked| linked.analysed);
    if let Some(linked) = linked {
        linked_page(&mut out, linked);
    }
    for module in &facts.modules {
        module_page(&mut out, module, facts.modules.len() > 1);
        // What a module of a component imports need not be of the host: the component's own lines say.
        if linked.is_none() {
            let reach = &module.reachability;
            reached(&mut out, &reach.capabilities, |capability| reach.path_to(capability));
        }
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
}

fn reached<'f>(
    out: &mut String,
    capabilities: &[CapabilityReach],
    path_to: impl Fn(Capability) -> Option<&'f Path>,
) {
    for reach in capabilities {
        let how = match (reach.reachable, path_to(reach.capability)) {
            (false, _) => "imported, and nothing leads to it".to_owned(),
            (true, Some(path)) => way(path),
            (true, None) => "reachable".to_owned(),
        };
        let _ = writeln!(out, "    {:<22} {how}", reach.capability.as_str());
    }
}

fn linked_page(out: &mut String, linked: &Linked) {
    let _ = writeln!(
        out,
        "  linked    {} module instances; {} functions can be reached",
        linked.instances, linked.reachable_functions
    );
    if linked.unresolved > 0 {
        let _ = writeln!(
            out,
            "  UNRESOLVED {} links, {} module instances not followed: each counts as leading everywhere",
            linked.unresolved, linked.not_followed
        );
    }
    reached(out, &linked.capabilities, |capability| linked.path_to(capability));
}

/// How one capability can be reached: in a component as a whole, or in each module of a file.
pub fn why(path: &str, facts: &Facts, capability: Capability) -> String {
    let mut out = format!("{}: {}\n", shown_within(path, PATH_CHARS), capability.as_str());
    let imported = match facts.linked.as_ref().filter(|linked| linked.analysed) {
        Some(linked) => why_linked(&mut out, linked, capability),
        None => why_modules(&mut out, facts, capability),
    };
    if !imported {
        let capabilities = facts.linked.iter().flat_map(|linked| &linked.capabilities);
        let unused = capabilities.into_iter().any(|reach| reach.capability == capability);
        let told = match (facts.capabilities.contains(capability), unused) {
            (true, true) => "imported, and no module is given it",
            (true, false) => "by an export, not by an import",
            (false, _) => "not imported",
        };
        let _ = writeln!(out, "  {told}");
    }
    out
}

/// Gives whether the component uses a function that has this capability.
fn why_linked(out: &mut String, linked: &Linked, capability: Capability) -> bool {
    let hosts = linked.imports.iter().filter(|import| import.capabilities.contains(capability));
    let mut used = false;
    for host in hosts {
        used = true;
        let function = host.function.as_deref().unwrap_or("(the import as a whole)");
        let _ = writeln!(out, "  {} {}", shown(&host.interface), shown(function));
        steps_to(out, host.distance, host.path.as_ref());
    }
    used
}

/// Gives whether a module imports a function that has this capability.
fn why_modules(out: &mut String, facts: &Facts, capability: Capability) -> bool {
    let mut imported = false;
    for module in &facts.modules {
        for import in module.imports.iter().filter(|import| import.capabilities.contains(capability)) {
            imported = true;
            let _ =
                writeln!(out, "  {}: {} {}", shown(&module.path), shown(&import.module), shown(&import.name));
            let reach = module.reachability.imports.iter().find(|reach| reach.function == import.ty.index);
            let distance = reach.and_then(|reach| reach.distance);
            steps_to(out, distance, reach.and_then(|reach| reach.path.as_ref()));
        }
    }
    imported
}

fn root(root: &Root) -> String {
    match root {
        Root::Export { name } => format!("export {}", shown_within(name, NAME_CHARS)),
        Root::Start => "the start function".into(),
        Root::Shared => "the host, by a reference".into(),
        Root::Destructor => "a destructor".into(),
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
        let arrow = if matches!(step.via, Via::Entry | Via::Call | Via::Slot) { ">" } else { "~>" };
        let _ = write!(text, " {arrow} {}", name(step));
    }
    if path.omitted > 0 {
        let _ = write!(text, " ({} steps left out)", path.omitted);
    }
    text
}

fn steps_to(out: &mut String, distance: Option<u32>, path: Option<&Path>) {
    match (path, distance) {
        (Some(path), _) => steps(out, path),
        // The lists are bounded.
        (None, Some(distance)) => {
            let _ = writeln!(out, "    behind {distance} functions that are not listed");
        }
        (None, None) => out.push_str("    nothing leads to it\n"),
    }
}

fn steps(out: &mut String, path: &Path) {
    let _ = writeln!(out, "    {}", root(&path.root));
    for step in &path.steps {
        let how = match step.via {
            Via::Entry | Via::Call | Via::Slot => String::new(),
            Via::Indirect { candidates, open, .. } => {
                let more = if open { ", and whatever the host puts there" } else { "" };
                format!("  (indirectly: one of {candidates} by type{more})")
            }
            Via::Reference => "  (a reference to it is taken)".to_owned(),
            Via::Canonical => "  (when values or handles are passed, if they need it)".to_owned(),
            Via::Unresolved => "  (how it is linked is not known: it may be)".to_owned(),
        };
        let module = step.module.as_ref().map(|module| format!("  in {}", shown(module))).unwrap_or_default();
        let _ = writeln!(out, "      > {}{module}{how}", name(step));
    }
    if path.omitted > 0 {
        let _ = writeln!(out, "      … {} steps left out", path.omitted);
    }
}
