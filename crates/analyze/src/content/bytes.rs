//! Numbers and runs of characters out of bytes.

use std::ops::Range;

pub(super) fn byte(b: &[u8], at: usize) -> Option<u8> {
    b.get(at).copied()
}

fn array<const N: usize>(b: &[u8], at: usize) -> Option<[u8; N]> {
    b.get(at..)?.first_chunk().copied()
}

pub(super) fn le16(b: &[u8], at: usize) -> Option<u16> {
    array(b, at).map(u16::from_le_bytes)
}

pub(super) fn be16(b: &[u8], at: usize) -> Option<u16> {
    array(b, at).map(u16::from_be_bytes)
}

pub(super) fn le32(b: &[u8], at: usize) -> Option<u32> {
    array(b, at).map(u32::from_le_bytes)
}

pub(super) fn be32(b: &[u8], at: usize) -> Option<u32> {
    array(b, at).map(u32::from_be_bytes)
}

pub(super) fn le64(b: &[u8], at: usize) -> Option<u64> {
    array(b, at).map(u64::from_le_bytes)
}

/// Bytes from `at` on, at most `most`, that `wanted` accepts.
pub(super) fn run(b: &[u8], at: usize, most: usize, wanted: impl Fn(u8) -> bool) -> &[u8] {
    let tail = b.get(at..).unwrap_or_default();
    let tail = tail.get(..most).unwrap_or(tail);
    let end = tail.iter().position(|c| !wanted(*c)).unwrap_or(tail.len());
    tail.get(..end).unwrap_or_default()
}

/// Printable ASCII from `at` on.
pub(super) fn text_run(b: &[u8], at: usize, most: usize) -> &[u8] {
    run(b, at, most, |c| matches!(c, b' '..=b'~' | b'\t'))
}

/// `inner`, made longer on both sides by at most `before` and `after` bytes that `wanted` accepts.
pub(super) fn widen(
    b: &[u8],
    inner: Range<usize>,
    (before, after): (usize, usize),
    wanted: impl Fn(u8) -> bool,
) -> Range<usize> {
    let head = b.get(inner.start.saturating_sub(before)..inner.start).unwrap_or_default();
    let back = head.iter().rev().take_while(|c| wanted(**c)).count();
    let ahead = run(b, inner.end, after, wanted).len();
    inner.start - back..inner.end + ahead
}

/// Is the byte before `at` a letter, digit or `_`?
pub(super) fn word_before(b: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|n| byte(b, n)).is_some_and(is_word)
}

/// Is the byte at `at` a letter, digit or `_`?
pub(super) fn word_at(b: &[u8], at: usize) -> bool {
    byte(b, at).is_some_and(is_word)
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}
