//! The symbol table of a code image: guest functions with their names and addresses.

use super::digest::SymbolDigest;
use super::elf::{Headers, read_headers};
use super::symtab::{self, CodeKind, MAX_SYMBOL, RawCode};
use crate::memory::ReadMemory;
use crate::problems::Problems;
use std::io;
use wasmscope_model::text::lossy_within;
use wasmscope_model::{CodeImage, Function, Sha256};

/// The guest functions of one image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionScan {
    /// In the order of the symbol table, which Wasmtime sorts by module and index.
    pub functions: Vec<Function>,
    /// What could not be read or made no sense.
    pub problems: Vec<String>,
    /// Whether there were more than asked for, or more than looked at.
    pub truncated: bool,
}

/// Reads at most `limit` guest functions of `image` from its process's memory.
///
/// Trampolines and builtins are left out. Names and addresses are as the observed process has them:
/// bounded in length, otherwise unchecked, except that every function lies within `.text`.
pub fn functions(image: &CodeImage, memory: &dyn ReadMemory, limit: usize) -> FunctionScan {
    let mut scan = FunctionScan::default();
    let mut problems = Problems::default();
    let result = read_headers(memory, image.base, image.size_bytes, &mut problems).and_then(|headers| {
        let Some(headers) = headers else {
            problems.note("the image is gone");
            return Ok(());
        };
        let more = symtab::for_each(memory, image.base, &headers, &mut problems, |code| {
            let Some(function) = owned(image, code) else { return true };
            let room = scan.functions.len() < limit;
            if room {
                scan.functions.push(function);
            }
            room
        })?;
        scan.truncated = more;
        Ok(())
    });
    if let Err(error) = result {
        problems.note(format!("reading the image: {error}"));
    }
    scan.problems = problems.into_vec();
    scan
}

/// What the symbol table tells of the whole image.
pub(crate) struct Summary {
    pub(crate) modules: u32,
    pub(crate) functions: u32,
    pub(crate) digest: Option<Sha256>,
}

/// Counts and digests all guest functions. The digest is left out where not all were read.
pub(crate) fn summarise(
    memory: &dyn ReadMemory,
    base: u64,
    headers: &Headers,
    component: bool,
    problems: &mut Problems,
) -> io::Result<Summary> {
    let mut digest = SymbolDigest::default();
    let mut functions = 0u32;
    let truncated = symtab::for_each(memory, base, headers, problems, |code| {
        if let CodeKind::Function { module, index, name } = code.kind {
            functions = functions.saturating_add(1);
            digest.add(module, index, name);
        }
        true
    })?;
    let digest_value = if truncated { None } else { digest.finish(component) };
    Ok(Summary { modules: digest.modules(), functions, digest: digest_value })
}

fn owned(image: &CodeImage, code: &RawCode<'_>) -> Option<Function> {
    let CodeKind::Function { module, index, name } = code.kind else { return None };
    Some(Function {
        module_index: module,
        index,
        name: (!name.is_empty()).then(|| lossy_within(name, MAX_SYMBOL)),
        symbol: lossy_within(code.symbol, MAX_SYMBOL),
        address: image.text_base.saturating_add(code.offset),
        size_bytes: code.size,
    })
}
