//! What several rules ask of the facts.

use crate::Found;
use crate::found::Place;
use std::fmt::Write;
use wasmscope_analyze::facts::{
    EmbeddedFile, Facts, FileFormat, Kind, ModuleFacts, Path, Place as Placed, Problem, ProblemKind, Root,
    Table, Text, TextClass,
};
use wasmscope_analyze::{Capabilities, Capability};

/// Capabilities that a host grants on purpose, each for itself. Standard streams, clocks, arguments and the like are
/// left out: every program has them.
pub(crate) const GRANTED: Capabilities = Capabilities::of(&[
    Capability::ReadFiles,
    Capability::WriteFiles,
    Capability::Connect,
    Capability::Listen,
    Capability::ResolveNames,
    Capability::ConfigureNetwork,
    Capability::Environment,
    Capability::Threads,
    Capability::Processes,
    Capability::HttpClient,
    Capability::DynamicCode,
    Capability::NeuralNetwork,
    Capability::Storage,
    Capability::Messaging,
    Capability::Configuration,
    Capability::Cryptography,
]);

/// Can a capability of the file be used?
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach<'f> {
    /// Nothing asks the host for it.
    Absent,
    /// It is asked for, but no way from an entry leads to it, in any module.
    Unreachable,
    /// It is asked for, and whether it can be reached was not found out.
    Unknown,
    /// It can be reached, on this path: through all modules of a component, or within one module.
    Reachable(&'f Facts, &'f Path),
}

impl Reach<'_> {
    /// Can it be reached, or not be ruled out?
    pub(crate) fn is_possible(self) -> bool {
        matches!(self, Self::Unknown | Self::Reachable(..))
    }

    /// Found where the capability is used, in the function that calls the import; else in the file.
    pub(crate) fn found(self, found: &mut Found, message: String) -> Place<'_> {
        let Self::Reachable(facts, path) = self else { return found.in_file(message) };
        // The last step is the import itself.
        let caller = path.steps.iter().rev().nth(1);
        let module = match caller.and_then(|caller| caller.module.as_ref()) {
            Some(path) => facts.modules.iter().find(|module| module.path == *path),
            None => facts.modules.iter().find(|module| facts.modules.len() == 1 || is_way_of(module, path)),
        };
        let Some(module) = module else { return found.in_file(message) };
        let place = found.in_module(module, message);
        match caller {
            Some(caller) => place.function(caller.function, caller.name.as_deref()),
            None => place,
        }
    }

    /// How, for a message: `reached from export "run"`.
    pub(crate) fn how(self) -> String {
        match self {
            Self::Absent => "not asked for".to_owned(),
            Self::Unreachable => "no export reaches it".to_owned(),
            Self::Unknown => "whether it can be reached is not known".to_owned(),
            Self::Reachable(_, path) => {
                let sure = if path.approximate == 0 { "" } else { ", not surely" };
                let root = match &path.root {
                    Root::Export { name } => format!("from export {name:?}"),
                    Root::Start => "from the start function".to_owned(),
                    Root::Shared => "from a table or global that the host sees".to_owned(),
                    Root::Destructor => "from the destructor of a resource".to_owned(),
                };
                format!("reached {root}{sure}")
            }
        }
    }
}

/// Can the file use `capability`? Of several paths the surest, then the shortest.
pub(crate) fn reach(facts: &Facts, capability: Capability) -> Reach<'_> {
    if !facts.capabilities.contains(capability) {
        return Reach::Absent;
    }
    if let Some(linked) = facts.linked.as_ref().filter(|linked| linked.analysed) {
        let told = linked.capabilities.iter().find(|c| c.capability == capability);
        return match (told, linked.path_to(capability)) {
            (Some(_), Some(path)) => Reach::Reachable(facts, path),
            (Some(c), None) if !c.reachable && !linked.incomplete => Reach::Unreachable,
            // Also a capability that it has by what it exports.
            _ => Reach::Unknown,
        };
    }
    let with = || facts.modules.iter().filter(|m| m.capabilities.contains(capability));
    let paths = with().filter_map(|m| m.reachability.path_to(capability));
    if let Some(path) = paths.min_by_key(|p| (p.approximate, p.steps.len())) {
        return Reach::Reachable(facts, path);
    }
    let ruled_out = |module: &ModuleFacts| {
        let reach = &module.reachability;
        let told = reach.capabilities.iter().find(|c| c.capability == capability);
        reach.analysed && !reach.incomplete && told.is_some_and(|c| !c.reachable)
    };
    // A component that has a capability by what it exports has no module that imports it.
    let all = facts.modules.len() == facts.module_count as usize;
    if all && with().next().is_some() && with().all(ruled_out) { Reach::Unreachable } else { Reach::Unknown }
}

/// Is it one of the module's own paths? Paths are compared by place: names may be the same in several modules.
fn is_way_of(module: &ModuleFacts, path: &Path) -> bool {
    module.reachability.imports.iter().filter_map(|i| i.path.as_ref()).any(|own| std::ptr::eq(own, path))
}

/// Those of `capabilities` that can be used, or are not ruled out.
pub(crate) fn possible(facts: &Facts, capabilities: &[Capability]) -> Vec<Capability> {
    capabilities.iter().copied().filter(|c| reach(facts, *c).is_possible()).collect()
}

/// `connect, listen`.
pub(crate) fn listed(capabilities: impl IntoIterator<Item = Capability>) -> String {
    capabilities.into_iter().map(Capability::as_str).collect::<Vec<_>>().join(", ")
}

/// The problems of a kind in the file and its modules.
pub(crate) fn problems(
    facts: &Facts,
    kind: ProblemKind,
) -> impl Iterator<Item = (Option<&ModuleFacts>, &Problem)> {
    let of_file = facts.problems.iter().map(|problem| (None, problem));
    let of_modules = facts.modules.iter().flat_map(|m| m.problems.iter().map(move |p| (Some(m), p)));
    of_file.chain(of_modules).filter(move |(_, problem)| problem.kind == kind)
}

/// Is this module the file itself, so that its exports go to the host? In a component they go to its other parts.
pub(crate) fn faces_host(facts: &Facts) -> bool {
    facts.kind == Kind::Module
}

/// Was this toolchain recognised?
pub(crate) fn made_with(module: &ModuleFacts, toolchain: &str) -> bool {
    module.origin.toolchains.iter().any(|t| t.name == toolchain)
}

/// Can the table hold functions, so that calls go through it?
pub(crate) fn holds_functions(table: &Table) -> bool {
    const OTHERS: [&str; 9] = ["extern", "any", "eq", "i31", "struct", "array", "exn", "cont", "none"];
    !OTHERS.iter().any(|other| table.element.contains(other))
}

/// Names that a message lists.
const LISTED: usize = 6;

/// `"a", "b" and 3 more`.
pub(crate) fn quoted<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> String {
    let mut list = String::new();
    let mut names = names.into_iter();
    for (place, name) in names.by_ref().take(LISTED).enumerate() {
        let _ = write!(list, "{}{:?}", if place > 0 { ", " } else { "" }, name.as_ref());
    }
    match names.count() {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// Bits per byte from which contents look encrypted or compressed; machine code and tables lie below 7.
pub(crate) const ENTROPY: f32 = 7.5;
/// Bytes that a segment must have for its entropy to say something: 256 different bytes have 8 bits each, whatever they are.
const MEASURABLE: u64 = 1_024;

/// Bytes in data segments that look encrypted or compressed, and where the first of them lie in the file.
pub(crate) fn unreadable(module: &ModuleFacts) -> (u64, Option<u64>) {
    let dense = || module.data.list.iter().filter(|s| s.entropy >= ENTROPY && s.size >= MEASURABLE);
    (dense().fold(0, |sum, segment| sum.saturating_add(segment.size)), dense().map(|s| s.offset).next())
}

/// Can the file open connections, itself or by HTTP?
pub(crate) fn reaches_network(facts: &Facts) -> bool {
    !possible(facts, &[Capability::Connect, Capability::HttpClient]).is_empty()
}

/// The distinct texts of a class in a module, without those in sections that only describe it.
pub(crate) fn texts(module: &ModuleFacts, class: TextClass) -> impl Iterator<Item = &Text> {
    let texts = module.content.texts.get(&class).into_iter().flat_map(|texts| &texts.list);
    texts.filter(|text| !matches!(&text.place, Placed::Custom { section } if is_description(section)))
}

/// Custom sections that describe the module and are not used by it.
pub(crate) fn is_description(section: &str) -> bool {
    section.starts_with(".debug_") || section.starts_with("component-type") || section == "producers"
}

/// Is the embedded file one of these formats, and not what describes the module itself?
pub(crate) fn is_payload(file: &EmbeddedFile, formats: &[FileFormat]) -> bool {
    let describes = matches!(&file.place, Placed::Custom { section } if is_description(section));
    formats.contains(&file.format) && !describes
}

/// Where a file lies, in words.
pub(crate) fn place(file: &EmbeddedFile) -> String {
    match &file.place {
        Placed::Data { segment } => format!("data segment {segment}"),
        Placed::Custom { section } => format!("custom section {section:?}"),
    }
}
