//! Go's build information: the modules that a Go program was linked from.
//!
//! Format: `src/debug/buildinfo/buildinfo.go` in Go's sources, the inline form that Go 1.18 and later
//! write. It survives `strip` and `-ldflags=-s -w`.

use super::ReadFile;
use super::ranges::read;
use std::io;
use std::ops::Range;
use wasmscope_model::Confidence;

/// A module in the build information was linked in; whether it is used is another question.
pub(super) const WEIGHT: Confidence = Confidence::percent(70);

const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The header stands on a multiple of this many bytes.
const ALIGN: usize = 16;

/// Bytes of the header, after which the strings follow.
const HEADER: usize = 32;

/// Flag: the strings follow inline, each after its length.
const INLINE: u8 = 2;

/// Most bytes searched and parsed; a program with 1,000 modules has about 100 KiB.
const MAX_INFO: u64 = 4 << 20;

/// Most modules returned.
const MAX_MODULES: usize = 8192;

/// The module list stands between two 16-byte sentinels.
const SENTINEL: usize = 16;

/// One module that the program was linked from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GoModule {
    pub(super) path: String,
    /// With its leading `v`; empty where the list has none.
    pub(super) version: String,
}

/// The modules, or none if there is no build information in a form that is understood.
pub(super) fn modules(file: &dyn ReadFile, range: Range<u64>) -> io::Result<Vec<GoModule>> {
    let bytes = read(file, range.start, range.end.saturating_sub(range.start).min(MAX_INFO))?;
    Ok(parse(&bytes).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Option<Vec<GoModule>> {
    let info = bytes.chunks(ALIGN).position(|chunk| chunk.starts_with(MAGIC))?;
    let header = bytes.get(info.checked_mul(ALIGN)?..)?;
    if header.get(MAGIC.len() + 1)? & INLINE == 0 {
        return None;
    }
    let (_go_version, rest) = string(header.get(HEADER..)?)?;
    let (list, _) = string(rest)?;
    let list = list.get(SENTINEL..list.len().checked_sub(SENTINEL)?)?;
    let mut modules: Vec<GoModule> = Vec::new();
    for line in list.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b'\t').map(String::from_utf8_lossy);
        let kind = fields.next()?;
        if !matches!(&*kind, "mod" | "dep" | "=>") || modules.len() == MAX_MODULES {
            continue;
        }
        let path = fields.next().unwrap_or_default().into_owned();
        let version = fields.next().unwrap_or_default().into_owned();
        if kind == "=>" {
            // A fork that replaces the module above: its version is what was linked, but the path that
            // the code imports, and that is known, is the one above.
            if let Some(replaced) = modules.last_mut() {
                replaced.version = version;
            }
        } else {
            modules.push(GoModule { path, version });
        }
    }
    Some(modules)
}

/// A string after its length as a variable-length integer.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut len = 0usize;
    for (n, byte) in bytes.iter().take(5).enumerate() {
        len |= usize::from(byte & 0x7f).checked_shl(7 * n as u32)?;
        if byte & 0x80 == 0 {
            return bytes.get(n + 1..)?.split_at_checked(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(list: &str) -> Vec<u8> {
        let mut bytes = vec![0; 48];
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[8, INLINE]);
        bytes.resize(48 + HEADER, 0);
        let list = format!("{0}{list}{0}", "S".repeat(SENTINEL));
        for text in ["go1.22.1", &list] {
            assert!(text.len() < 1 << 14);
            bytes.extend_from_slice(&[(text.len() & 0x7f) as u8 | 0x80, (text.len() >> 7) as u8]);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    #[test]
    fn the_module_list_is_read_with_replacements() {
        let bytes =
            info("path\tx\nmod\tx\t(devel)\t\ndep\texample.com/rt\tv1.9.0\th1:x=\n=>\t../rt\tv1.9.1\t\n");
        let modules = parse(&bytes).unwrap();
        assert_eq!(modules.len(), 2);
        assert_eq!((&*modules[1].path, &*modules[1].version), ("example.com/rt", "v1.9.1"));
    }

    #[test]
    fn cut_information_is_no_information() {
        let bytes = info("dep\ta\tv1\n");
        for len in 0..bytes.len() {
            assert_eq!(parse(&bytes[..len]), None, "{len}");
        }
    }
}
