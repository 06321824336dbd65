//! Files of other formats inside a module: what must be right behind the magic number, so that random bytes do not pass.
//!
//! The odds that a random place passes are beside each check; the matching bytes of the magic number are counted in.

use super::bytes::{be16, be32, byte, le16, le32, le64, text_run};
use crate::facts::FileFormat::{self, *};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// The format of the bytes from the magic number on, if what follows it fits.
type Check = fn(&[u8]) -> Option<FileFormat>;

/// Magic numbers, each with the check of what follows.
#[rustfmt::skip]
pub(super) const MAGIC: &[(&[u8], Check)] = &[
    (b"MZ", pe),
    (b"\x1f\x8b\x08", gzip),
    (b"\x7fELF", elf),
    (b"\xce\xfa\xed\xfe", mach_o),
    (b"\xcf\xfa\xed\xfe", mach_o),
    (b"\xfe\xed\xfa\xce", mach_o),
    (b"\xfe\xed\xfa\xcf", mach_o),
    (b"\xca\xfe\xba\xbe", java_or_fat),
    (b"\0asm", wasm),
    (b"#!/b", script),
    (b"#!/s", script),
    (b"#!/u", script),
    (b"#! /", script),
    (b"PK\x03\x04", zip),
    (b"\xfd7zXZ\0", xz),
    (b"\x28\xb5\x2f\xfd", zstd),
    (b"\x31\x41\x59\x26\x53\x59", bzip2),
    (b"7z\xbc\xaf\x27\x1c", seven_zip),
    (b"dex\n", dex),
];

/// System V ABI, chapter 4: identification, type, version and size of the header agree. 2^-90.
fn elf(b: &[u8]) -> Option<FileFormat> {
    let (wide, little) = (byte(b, 4)? == 2, byte(b, 5)? == 1);
    let number = |at| if little { le16(b, at) } else { be16(b, at) };
    let header = number(if wide { 52 } else { 40 })?;
    let sane = matches!(byte(b, 4)?, 1 | 2)
        && matches!(byte(b, 5)?, 1 | 2)
        && byte(b, 6)? == 1
        && matches!(number(16)?, 1..=4)
        && number(18)? != 0
        && header == if wide { 64 } else { 52 };
    sane.then_some(Elf)
}

/// PE format, "MS-DOS Stub": the offset at 0x3c leads to the signature and a machine that exists. 2^-60.
fn pe(b: &[u8]) -> Option<FileFormat> {
    let at = le32(b, 0x3c)? as usize;
    let machine = || le16(b, at.checked_add(4)?);
    let signed = at >= 0x40 && le32(b, at)? == 0x0000_4550;
    (signed && matches!(machine()?, 0x14c | 0x8664 | 0x1c0 | 0x1c4 | 0xaa64 | 0x200 | 0x5032 | 0x5064))
        .then_some(Pe)
}

/// <https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h>: processor, type,
/// number and size of the load commands. 2^-90.
fn mach_o(b: &[u8]) -> Option<FileFormat> {
    let little = byte(b, 0)? != 0xfe;
    let number = |at| if little { le32(b, at) } else { be32(b, at) };
    let (commands, size) = (number(16)?, number(20)?);
    let sane = matches!(number(4)? & 0x00ff_ffff, 7 | 12 | 18)
        && matches!(number(12)?, 1..=12)
        && matches!(commands, 1..=10_000)
        && size >= commands.saturating_mul(8)
        && size as usize <= b.len();
    sane.then_some(MachO)
}

/// Java virtual machine specification, 4.1: a major version that exists, a pool whose first constant has a known kind.
/// Else Apple's file for several architectures (`mach-o/fat.h`). 2^-50.
fn java_or_fat(b: &[u8]) -> Option<FileFormat> {
    let (major, pool) = (be16(b, 6)?, be16(b, 8)?);
    if matches!(major, 45..=80) && pool > 1 && matches!(byte(b, 10)?, 1 | 3..=12 | 15..=20) {
        return Some(JavaClass);
    }
    let known = matches!(be32(b, 8)? & 0x00ff_ffff, 7 | 12 | 18);
    (matches!(be32(b, 4)?, 1..=16) && known).then_some(MachO)
}

/// Core specification, 5.5.16, or the component model's layer: version, and a first section that fits. 2^-66. A program
/// that only writes such headers has them without a section.
fn wasm(b: &[u8]) -> Option<FileFormat> {
    let format = match b.get(4..8)? {
        [1, 0, 0, 0] => WasmModule,
        [13, 0, 1, 0] => WasmComponent,
        _ => return None,
    };
    let mut reader = wasmparser::BinaryReader::new(b.get(9..)?, 0);
    let size = reader.read_var_u32().ok()? as usize;
    (byte(b, 8)? <= 13 && size > 0 && size <= reader.bytes_remaining()).then_some(format)
}

/// A line that names an interpreter where programs are; checked against what stands before it by the caller.
fn script(b: &[u8]) -> Option<FileFormat> {
    let line = text_run(b, 0, 128);
    let path = line.get(2..)?.trim_ascii_start();
    let known = [&b"/bin/"[..], b"/usr/bin/", b"/usr/local/bin/", b"/system/bin/", b"/usr/sbin/", b"/sbin/"];
    let ends = matches!(byte(b, line.len())?, b'\n' | b'\r');
    (ends && known.iter().any(|dir| path.len() > dir.len() && path.starts_with(dir))).then_some(Script)
}

/// PKWARE's APPNOTE, 4.3.7: version, method, and a name of printable characters. 2^-70.
fn zip(b: &[u8]) -> Option<FileFormat> {
    let name = usize::from(le16(b, 26)?);
    let sane = le16(b, 4)? <= 63
        && matches!(le16(b, 8)?, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99)
        && matches!(name, 1..=1024)
        && b.get(30..30 + name.min(64))?.iter().all(|c| *c >= 0x20 && *c != 0x7f);
    sane.then_some(Zip)
}

/// RFC 1952, 2.3: no reserved flag, a known hint and system, and a first deflate block of a type that exists. 2^-37.
fn gzip(b: &[u8]) -> Option<FileFormat> {
    let flags = byte(b, 3)?;
    let sane = flags & 0xe0 == 0 && matches!(byte(b, 8)?, 0 | 2 | 4) && matches!(byte(b, 9)?, 0..=13 | 255);
    // Where a name or more stands before it, the block is not looked for.
    let block = flags != 0 || byte(b, 10)? & 6 != 6;
    (sane && block && b.len() >= 20).then_some(Gzip)
}

/// The .xz format, 2.1.1: stream flags that exist. 2^-60.
fn xz(b: &[u8]) -> Option<FileFormat> {
    (byte(b, 6)? == 0 && matches!(byte(b, 7)?, 0 | 1 | 4 | 10)).then_some(Xz)
}

/// RFC 8878, 3.1.1: no reserved bit, and a first block of a type and size that exist. 2^-36.
fn zstd(b: &[u8]) -> Option<FileFormat> {
    let descriptor = byte(b, 4)?;
    let single = descriptor & 0x20 != 0;
    let content = match descriptor >> 6 {
        0 => usize::from(single),
        n => 1 << n,
    };
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let block = le32(b, 5 + usize::from(!single) + dictionary + content)? & 0x00ff_ffff;
    let sane = descriptor & 8 == 0 && (block >> 1) & 3 != 3 && block >> 3 <= 128 << 10 && block >> 3 > 0;
    sane.then_some(Zstd)
}

/// The digits of pi, which begin every block; what stands before them is checked by the caller. 2^-77.
fn bzip2(_: &[u8]) -> Option<FileFormat> {
    Some(Bzip2)
}

/// 7zFormat.txt, "SignatureHeader": version, and a next header that is not beyond reason. 2^-80.
fn seven_zip(b: &[u8]) -> Option<FileFormat> {
    (byte(b, 6)? == 0 && byte(b, 7)? <= 10 && le64(b, 12)? < 1 << 40).then_some(SevenZip)
}

/// Dalvik executable format, "DEX_FILE_MAGIC". 2^-58.
fn dex(b: &[u8]) -> Option<FileFormat> {
    match b.get(4..8)? {
        [b'0', tens, ones, 0] if tens.is_ascii_digit() && ones.is_ascii_digit() => Some(Dex),
        _ => None,
    }
}

/// Does a file begin at the magic number that is at `at`, or a little before it? Gives its format and beginning.
pub(super) fn check(magic: usize, bytes: &[u8], at: usize) -> Option<(FileFormat, usize)> {
    let (_, check) = MAGIC.get(magic)?;
    let format = check(bytes.get(at..)?)?;
    let begin = match format {
        Bzip2 => at.checked_sub(4)?,
        _ => at,
    };
    let fits = match format {
        Bzip2 => matches!(bytes.get(begin..at)?, [b'B', b'Z', b'h', b'1'..=b'9']),
        // A script begins where a text begins.
        Script => at == 0 || matches!(bytes.get(at - 1), Some(0 | b'\n' | b'\r')),
        _ => true,
    };
    fits.then_some((format, begin))
}

/// Where the next file of a ZIP archive begins if this one is at `at`: sizes are not always told (4.4.4, bit 3).
pub(super) fn after_zip_entry(bytes: &[u8], at: usize) -> Option<usize> {
    let header = bytes.get(at..)?;
    let more = usize::from(le16(header, 26)?) + usize::from(le16(header, 28)?);
    at.checked_add(30 + more)?.checked_add(le32(header, 18)? as usize)
}

/// Magic numbers that are too short to be searched with the others: the first rows.
pub(super) static SHORT: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
    let magic = MAGIC.iter().map(|(magic, _)| *magic);
    magic.take_while(|magic| magic.len() < 4).map(Finder::new).collect()
});
