//! The symbol table of a code image: guest functions with their names and addresses.

use super::digest::SymbolDigest;
use super::elf::{Headers, c_string, read_headers};
use crate::memory::{ReadMemory, read_vec};
use crate::problems::Problems;
use object::Endianness;
use object::elf::Sym64;
use object::read::elf::Sym as _;
use std::io;
use wasmscope_model::text::lossy_within;
use wasmscope_model::{CodeImage, Function, Sha256};

/// Most symbols looked at in one image, trampolines included.
const MAX_SYMBOLS: u64 = 1 << 19;

/// Most bytes of symbol names read from one image.
const MAX_STRINGS: u64 = 64 << 20;

/// Longest symbol kept, in bytes; Wasmtime cuts names to 96, the numbers before it need less than 40.
const MAX_SYMBOL: usize = 192;

/// Symbols read at a time.
const CHUNK: u64 = 4096;

const ENTRY: u64 = size_of::<Sym64<Endianness>>() as u64;

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
        let more = for_each(memory, image.base, &headers, &mut problems, |function| {
            let room = scan.functions.len() < limit;
            if room {
                scan.functions.push(function.to_owned());
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
    let truncated = for_each(memory, base, headers, problems, |function| {
        functions = functions.saturating_add(1);
        digest.add(function.module, function.index, function.name);
        true
    })?;
    let digest_value = if truncated { None } else { digest.finish(component) };
    Ok(Summary { modules: digest.modules(), functions, digest: digest_value })
}

/// One guest function as it stands in the tables.
struct RawFunction<'a> {
    module: u32,
    index: u32,
    /// Empty for none.
    name: &'a [u8],
    symbol: &'a [u8],
    address: u64,
    size: u64,
}

impl RawFunction<'_> {
    fn to_owned(&self) -> Function {
        Function {
            module_index: self.module,
            index: self.index,
            name: (!self.name.is_empty()).then(|| lossy_within(self.name, MAX_SYMBOL)),
            symbol: lossy_within(self.symbol, MAX_SYMBOL),
            address: self.address,
            size_bytes: self.size,
        }
    }
}

/// Calls `each` for every guest function until it returns false; returns whether any were left out.
fn for_each(
    memory: &dyn ReadMemory,
    base: u64,
    headers: &Headers,
    problems: &mut Problems,
    mut each: impl FnMut(&RawFunction<'_>) -> bool,
) -> io::Result<bool> {
    let (Some(symtab), Some(strtab), Some(text)) =
        (headers.section(".symtab"), headers.section(".strtab"), headers.section(".text"))
    else {
        problems.note("no symbol table");
        return Ok(true);
    };
    let mut truncated = false;
    let mut strings_len = strtab.size;
    if strings_len > MAX_STRINGS {
        problems.note(format!("{strings_len} bytes of symbol names, only {MAX_STRINGS} looked at"));
        (strings_len, truncated) = (MAX_STRINGS, true);
    }
    let strings = read_vec(memory, base.saturating_add(strtab.offset), strings_len as usize)?;
    if (strings.len() as u64) < strings_len {
        problems.note("symbol names partly unreadable");
        truncated = true;
    }
    let mut count = symtab.size / ENTRY;
    if count > MAX_SYMBOLS {
        problems.note(format!("{count} symbols, only {MAX_SYMBOLS} looked at"));
        (count, truncated) = (MAX_SYMBOLS, true);
    }

    let text_base = base.saturating_add(text.offset);
    let mut done = 0;
    while done < count {
        let wanted = (count - done).min(CHUNK) * ENTRY;
        let at = base.saturating_add(symtab.offset).saturating_add(done * ENTRY);
        let raw = read_vec(memory, at, wanted as usize)?;
        for entry in raw.chunks_exact(ENTRY as usize) {
            let Ok((symbol, _)) = object::pod::from_bytes::<Sym64<Endianness>>(entry) else { continue };
            let name = c_string(&strings, symbol.st_name(headers.endian), MAX_SYMBOL);
            let Some((module, index, function_name)) = guest_function(name) else { continue };
            if name.len() > MAX_SYMBOL {
                problems.note("symbols longer than Wasmtime writes them");
                truncated = true;
            }
            let (value, size) = (symbol.st_value(headers.endian), symbol.st_size(headers.endian));
            if value.checked_add(size).is_none_or(|end| end > text.size) {
                problems.note("functions outside of .text");
                truncated = true;
                continue;
            }
            let address = text_base.saturating_add(value);
            let function = RawFunction { module, index, name: function_name, symbol: name, address, size };
            if !each(&function) {
                return Ok(true);
            }
        }
        if (raw.len() as u64) < wanted {
            problems.note("symbol table partly unreadable");
            return Ok(true);
        }
        done += CHUNK;
    }
    Ok(truncated)
}

/// Splits `wasm[M]::function[I]` or `wasm[M]::function[I]::name`; `None` for any other symbol.
fn guest_function(symbol: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (module, rest) = number(symbol.strip_prefix(b"wasm[")?)?;
    let (index, rest) = number(rest.strip_prefix(b"]::function[")?)?;
    match rest.strip_prefix(b"]")? {
        [] => Some((module, index, &[])),
        rest => Some((module, index, rest.strip_prefix(b"::")?)),
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let end = bytes.iter().position(|b| !b.is_ascii_digit())?;
    let (digits, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_guest_functions_are_taken_for_such() {
        assert_eq!(guest_function(b"wasm[0]::function[7]::a::b"), Some((0, 7, &b"a::b"[..])));
        assert_eq!(guest_function(b"wasm[12]::function[7]"), Some((12, 7, &b""[..])));
        for other in [
            "wasm[0]::array_to_wasm_trampoline[1]",
            "signatures[1]::wasm_to_array_trampoline",
            "wasmtime_builtin_memory_grow",
            "wasm[]::function[1]",
            "wasm[99999999999]::function[1]",
            "wasm[0]::function[1",
            "wasm[0]::function[1]x",
        ] {
            assert_eq!(guest_function(other.as_bytes()), None, "{other}");
        }
    }
}
