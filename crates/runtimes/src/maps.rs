//! The text of `/proc/PID/maps`.

use std::borrow::Cow;
use wasmscope_model::text::lossy_within;

/// Most mappings taken from one process: four times Linux's default `vm.max_map_count`.
pub const MAX_VMAS: usize = 262_144;

/// Longest path kept, in bytes (`PATH_MAX`).
const MAX_PATH: usize = 4096;

/// All mappings of one process, in ascending order of address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maps {
    /// The mappings.
    pub vmas: Vec<Vma>,
    /// Lines that could not be understood, or stood out of order.
    pub malformed: usize,
    /// Whether there were more than [`MAX_VMAS`].
    pub truncated: bool,
}

/// One mapping ("virtual memory area").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vma {
    /// Address of the first byte.
    pub start: u64,
    /// Address after the last byte; greater than `start`.
    pub end: u64,
    /// What the process may do with it.
    pub perms: Perms,
    /// Offset in the mapped file, in bytes.
    pub offset: u64,
    /// Major and minor number of the file's device.
    pub dev: (u32, u32),
    /// Inode of the file; 0 for none.
    pub inode: u64,
    /// What is mapped.
    pub path: MapPath,
}

/// Access rights of a mapping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Perms {
    /// Readable.
    pub read: bool,
    /// Writable.
    pub write: bool,
    /// Executable.
    pub execute: bool,
    /// Shared with other processes (`MAP_SHARED`).
    pub shared: bool,
}

/// What a mapping shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapPath {
    /// Nothing: fresh memory.
    Anonymous,
    /// `[heap]`, `[stack]`, `[vdso]`, `[anon:name]` and their like.
    Special(String),
    /// A file.
    File {
        /// Its path as the observing process sees it, attacker-controlled.
        path: String,
        /// Whether the file has been unlinked since.
        deleted: bool,
    },
}

impl Vma {
    /// Bytes of address space.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it covers nothing; [`parse`] never yields such a one.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// Whether nothing may be done with it: reserved address space (`PROT_NONE`).
    pub fn is_reserved(&self) -> bool {
        !self.perms.read && !self.perms.write && !self.perms.execute && self.is_memory()
    }

    /// Whether it is memory rather than a file of the filesystem: anonymous, named anonymous or a memfd.
    pub fn is_memory(&self) -> bool {
        match &self.path {
            MapPath::Anonymous => true,
            MapPath::Special(name) => name.starts_with("[anon:") || name.starts_with("[anon_shmem:"),
            MapPath::File { path, .. } => path.starts_with("/memfd:") || path == "/dev/zero",
        }
    }

    /// The file it is mapped from, unless that is only memory with a name.
    pub fn file(&self) -> Option<&str> {
        match &self.path {
            MapPath::File { path, .. } if !self.is_memory() => Some(path),
            _ => None,
        }
    }
}

/// Parses the text of `/proc/PID/maps`.
///
/// Lines that make no sense are counted, not fatal: the text is made by the kernel, but it holds paths
/// that the process chose, and it may be cut where the process ended meanwhile.
pub fn parse(text: &[u8]) -> Maps {
    let mut maps = Maps::default();
    for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        if maps.vmas.len() == MAX_VMAS {
            maps.truncated = true;
            break;
        }
        let previous_end = maps.vmas.last().map_or(0, |vma| vma.end);
        match vma(line).filter(|vma| vma.start >= previous_end) {
            Some(vma) => maps.vmas.push(vma),
            None => maps.malformed += 1,
        }
    }
    maps
}

fn vma(line: &[u8]) -> Option<Vma> {
    let mut rest = line;
    let mut field = || {
        let end = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
        let (field, after) = rest.split_at(end);
        rest = after.strip_prefix(b" ").unwrap_or(after);
        std::str::from_utf8(field).ok()
    };
    let (start, end) = field()?.split_once('-')?;
    let perms = perms(field()?.as_bytes())?;
    let offset = hex(field()?)?;
    let (major, minor) = field()?.split_once(':')?;
    let inode = field()?.parse().ok()?;
    let (start, end) = (hex(start)?, hex(end)?);
    let dev = (hex(major)?.try_into().ok()?, hex(minor)?.try_into().ok()?);
    (start < end).then(|| Vma {
        start,
        end,
        perms,
        offset,
        dev,
        inode,
        path: path(rest.trim_ascii_start(), inode),
    })
}

fn hex(digits: &str) -> Option<u64> {
    // `from_str_radix` alone would also take a sign.
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok())?
}

fn perms(letters: &[u8]) -> Option<Perms> {
    let &[r, w, x, s] = letters else { return None };
    let flag = |letter, set| match letter {
        b'-' => Some(false),
        l => (l == set).then_some(true),
    };
    let shared = flag(s, b's').or((s == b'p').then_some(false))?;
    Some(Perms { read: flag(r, b'r')?, write: flag(w, b'w')?, execute: flag(x, b'x')?, shared })
}

fn path(raw: &[u8], inode: u64) -> MapPath {
    if raw.is_empty() {
        return MapPath::Anonymous;
    }
    // Only the kernel's own names stand in brackets without an inode; a file may be called `[heap]`, but
    // then its path begins with a slash.
    if raw.starts_with(b"[") && inode == 0 {
        return MapPath::Special(lossy_within(raw, MAX_PATH));
    }
    let unescaped = unescape(raw);
    let (path, deleted) = match unescaped.strip_suffix(b" (deleted)") {
        Some(path) => (path, true),
        None => (&*unescaped, false),
    };
    MapPath::File { path: lossy_within(path, MAX_PATH), deleted }
}

/// Undoes the kernel's only escape here: a newline in a path is written `\012` (`seq_file`, "\n").
fn unescape(raw: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPED: &[u8] = b"\\012";
    if !raw.windows(ESCAPED.len()).any(|w| w == ESCAPED) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        match rest.strip_prefix(ESCAPED) {
            Some(after) => {
                out.push(b'\n');
                rest = after;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &[u8] = b"\
7f0ea4000000-7f0ea6000000 ---p 00000000 00:00 0 \n\
7f0ea6000000-7f0ea6070000 rw-p 00000000 00:01 7 /memfd:wasm-memory-image (deleted)\n\
7f0ea7000000-7f0ea7001000 r-xs 00002000 fe:00 42                         /a b\\012c.cwasm\n\
nonsense\n\
7f0ea0000000-7f0ea0001000 rw-p 00000000 00:00 0 \n\
7ffef9432000-7ffef945a000 rw-p 00000000 00:00 0                          [stack]\n";

    #[test]
    fn the_kernels_text_is_understood_and_the_rest_counted() {
        let maps = parse(TEXT);
        assert_eq!((maps.vmas.len(), maps.malformed, maps.truncated), (4, 2, false));
        assert!(maps.vmas[0].is_reserved() && maps.vmas[0].len() == 0x200_0000);
        assert!(maps.vmas[1].is_memory() && maps.vmas[1].file().is_none());
        assert_eq!(maps.vmas[2].file(), Some("/a b\nc.cwasm"));
        assert_eq!((maps.vmas[2].offset, maps.vmas[2].dev, maps.vmas[2].inode), (0x2000, (0xfe, 0), 42));
        assert!(maps.vmas[2].perms.shared && maps.vmas[2].perms.execute && !maps.vmas[2].perms.write);
        assert_eq!(maps.vmas[3].path, MapPath::Special("[stack]".into()));
    }

    #[test]
    fn signs_and_empty_ranges_are_no_addresses() {
        assert_eq!(parse(b"+1-2 rw-p 00 00:00 0").malformed, 1);
        assert_eq!(parse(b"2-2 rw-p 00 00:00 0").malformed, 1);
        assert_eq!(parse(b"1-2 rwzp 00 00:00 0").malformed, 1);
        assert_eq!(parse(b"1-2 rw-p 00 00:00 0").vmas.len(), 1);
    }

    #[test]
    fn more_mappings_than_the_bound_are_cut_and_said() {
        let text: String =
            (0..MAX_VMAS as u64 + 5).map(|n| format!("{:x}-{:x} rw-p 0 0:0 0\n", n * 2, n * 2 + 1)).collect();
        let maps = parse(text.as_bytes());
        assert_eq!((maps.vmas.len(), maps.truncated), (MAX_VMAS, true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse(&bytes);
        }

        #[test]
        fn any_line_of_the_right_alphabet_is_survived(line in "[0-9a-f]{0,17}-[0-9a-f]{0,17} [rwxps-]{0,5} [0-9a-f]{0,17} [0-9a-f:]{0,9} [0-9]{0,21} .{0,40}") {
            for vma in parse(line.as_bytes()).vmas {
                prop_assert!(!vma.is_empty());
            }
        }
    }
}
