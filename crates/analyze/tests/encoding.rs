//! Oddities of the encoding, byte by byte.

mod common;

use common::{module, module_of};
use wasmscope_analyze::facts::Encoding;

fn encoding(sections: &[&[u8]]) -> Encoding {
    module_of(&[&[&b"\0asm\x01\0\0\0"[..]], sections].concat().concat()).encoding
}

const TYPES: &[u8] = b"\x01\x04\x01\x60\0\0";
const FUNCTIONS: &[u8] = b"\x03\x02\x01\0";

#[test]
fn lengths_that_are_too_long() {
    let plain = encoding(&[TYPES, FUNCTIONS, b"\x0a\x04\x01\x02\0\x0b"]);
    assert_eq!((plain.padded_lengths, plain.overlong_lengths, plain.first_overlong), (0, 0, None));
    let padded = encoding(&[
        b"\x01\x84\x80\x80\x80\0\x01\x60\0\0",
        b"\x03\x86\x80\x80\x80\0\x81\x80\x80\x80\0\0",
        b"\x0a\x88\x80\x80\x80\0\x01\x82\x80\x80\x80\0\0\x0b",
    ]);
    assert_eq!((padded.padded_lengths, padded.overlong_lengths), (5, 0));
    let odd = encoding(&[TYPES, b"\x03\x83\0\x81\0\0", b"\x0a\x06\x01\x82\x80\0\0\x0b"]);
    assert_eq!((odd.padded_lengths, odd.overlong_lengths), (0, 3));
    assert_eq!(odd.first_overlong, Some(8 + TYPES.len() as u64 + 1));
    // 128 needs its second byte.
    let long = [&b"\x00\x80\x01\x01a"[..], &[7; 126]].concat();
    assert_eq!(encoding(&[&long]).overlong_lengths, 0);
}

#[test]
fn empty_bodies() {
    let m = module("(module (func) (func (local i32)) (func nop) (func (param i32)))");
    assert_eq!(m.encoding.empty_bodies, 2);
}

#[test]
fn custom_sections_in_front_and_unknown_ones() {
    let custom: &[u8] = b"\0\x06\x01aAAAA";
    let producers = b"\0\x0b\x09producers\0";
    let e = encoding(&[custom, producers, TYPES, custom]);
    assert_eq!((e.leading_custom_sections, e.unknown_custom.sections, e.unknown_custom.bytes), (2, 2, 8));
    assert_eq!(e.unknown_custom.entropy, 0.0);
    let e = encoding(&[TYPES, producers]);
    assert_eq!((e.leading_custom_sections, e.unknown_custom.sections), (0, 0));
    assert_eq!(encoding(&[b"\0\x06\x01aABCD"]).unknown_custom.entropy, 2.0);
}
