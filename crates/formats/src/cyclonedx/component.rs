//! A file, and the modules in it, as components.

use super::{
    dependencies::crates,
    types::{Component, Depends, Evidence, Hash, Property},
};
use crate::Scanned;
use wasmscope_analyze::{
    Capabilities, Facts,
    facts::{Kind, ModuleFacts, Recognised},
};

/// Imports of one module or component that are listed.
const MOST_IMPORTS: usize = 1_000;

/// The component of a file, and who in it depends on whom. `bom_ref` names it.
pub(super) fn component(file: &Scanned<'_>, bom_ref: String) -> (Component, Vec<Depends>) {
    let facts = file.facts;
    let name = file.path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(file.path);
    let kind = if is_command(facts) { "application" } else { "library" };
    let mut component = Component::new(kind, bom_ref, name);
    component.mime_type = Some("application/wasm");
    component.hashes.push(Hash::of(&facts.sha256));
    component.evidence = Evidence::at(file.path, None);
    let mut properties = Properties::default();
    properties.add("wasmscope:kind", if facts.kind == Kind::Module { "module" } else { "component" });
    properties.add("wasmscope:size", facts.size.to_string());
    properties.add("wasmscope:valid", validity(facts));
    properties.capabilities(facts.capabilities);
    for finding in &file.findings.list {
        let place = finding.module.as_ref().map(|module| format!(" in {module}")).unwrap_or_default();
        let text = format!("{} {}{place}: {}", finding.severity, finding.rule, finding.message);
        properties.add("wasmscope:finding", text);
    }
    for (rule, count) in &file.findings.omitted {
        properties.add("wasmscope:findings-left-out", format!("{rule}: {count}"));
    }
    let mut depends = Vec::new();
    match facts.kind {
        // The module is the file: it is no part of itself.
        Kind::Module => {
            for module in facts.modules.iter().take(1) {
                depends.extend(describe(module, &mut component, &mut properties));
            }
        }
        Kind::Component => {
            if let Some(outermost) = facts.components.first() {
                let names = outermost.imports.iter().map(|import| import.name.clone());
                properties.imports(names, outermost.import_count);
            }
            for module in &facts.modules {
                let (nested, more) = nested(module, file.path, &component.bom_ref);
                component.components.push(nested);
                depends.extend(more);
            }
        }
    }
    component.properties = properties.list;
    (component, depends)
}

fn nested(module: &ModuleFacts, path: &str, file: &str) -> (Component, Vec<Depends>) {
    let mut component = Component::new("library", format!("{file}/{}", module.path), &module.path);
    component.mime_type = Some("application/wasm");
    component.hashes.push(Hash::of(&module.sha256));
    component.evidence = Evidence::at(path, Some(module.offset));
    let mut properties = Properties::default();
    properties.add("wasmscope:size", module.size.to_string());
    properties.capabilities(module.capabilities);
    let depends = describe(module, &mut component, &mut properties);
    component.properties = properties.list;
    (component, depends)
}

/// What is the same for a module that is a file and one inside a component.
fn describe(module: &ModuleFacts, component: &mut Component, properties: &mut Properties) -> Vec<Depends> {
    if let Some(name) = &module.name {
        properties.add("wasmscope:module-name", name);
    }
    for used in &module.interfaces {
        properties.add("wasmscope:interface", &used.namespace);
    }
    let names = module.imports.iter().map(|import| format!("{}.{}", import.module, import.name));
    properties.imports(names, module.import_count);
    properties.recognised("wasmscope:language", &module.origin.languages);
    properties.recognised("wasmscope:toolchain", &module.origin.toolchains);
    properties.recognised("wasmscope:allocator", &module.hardening.allocators);
    properties.recognised("wasmscope:libc", &module.hardening.libcs);
    for producer in &module.producers {
        let text = format!("{} {} {}", producer.field, producer.name, producer.version);
        properties.add("wasmscope:producer", text.trim_end());
    }
    if let Some(build_id) = &module.debug.build_id {
        properties.add("wasmscope:build-id", build_id);
    }
    let Some(list) = &module.dependencies else { return Vec::new() };
    let (components, depends, complete) = crates(&component.bom_ref, list);
    component.components.extend(components);
    if !complete {
        properties.add("wasmscope:dependencies", "incomplete");
    }
    depends
}

/// Does it run by itself, or answer requests? Everything else is there to be called by another program.
fn is_command(facts: &Facts) -> bool {
    match facts.kind {
        Kind::Module => {
            facts.modules.iter().flat_map(|module| &module.exports).any(|export| {
                matches!(export.name.as_str(), "_start" | "main" | "_main" | "__main_argc_argv")
            })
        }
        Kind::Component => {
            let exports = facts.components.first().map(|outermost| &outermost.exports);
            exports.into_iter().flatten().any(|export| {
                ["wasi:cli/run@", "wasi:http/incoming-handler@", "wasi:http/handler@"]
                    .iter()
                    .any(|entry| export.name.starts_with(entry))
            })
        }
    }
}

fn validity(facts: &Facts) -> &'static str {
    match (&facts.validation.error, facts.validation.valid) {
        (None, true) => "true",
        (None, false) => "unknown",
        (Some(_), _) => "false",
    }
}

/// Facts that the format has no place for, in the order in which they are added.
#[derive(Debug, Default)]
struct Properties {
    list: Vec<Property>,
}

impl Properties {
    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.list.push(Property { name, value: value.into() });
    }

    fn capabilities(&mut self, capabilities: Capabilities) {
        for capability in capabilities.iter() {
            self.add("wasmscope:capability", capability.as_str());
        }
    }

    /// At most [`MOST_IMPORTS`] of `count`, and how many are missing.
    fn imports(&mut self, names: impl ExactSizeIterator<Item = String>, count: u32) {
        let listed = names.len().min(MOST_IMPORTS);
        for name in names.take(MOST_IMPORTS) {
            self.add("wasmscope:import", name);
        }
        let missing = u64::from(count).saturating_sub(listed as u64);
        if missing > 0 {
            self.add("wasmscope:imports-left-out", missing.to_string());
        }
    }

    fn recognised(&mut self, name: &'static str, list: &[Recognised]) {
        for one in list {
            self.add(name, format!("{} ({})", one.name, one.confidence));
        }
    }
}
