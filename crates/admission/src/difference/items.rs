//! Lists of named values, and what differs between two of them.

use crate::uses::import_name;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use wasmscope_analyze::facts::Facts;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: `memory 0`, `wasi:io/poll`, `env#log`. May be a name of the module's own.
    pub what: String,
    /// How it was; `None` if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// How it is; `None` if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// Named values; a name can have several.
#[derive(Debug, Default)]
pub(super) struct Items(BTreeMap<String, BTreeSet<String>>);

impl Items {
    pub(super) fn one(&mut self, what: impl Into<String>, value: impl Display) {
        self.0.entry(what.into()).or_default().insert(value.to_string());
    }

    /// Says it only if it is so.
    pub(super) fn some(&mut self, what: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.one(what, value);
        }
    }
}

/// What differs, by name.
pub(super) fn changes(old: Items, new: Items) -> Vec<Change> {
    let names: BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
    let nothing = BTreeSet::new();
    let mut changes = Vec::new();
    for what in names {
        let (before, after) = (old.0.get(what).unwrap_or(&nothing), new.0.get(what).unwrap_or(&nothing));
        if before == after {
            continue;
        }
        let text = |values: &BTreeSet<String>, others: &BTreeSet<String>| {
            let only: Vec<_> = values.difference(others).cloned().collect();
            (!only.is_empty()).then(|| only.join(", "))
        };
        changes.push(Change { what: what.clone(), old: text(before, after), new: text(after, before) });
    }
    changes
}

/// Namespaces without their version, and the version.
pub(super) fn interfaces(facts: &Facts) -> Items {
    let mut items = Items::default();
    let mut add = |namespace: &str, version: Option<&str>| {
        let (name, written) = namespace.split_once('@').map_or((namespace, None), |(n, v)| (n, Some(v)));
        items.one(name, version.or(written).unwrap_or("no version"));
    };
    if let Some(component) = facts.components.first() {
        component.imports.iter().for_each(|item| add(&item.name, item.version.as_deref()));
    } else if let Some(module) = facts.modules.first() {
        module.interfaces.iter().for_each(|used| add(&used.namespace, used.version.as_deref()));
    }
    items
}

/// What the host has to give, with its type. Of component interfaces without the version, which
/// [`interfaces`] tells.
pub(super) fn imports(facts: &Facts) -> Items {
    let mut items = Items::default();
    if let Some(component) = facts.components.first() {
        for item in &component.imports {
            let name = item.name.split('@').next().unwrap_or_default();
            match &item.functions {
                Some(functions) => functions.iter().for_each(|f| items.one(import_name(name, f), "func")),
                None => items.one(name, &item.kind),
            }
        }
    } else if let Some(module) = facts.modules.first() {
        for import in &module.imports {
            items.one(import_name(&import.module, &import.name), &import.ty.signature);
        }
    }
    items
}

/// What the host can call or touch, with its type.
pub(super) fn exports(facts: &Facts) -> Items {
    let mut items = Items::default();
    if let Some(component) = facts.components.first() {
        for item in &component.exports {
            items.one(&item.name, &item.kind);
            for function in item.functions.iter().flatten() {
                items.one(import_name(&item.name, function), "func");
            }
        }
    } else if let Some(module) = facts.modules.first() {
        for export in &module.exports {
            let kind = format!("{:?}", export.ty.kind).to_lowercase();
            items.one(&export.name, format!("{kind} {}", export.ty.signature).trim_end());
        }
    }
    items
}
