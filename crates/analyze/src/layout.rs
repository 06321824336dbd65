//! The layout of a module: its sections in order.

use crate::entropy::sampled;
use crate::facts::Section;
use crate::limits::Budget;
use crate::module::ModuleReader;
use crate::text;
use std::ops::Range;
use wasmparser::Payload;

impl ModuleReader<'_> {
    pub(crate) fn layout(&mut self, payload: &Payload<'_>, budget: &mut Budget) {
        let Some((id, range)) = payload.as_section() else { return };
        self.section_count = self.section_count.saturating_add(1);
        let entropy = match payload {
            Payload::CustomSection(custom) => Some(sampled(custom.data())),
            _ => None,
        };
        self.encoding.section(payload, &range, entropy);
        if !budget.take() {
            return;
        }
        let mut section = Section {
            id,
            name: name(id).to_owned(),
            offset: range.start,
            size: size(&range),
            entries: entries(payload),
            entropy,
        };
        if let Payload::CustomSection(custom) = payload {
            section.name = text::name(custom.name());
        }
        self.sections.push(section);
    }
}

fn size(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// <https://webassembly.github.io/spec/core/binary/modules.html#sections>
fn name(id: u8) -> &'static str {
    const NAMES: [&str; 14] = [
        "custom",
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "code",
        "data",
        "data-count",
        "tag",
    ];
    NAMES.get(usize::from(id)).copied().unwrap_or("unknown")
}

fn entries(payload: &Payload<'_>) -> Option<u32> {
    Some(match payload {
        Payload::TypeSection(s) => s.count(),
        Payload::ImportSection(s) => s.count(),
        Payload::FunctionSection(s) => s.count(),
        Payload::TableSection(s) => s.count(),
        Payload::MemorySection(s) => s.count(),
        Payload::TagSection(s) => s.count(),
        Payload::GlobalSection(s) => s.count(),
        Payload::ExportSection(s) => s.count(),
        Payload::ElementSection(s) => s.count(),
        Payload::DataSection(s) => s.count(),
        Payload::DataCountSection { count, .. } | Payload::CodeSectionStart { count, .. } => *count,
        _ => return None,
    })
}
