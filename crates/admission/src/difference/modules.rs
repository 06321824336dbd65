//! Core modules: which is which, and what changed in each.

use super::items::{Change, Items, changes};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_analyze::facts::{Facts, ModuleFacts};
use wasmscope_model::Sha256;

/// What changed in one core module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleDifference {
    /// Where it was, if it was there: `component/module[1]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Where it is, if it still is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// The name that it gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Memories, tables and their limits.
    pub storage: Vec<Change>,
    /// Signature, debug information, stack protector, allocator.
    pub protection: Vec<Change>,
    /// Crates in it, by name, with their versions.
    pub dependencies: Vec<Change>,
    /// Producers, languages, toolchains.
    pub origin: Vec<Change>,
    /// Sizes, numbers of functions, proposals.
    pub code: Vec<Change>,
}

impl ModuleDifference {
    fn is_empty(&self) -> bool {
        let lists = [&self.storage, &self.protection, &self.dependencies, &self.origin, &self.code];
        lists.iter().all(|list| list.is_empty())
    }
}

/// Which module of the new file is which of the old one.
pub(super) struct Pairs<'f> {
    pairs: Vec<(Option<&'f ModuleFacts>, Option<&'f ModuleFacts>)>,
}

/// Matches by hash, then by name, then by path; each only where it is unique on both sides. Paths always are.
pub(super) fn pairs<'f>(old: &'f Facts, new: &'f Facts) -> Pairs<'f> {
    let mut left: Vec<&ModuleFacts> = old.modules.iter().collect();
    let mut right: Vec<&ModuleFacts> = new.modules.iter().collect();
    let mut pairs = Vec::new();
    let mut matched = |pair: &dyn Fn(&ModuleFacts) -> Option<Key>| {
        let (before, after) = (unique(&left, pair), unique(&right, pair));
        let mut done: (BTreeSet<Key>, BTreeSet<Key>) = Default::default();
        for (key, new) in after {
            if let Some(old) = before.get(&key) {
                pairs.push((Some(*old), Some(new)));
                done.0.insert(Key::Path(old.path.clone()));
                done.1.insert(Key::Path(new.path.clone()));
            }
        }
        left.retain(|module| !done.0.contains(&Key::Path(module.path.clone())));
        right.retain(|module| !done.1.contains(&Key::Path(module.path.clone())));
    };
    matched(&|module| Some(Key::Hash(module.sha256.0)));
    matched(&|module| module.name.clone().map(Key::Name));
    matched(&|module| Some(Key::Path(module.path.clone())));
    // A core module that became the only one of a component, or the reverse.
    if let ([old], [new]) = (left.as_slice(), right.as_slice()) {
        pairs.push((Some(*old), Some(*new)));
        left.clear();
        right.clear();
    }
    pairs.extend(left.into_iter().map(|module| (Some(module), None)));
    pairs.extend(right.into_iter().map(|module| (None, Some(module))));
    pairs.sort_by_key(|(old, new)| new.or(*old).map(|module| module.offset));
    Pairs { pairs }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Hash([u8; 32]),
    Name(String),
    Path(String),
}

fn unique<'f>(
    modules: &[&'f ModuleFacts],
    key: &dyn Fn(&ModuleFacts) -> Option<Key>,
) -> BTreeMap<Key, &'f ModuleFacts> {
    let mut found: BTreeMap<Key, Option<&ModuleFacts>> = BTreeMap::new();
    for &module in modules {
        if let Some(key) = key(module) {
            found.entry(key).and_modify(|one| *one = None).or_insert(Some(module));
        }
    }
    found.into_iter().filter_map(|(key, module)| Some((key, module?))).collect()
}

impl Pairs<'_> {
    /// The path in the old file of the module at `new`.
    pub(super) fn old_path(&self, new: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(_, module)| module.is_some_and(|module| module.path == new));
        pair?.0.map(|module| module.path.as_str())
    }

    pub(super) fn differences(&self) -> Vec<ModuleDifference> {
        let hash = |module: Option<&ModuleFacts>| module.map(|module| module.sha256);
        let same = |a: Option<Sha256>, b: Option<Sha256>| a.is_some() && a == b;
        let changed = self.pairs.iter().filter(|(old, new)| !same(hash(*old), hash(*new)));
        changed.map(|(old, new)| compare(*old, *new)).filter(|difference| !difference.is_empty()).collect()
    }
}

fn compare(old: Option<&ModuleFacts>, new: Option<&ModuleFacts>) -> ModuleDifference {
    let both = |items: fn(&ModuleFacts) -> Items| {
        changes(old.map(items).unwrap_or_default(), new.map(items).unwrap_or_default())
    };
    let path = |module: Option<&ModuleFacts>| module.map(|module| module.path.clone());
    ModuleDifference {
        old: path(old),
        new: path(new),
        name: new.or(old).and_then(|module| module.name.clone()),
        storage: both(storage),
        protection: both(protection),
        dependencies: both(dependencies),
        origin: both(origin),
        code: both(code),
    }
}

fn storage(module: &ModuleFacts) -> Items {
    let mut items = Items::default();
    for memory in &module.memories {
        let most = memory.maximum_bytes.map_or_else(|| "no limit".into(), |most| format!("{most} B"));
        let mut text = format!("{} B to {most}", memory.minimum_bytes);
        for (is, word) in
            [(memory.shared, "shared"), (memory.memory64, "64-bit"), (memory.imported, "imported")]
        {
            text.push_str(if is { ", " } else { "" });
            text.push_str(if is { word } else { "" });
        }
        if let Some(name) = &memory.exported {
            text.push_str(&format!(", exported as {name}"));
        }
        items.one(format!("memory {}", memory.index), text);
    }
    for table in &module.tables {
        let most = table.maximum.map_or_else(|| "no limit".into(), |most| most.to_string());
        let open = if table.open { ", open" } else { "" };
        let text = format!("{} to {most} of {}{open}", table.minimum, table.element);
        items.one(format!("table {}", table.index), text);
    }
    items
}

fn protection(module: &ModuleFacts) -> Items {
    let mut items = Items::default();
    if let Some(section) = &module.signature {
        let keys: Vec<_> = section.signatures.iter().map(|s| s.key_id.as_str()).collect();
        items.one("signature", format!("{} (not verified), keys: {}", keys.len(), keys.join(", ")));
    }
    let debug = &module.debug;
    items.some("names of functions", debug.names.then_some("there"));
    items.some("debug information", (debug.dwarf_bytes > 0).then_some("there"));
    items.some("debug information elsewhere", debug.external_debug_info.as_ref());
    items.some("source map", debug.source_map.as_ref());
    items.some(
        "stack protector",
        module.hardening.stack_protector.map(|has| if has { "used" } else { "not used" }),
    );
    items.some(
        "stack pointer",
        module.hardening.stack_pointer.as_ref().filter(|s| s.exposed).map(|_| "exposed"),
    );
    items.some("start function", module.start.map(|_| "there"));
    items
}

fn dependencies(module: &ModuleFacts) -> Items {
    let mut items = Items::default();
    for dependency in module.dependencies.iter().flatten() {
        items.one(&dependency.name, format!("{} ({})", dependency.version, dependency.source));
    }
    items.some("(list of dependencies)", module.dependencies.is_some().then_some("there"));
    items
}

fn origin(module: &ModuleFacts) -> Items {
    let mut items = Items::default();
    for producer in &module.producers {
        items.one(format!("{} {}", producer.field, producer.name), format!("version {}", producer.version));
    }
    for (what, list) in [
        ("language", &module.origin.languages),
        ("toolchain", &module.origin.toolchains),
        ("allocator", &module.hardening.allocators),
        ("libc", &module.hardening.libcs),
    ] {
        list.iter().for_each(|recognised| items.one(what, &recognised.name));
    }
    items
}

fn code(module: &ModuleFacts) -> Items {
    let mut items = Items::default();
    let functions = &module.functions;
    items.one("functions", functions.defined);
    items.one("bytes of code", functions.body_bytes);
    items.one("bytes of data", module.data.bytes);
    items.some("functions not decoded", (functions.undecoded > 0).then_some(functions.undecoded));
    items.some("largest function", functions.largest.as_ref().map(|largest| largest.value));
    module.proposals.iter().for_each(|used| items.one(format!("proposal {}", used.name), "used"));
    for section in module.sections.iter().filter(|section| section.id == 0) {
        items.one(format!("custom section {}", section.name), "there");
    }
    items
}
