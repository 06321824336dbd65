//! Libraries and interpreters by texts that they carry.

use super::bytes::{byte, run, text_run, word_before};
use std::ops::Range;

/// How the version is read, and what must be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// The text says none.
    No,
    /// It begins with the last characters of the pattern, so many of them, and this follows it.
    From(usize, &'static str),
}

use Version::*;

/// One row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) pattern: &'static str,
    version: Version,
    pub(super) interpreter: bool,
}

const fn library(name: &'static str, pattern: &'static str, version: Version) -> Row {
    Row { name, pattern, version, interpreter: false }
}

const fn interpreter(name: &'static str, pattern: &'static str, version: Version) -> Row {
    Row { name, pattern, version, interpreter: true }
}

/// Crates are known by the paths in their panic messages.
#[rustfmt::skip]
pub(super) const LIBRARIES: &[Row] = &[
    library("zlib", "deflate 1.", From(2, " Copyright 19")),
    library("zlib", "inflate 1.", From(2, " Copyright 19")),
    library("SQLite", "SQLite format 3\0", No),
    library("OpenSSL", "OpenSSL 1.", From(2, " ")),
    library("OpenSSL", "OpenSSL 3.", From(2, " ")),
    library("LibreSSL", "LibreSSL 2.", From(2, "")),
    library("LibreSSL", "LibreSSL 3.", From(2, "")),
    library("LibreSSL", "LibreSSL 4.", From(2, "")),
    library("Mbed TLS", "mbed TLS 2.", From(2, "")),
    library("Mbed TLS", "Mbed TLS 2.", From(2, "")),
    library("Mbed TLS", "Mbed TLS 3.", From(2, "")),
    library("libpng", "libpng version 1.", From(2, "")),
    library("libjpeg-turbo", "libjpeg-turbo version ", From(0, " (build")),
    library("libtiff", "LIBTIFF, Version ", From(0, "")),
    library("libvpx", "WebM Project VP9 Decoder v", From(0, "")),
    library("FFmpeg", "Lavc5", From(1, "")),
    library("FFmpeg", "Lavc6", From(1, "")),
    library("FreeType", "FREETYPE_PROPERTIES\0", No),
    library("Expat", "expat_2.", From(2, "")),
    library("libxml2", "xmlSAX2Characters", No),
    library("bzip2", "bzip2/libbzip2: internal error", No),
    library("libcurl", "libcurl/", From(0, "")),
    library("ImageMagick", "ImageMagick 6.", From(2, "")),
    library("ImageMagick", "ImageMagick 7.", From(2, "")),
    interpreter("Lua", "$LuaVersion: Lua ", From(0, " ")),
    interpreter("QuickJS", "QuickJS memory usage -- ", From(0, " version")),
    interpreter("QuickJS-ng", "QuickJS-ng memory usage -- ", No),
    interpreter("CPython", "PYTHONDONTWRITEBYTECODE", No),
    interpreter("MicroPython", "MicroPython v", From(0, "")),
    interpreter("PHP", "X-Powered-By: PHP/", From(0, "")),
    interpreter("Ruby", "ruby 2.", From(2, " (20")),
    interpreter("Ruby", "ruby 3.", From(2, " (20")),
    interpreter("mruby", "mruby 2.", From(2, " (20")),
    interpreter("mruby", "mruby 3.", From(2, " (20")),
    interpreter("Perl", "This is perl 5", No),
    interpreter("SpiderMonkey", "JavaScript-C", From(0, "")),
    interpreter("Boa", "/boa_engine-", From(0, "/src/")),
    interpreter("Rhai", "/rhai-", From(0, "/src/")),
    interpreter("RustPython", "/rustpython-vm-", From(0, "/src/")),
    interpreter("wasmi", "/wasmi-", From(0, "/src/")),
    interpreter("rquickjs", "/rquickjs-core-", From(0, "/src/")),
    interpreter("mlua", "/mlua-", From(0, "/src/")),
];

/// Characters of a version that are kept.
const LENGTH: usize = 32;

/// The version that `row` finds at `found`: `None` if it is not the library, `Some(None)` if it tells no version.
pub(super) fn check(row: usize, bytes: &[u8], found: Range<usize>) -> Option<Option<String>> {
    let (back, then) = match LIBRARIES.get(row)?.version {
        No => return Some(None),
        From(back, then) => (back, then),
    };
    let start = found.end - back;
    let version = run(bytes, start, LENGTH, |c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'+'));
    let number = version.first().is_some_and(u8::is_ascii_digit);
    let follows = bytes.get(start + version.len()..)?.starts_with(then.as_bytes());
    // A sentence may end with it.
    let version = String::from_utf8_lossy(version).trim_end_matches('.').to_owned();
    (number && follows && !word_before(bytes, found.start)).then_some(Some(version))
}

/// SQLite's source id around a colon: `2023-05-16 12:36:15` and 64 hexadecimal digits (<https://sqlite.org/c3ref/c_source_id.html>).
pub(super) fn sqlite(bytes: &[u8], colon: usize) -> Option<(usize, String)> {
    if byte(bytes, colon + 3)? != b':' || byte(bytes, colon + 6)? != b' ' {
        return None;
    }
    let start = colon.checked_sub(13)?;
    let date = run(bytes, start, 10, |c| c.is_ascii_digit() || c == b'-');
    let hash = run(bytes, colon + 7, 64, |c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let shape = date.len() == 10 && byte(date, 4)? == b'-' && byte(date, 7)? == b'-' && hash.len() == 64;
    let text = text_run(bytes, start, 19);
    shape.then(|| (start, String::from_utf8_lossy(text).into_owned()))
}
