//! Reading the symbol table of a code image, piece by piece from hostile memory.

use super::elf::{Headers, c_string};
use crate::memory::{ReadMemory, read_vec};
use crate::problems::Problems;
use object::Endianness;
use object::elf::{STT_FUNC, Sym64};
use object::read::elf::Sym as _;
use std::io;

/// Most symbols looked at in one image, trampolines included.
const MAX_SYMBOLS: u64 = 1 << 19;

/// Most bytes of symbol names read from one image.
const MAX_STRINGS: u64 = 64 << 20;

/// Longest symbol kept, in bytes; Wasmtime cuts names to 96, the numbers before it need less than 40.
pub(crate) const MAX_SYMBOL: usize = 192;

/// Symbols read at a time.
const CHUNK: u64 = 4096;

const ENTRY: u64 = size_of::<Sym64<Endianness>>() as u64;

/// One piece of code as it stands in the tables; it lies within `.text`.
pub(crate) struct RawCode<'a> {
    pub(crate) kind: CodeKind<'a>,
    pub(crate) symbol: &'a [u8],
    /// Bytes from the start of `.text`.
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// What a symbol says its code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind<'a> {
    /// A function of the guest; the name is empty for none.
    Function { module: u32, index: u32, name: &'a [u8] },
    /// Where the host enters compiled code.
    Entry,
    /// Where compiled code leaves for the host.
    Exit,
    /// Anything else the compiler made.
    Other,
}

/// Calls `each` for every piece of code until it returns false; returns whether any were left out.
pub(crate) fn for_each(
    memory: &dyn ReadMemory,
    base: u64,
    headers: &Headers,
    problems: &mut Problems,
    mut each: impl FnMut(&RawCode<'_>) -> bool,
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

    let mut done = 0;
    while done < count {
        let wanted = (count - done).min(CHUNK) * ENTRY;
        let at = base.saturating_add(symtab.offset).saturating_add(done * ENTRY);
        let raw = read_vec(memory, at, wanted as usize)?;
        for entry in raw.chunks_exact(ENTRY as usize) {
            let Ok((symbol, _)) = object::pod::from_bytes::<Sym64<Endianness>>(entry) else { continue };
            let name = c_string(&strings, symbol.st_name(headers.endian), MAX_SYMBOL);
            let kind = classify(name);
            if symbol.st_type() != STT_FUNC && !matches!(kind, CodeKind::Function { .. }) {
                continue;
            }
            if name.len() > MAX_SYMBOL {
                problems.note("symbols longer than Wasmtime writes them");
                truncated = true;
            }
            let (offset, size) = (symbol.st_value(headers.endian), symbol.st_size(headers.endian));
            if offset.checked_add(size).is_none_or(|end| end > text.size) {
                problems.note("functions outside of .text");
                truncated = true;
                continue;
            }
            if !each(&RawCode { kind, symbol: name, offset, size }) {
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

/// What a symbol names, by how `wasmtime`'s `src/compile.rs` (43 to 50) writes them.
///
/// Symbols with `array-call` and `::Array` have the ABI by which the host calls; all of them keep a frame
/// like an `array_to_wasm_trampoline`. Their `wasm-call` twins are called by the guest and leave for the
/// host, except for `unsafe-intrinsics`, which only load and store.
fn classify(symbol: &[u8]) -> CodeKind<'_> {
    if let Some((module, index, name)) = guest_function(symbol) {
        return CodeKind::Function { module, index, name };
    }
    let (start, rest) = number_in(symbol);
    match (start, rest) {
        (b"wasm[", rest) if rest.starts_with(b"::array_to_wasm_trampoline[") => CodeKind::Entry,
        (b"module_start[", b"::Array") => CodeKind::Entry,
        (b"component-trampolines[", rest) if rest.starts_with(b"-array-call-") => CodeKind::Entry,
        (b"component-trampolines[", _) | (b"signatures[", b"::wasm_to_array_trampoline") => CodeKind::Exit,
        _ if symbol.starts_with(b"unsafe-intrinsics-array-call-") => CodeKind::Entry,
        _ if symbol.starts_with(b"wasmtime_builtin_")
            || symbol.starts_with(b"wasmtime_patchable_builtin_")
            || symbol == b"resource_drop_trampoline" =>
        {
            CodeKind::Exit
        }
        _ => CodeKind::Other,
    }
}

/// Splits `start[N]rest` into `start[` and `rest`; a symbol of any other form is all start.
fn number_in(symbol: &[u8]) -> (&[u8], &[u8]) {
    let split = symbol.iter().position(|b| *b == b'[').and_then(|open| {
        let (start, rest) = symbol.split_at_checked(open + 1)?;
        Some((start, number(rest)?.1.strip_prefix(b"]")?))
    });
    split.unwrap_or((symbol, &[]))
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

    #[test]
    fn trampolines_are_told_by_their_direction() {
        for (symbol, kind) in [
            ("wasm[0]::array_to_wasm_trampoline[1]", CodeKind::Entry),
            ("module_start[2]::Array", CodeKind::Entry),
            ("module_start[2]::Wasm", CodeKind::Other),
            ("component-trampolines[3]-array-call-component-lower-import[1]", CodeKind::Entry),
            ("component-trampolines[3]-wasm-call-component-lower-import[1]", CodeKind::Exit),
            ("component-trampolines[3]-wasm-call-component-transcode-copy_utf8-m32-m32", CodeKind::Exit),
            ("unsafe-intrinsics-array-call-context-get-i32-0", CodeKind::Entry),
            ("unsafe-intrinsics-wasm-call-context-get-i32-0", CodeKind::Other),
            ("signatures[1]::wasm_to_array_trampoline", CodeKind::Exit),
            ("wasmtime_builtin_memory_grow", CodeKind::Exit),
            ("wasmtime_patchable_builtin_breakpoint", CodeKind::Exit),
            ("resource_drop_trampoline", CodeKind::Exit),
            ("signatures[]::wasm_to_array_trampoline", CodeKind::Other),
            ("", CodeKind::Other),
            ("[", CodeKind::Other),
        ] {
            assert_eq!(classify(symbol.as_bytes()), kind, "{symbol}");
        }
    }
}
