//! How much of everything.

use super::{left_out, not_read};
use crate::policy::Rules;
use crate::violation::{Verdict, Violation, ViolationKind};
use wasmscope_analyze::facts::{Facts, Kind, Memory, ModuleFacts, NamedFunction};
use wasmscope_model::{FindingFunction, text::bytes};

pub(super) fn check(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    let measures = Measures::of(facts);
    let mut check = Check { rules, facts, verdict };
    check.size("file-size", |entry| entry.limits.file_size.as_ref(), facts.size, "the file has", None);
    check.count(
        "modules",
        |e| e.limits.modules.as_ref(),
        u64::from(facts.module_count),
        "core modules",
        None,
    );
    check.size(
        "memory-minimum",
        |entry| entry.limits.memory_minimum.as_ref(),
        measures.memory_minimum,
        "the memories start with",
        None,
    );
    check.memory_maximum(measures.memory_maximum);
    let elements = measures.table_elements;
    check.count("table-elements", |e| e.limits.table_elements.as_ref(), elements, "table elements", None);
    check.count("functions", |e| e.limits.functions.as_ref(), measures.functions, "functions", None);
    let (largest, value) = measures.largest;
    let message = "the largest function has";
    check.size("function-size", |entry| entry.limits.function_size.as_ref(), value, message, largest);
    let (most, value) = measures.locals;
    check.count("locals", |entry| entry.limits.locals.as_ref(), value, "locals in one function", most);
    check.size("data", |entry| entry.limits.data.as_ref(), measures.data, "the data segments have", None);
}

type Place<'f> = Option<(&'f ModuleFacts, &'f NamedFunction)>;

/// The measures of the whole file. Each module counts once, however often a component instantiates it.
pub(crate) struct Measures<'f> {
    pub(crate) memory_minimum: u64,
    /// `None` if a memory has no maximum.
    pub(crate) memory_maximum: Option<u64>,
    pub(crate) table_elements: u64,
    pub(crate) functions: u64,
    pub(crate) largest: (Place<'f>, u64),
    pub(crate) locals: (Place<'f>, u64),
    pub(crate) data: u64,
}

impl<'f> Measures<'f> {
    pub(crate) fn of(facts: &'f Facts) -> Self {
        let sum = |each: fn(&ModuleFacts) -> u64| facts.modules.iter().map(each).fold(0, u64::saturating_add);
        let memories = || memories(facts).map(|(_, memory)| memory);
        let most = |each: fn(&ModuleFacts) -> Option<&NamedFunction>| {
            let all = facts.modules.iter().filter_map(|module| Some((module, each(module)?)));
            let most = all.max_by_key(|(_, function)| function.value);
            (most, most.map_or(0, |(_, function)| function.value))
        };
        let tables = facts.modules.iter().flat_map(|module| &module.tables);
        let tables = tables.filter(|table| facts.kind == Kind::Module || !table.imported);
        Self {
            memory_minimum: memories().map(|m| m.minimum_bytes).fold(0, u64::saturating_add),
            memory_maximum: memories()
                .map(|m| m.maximum_bytes)
                .try_fold(0u64, |all, m| Some(all.saturating_add(m?))),
            table_elements: tables.map(|table| table.minimum).fold(0, u64::saturating_add),
            functions: sum(|module| u64::from(module.functions.defined)),
            largest: most(|module| module.functions.largest.as_ref()),
            locals: most(|module| module.functions.most_locals.as_ref()),
            data: sum(|module| module.data.bytes),
        }
    }
}

/// The memories that exist: within a component, an imported one is another module's.
pub(super) fn memories(facts: &Facts) -> impl Iterator<Item = (&ModuleFacts, &Memory)> {
    let all =
        facts.modules.iter().flat_map(|module| module.memories.iter().map(move |memory| (module, memory)));
    all.filter(|(_, memory)| facts.kind == Kind::Module || !memory.imported)
}

struct Check<'c, 'p, 'f> {
    rules: &'c Rules<'p>,
    facts: &'f Facts,
    verdict: &'c mut Verdict,
}

impl<'p> Check<'_, 'p, '_> {
    fn size(
        &mut self,
        key: &'static str,
        pick: impl Fn(&'p crate::policy::Entry) -> Option<&'p toml::Spanned<crate::policy::Size>>,
        value: u64,
        has: &str,
        place: Place<'_>,
    ) {
        let Some(said) = self.rules.get(key, pick) else { return };
        if value > said.value.0 {
            let message = format!("{has} {}, {} are allowed", exact(value), exact(said.value.0));
            self.exceeds(key, said.clause(), message, place);
        }
        self.complete(key, said.clause());
    }

    fn count(
        &mut self,
        key: &'static str,
        pick: impl Fn(&'p crate::policy::Entry) -> Option<&'p toml::Spanned<u64>>,
        value: u64,
        what: &str,
        place: Place<'_>,
    ) {
        let Some(said) = self.rules.get(key, pick) else { return };
        if value > *said.value {
            let message = format!("there are {value} {what}, {} are allowed", said.value);
            self.exceeds(key, said.clause(), message, place);
        }
        self.complete(key, said.clause());
    }

    fn memory_maximum(&mut self, maximum: Option<u64>) {
        let key = "memory-maximum";
        let Some(said) = self.rules.get(key, |entry| entry.limits.memory_maximum.as_ref()) else { return };
        let most = exact(said.value.0);
        match maximum {
            Some(maximum) if maximum > said.value.0 => {
                let message = format!("the memories may grow to {}, {most} are allowed", exact(maximum));
                self.exceeds(key, said.clause(), message, None);
            }
            Some(_) => {}
            None => {
                let message = format!("a memory sets no maximum, {most} are allowed");
                self.exceeds(key, said.clause(), message, None);
            }
        }
        self.complete(key, said.clause());
    }

    fn exceeds(&mut self, key: &str, clause: crate::Clause, message: String, place: Place<'_>) {
        let remedy = match key {
            "memory-maximum" => "link with a maximum (wasm-ld --max-memory=…), or raise the limit",
            "function-size" | "locals" => "find out why one function is so large, then raise the limit",
            _ => "find out what it is needed for, then raise the limit",
        };
        let mut violation = Violation::new(ViolationKind::Limit, clause, message, remedy).subject(key);
        if let Some((module, function)) = place {
            violation = violation.module(&module.path).at(Some(function.offset));
            violation.function = Some(FindingFunction { index: function.index, name: function.name.clone() });
        }
        self.verdict.add(violation);
    }

    /// Counts of functions and bytes are exact if every module was read; memories and tables have to be listed.
    fn complete(&mut self, key: &str, clause: crate::Clause) {
        let whole_file = matches!(key, "file-size" | "modules");
        if let Some(what) = left_out(self.facts).filter(|_| !whole_file) {
            self.verdict.add(not_read(clause, key, what));
        }
    }
}

/// A size that reads well, and exactly where that is not enough.
fn exact(value: u64) -> String {
    let text = bytes(value);
    if value < 1024 || value.trailing_zeros() >= 16 { text } else { format!("{text} ({value} B)") }
}
