//! The few shapes of the Protocol Buffers wire format that are written by hand, where every event passes.
//!
//! Everything else is written by the generated messages of `opentelemetry-proto`. Protocol Buffers allow fields in any order
//! (<https://protobuf.dev/programming-guides/encoding/>), so what is written here can stand behind what they wrote. All tags
//! here are below 16 and take one byte.

use prost::encoding::{WireType, encode_varint};

/// A tag and what follows it: one byte.
#[inline]
fn key(tag: u32, kind: WireType, out: &mut Vec<u8>) {
    debug_assert!(tag < 16);
    out.push((tag << 3 | kind as u32) as u8);
}

/// A number, most often one of a byte.
#[inline]
fn number(value: u64, out: &mut Vec<u8>) {
    match u8::try_from(value) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => encode_varint(value, out),
    }
}

/// Writes a field whose content `write` writes.
///
/// One byte is left for its length; a longer content is moved.
pub(crate) fn field(out: &mut Vec<u8>, tag: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let begun = open(out, tag);
    write(out);
    close(out, begun);
}

/// Begins a field with content; [`close`] takes what this returns.
pub(crate) fn open(out: &mut Vec<u8>, tag: u32) -> usize {
    key(tag, WireType::LengthDelimited, out);
    out.push(0);
    out.len()
}

/// Ends the field whose content begins at `begun`.
pub(crate) fn close(out: &mut Vec<u8>, begun: usize) {
    let length = out.len() - begun;
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out[begun - 1] = short;
        return;
    }
    let mut varint = [0; 10];
    let mut rest = &mut varint[..];
    encode_varint(length as u64, &mut rest);
    let used = 10 - rest.len();
    out.splice(begun - 1..begun, varint[..used].iter().copied());
}

/// A field of bytes.
pub(crate) fn bytes(out: &mut Vec<u8>, tag: u32, content: &[u8]) {
    key(tag, WireType::LengthDelimited, out);
    number(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// A field that is a `fixed64`.
pub(crate) fn fixed64(out: &mut Vec<u8>, tag: u32, value: u64) {
    key(tag, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field that is a variable-length integer.
pub(crate) fn varint(out: &mut Vec<u8>, tag: u32, value: u64) {
    key(tag, WireType::Varint, out);
    number(value, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
    use prost::Message as _;

    #[test]
    fn contents_of_any_length_are_read_back() {
        for length in [0, 1, 127, 128, 300, 16_383, 16_384, 70_000] {
            let name = "n".repeat(length);
            let mut out = vec![];
            field(&mut out, 1, |out| out.extend_from_slice(name.as_bytes()));
            bytes(&mut out, 2, b"v");
            let scope = InstrumentationScope::decode(&out[..]).unwrap();
            assert_eq!((scope.name, scope.version.as_str()), (name, "v"));
        }
    }
}
