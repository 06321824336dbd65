//! One code image.

use super::elf::{Headers, read_headers};
use super::symbols;
use crate::memory::{ReadMemory, read_vec};
use crate::problems::Problems;
use std::io;
use wasmscope_model::text::lossy_within;
use wasmscope_model::{CodeImage, ImageKind};

/// `e_flags`: a core module, a component, Pulley bytecode of either width (`wasmtime-environ`, `obj.rs`).
const MODULE: u32 = 1;
const COMPONENT: u32 = 2;
const PULLEY: u32 = 4 | 8;

/// Longest engine version string: its length is one byte.
const MAX_VERSION: usize = 255;

/// Reads the image at `base`, of which `available` bytes are mapped; `Ok(None)` if there is none.
pub(crate) fn read_image(
    memory: &dyn ReadMemory,
    base: u64,
    available: u64,
    file: Option<&str>,
) -> io::Result<Option<CodeImage>> {
    let mut problems = Problems::default();
    let Some(headers) = read_headers(memory, base, available, &mut problems)? else { return Ok(None) };
    let kind = kind(headers.flags);
    let text = headers.section(".text");
    if text.is_none() {
        problems.note("no .text section");
    }
    let summary = symbols::summarise(memory, base, &headers, is_component(kind), &mut problems)?;
    Ok(Some(CodeImage {
        base,
        size_bytes: headers.claimed_size,
        kind,
        engine_version: engine_version(memory, base, &headers)?,
        text_base: text.map_or(base, |text| base.saturating_add(text.offset)),
        text_bytes: text.map_or(0, |text| text.size),
        modules: if is_component(kind) { summary.modules } else { 1 },
        functions: summary.functions,
        symbols_sha256: summary.digest,
        module_sha256: None,
        file: file.map(str::to_owned),
        problems: problems.into_vec(),
    }))
}

fn kind(flags: u32) -> ImageKind {
    match (flags & (MODULE | COMPONENT), flags & PULLEY, flags & !(MODULE | COMPONENT | PULLEY)) {
        (MODULE, 0, 0) => ImageKind::Module,
        (COMPONENT, 0, 0) => ImageKind::Component,
        (MODULE, 4 | 8, 0) => ImageKind::PulleyModule,
        (COMPONENT, 4 | 8, 0) => ImageKind::PulleyComponent,
        _ => ImageKind::Unknown(flags),
    }
}

/// Whether the image can hold several modules.
pub(crate) fn is_component(kind: ImageKind) -> bool {
    match kind {
        ImageKind::Module | ImageKind::PulleyModule => false,
        ImageKind::Component | ImageKind::PulleyComponent => true,
        ImageKind::Unknown(flags) => flags & COMPONENT != 0,
    }
}

/// `.wasmtime.engine`: a format byte (0), a length byte, the version.
fn engine_version(memory: &dyn ReadMemory, base: u64, headers: &Headers) -> io::Result<Option<String>> {
    let Some(section) = headers.section(".wasmtime.engine") else { return Ok(None) };
    let len = section.size.min(MAX_VERSION as u64 + 2) as usize;
    let bytes = read_vec(memory, base.saturating_add(section.offset), len)?;
    let version = match bytes.as_slice() {
        [0, len, rest @ ..] => rest.get(..usize::from(*len)),
        _ => None,
    };
    Ok(version.map(|version| lossy_within(version, MAX_VERSION)))
}
