use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::Segment;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "segment-out-of-bounds",
    title: "segment reaches beyond its memory or table",
    severity: Severity::Low,
    confidence: Confidence::percent(95),
    threat: "E7",
    cwe: &[1284],
    attack: &[],
    sources: &["https://webassembly.github.io/spec/core/exec/modules.html#instantiation"],
    description: "An active segment does not fit into the memory or table that the module itself declares: \
        instantiation always traps. Segments before it have been written by then, also into memories and \
        tables of other modules, which keep what was written.",
    remediation: "Build anew; a linker does not make this. Make the memory larger (-Wl,--initial-memory=BYTES) \
        if data was added afterwards.",
    false_positives: "Tests of runtimes. Whether a segment fits into an imported memory is not known, and not \
        told.",
    check,
};

/// Memories and tables are listed from the first, so a place is an index.
fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        for data in &module.data.list {
            let Segment::Active { target, start: Some(start) } = data.segment else { continue };
            let memory = module.memories.get(target as usize).filter(|memory| !memory.imported);
            let end = start.saturating_add(data.size);
            if let Some(memory) = memory.filter(|memory| end > memory.minimum_bytes) {
                let (index, has) = (data.index, memory.minimum_bytes);
                let message = format!("data segment {index} ends at {end:#x}; memory {target} at {has:#x}");
                found.in_module(module, message).at(data.offset);
            }
        }
        for elements in &module.elements.list {
            let Segment::Active { target, start: Some(start) } = elements.segment else { continue };
            let table = module.tables.get(target as usize).filter(|table| !table.imported);
            let end = start.saturating_add(elements.elements.into());
            if let Some(table) = table.filter(|table| end > table.minimum) {
                let (index, has) = (elements.index, table.minimum);
                let message = format!("element segment {index} ends at {end}; table {target} at {has}");
                found.in_module(module, message);
            }
        }
    }
}
