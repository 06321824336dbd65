//! Changing bytes without knowing what they mean.

use rand::RngExt;
use rand::rngs::SmallRng;

/// Bytes that are more likely to matter than others: LEB128 at its bounds and too long, vectors, ends, prefixes.
const TELLING: [&[u8]; 12] = [
    &[0x00],
    &[0x0b],
    &[0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0x07],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x4e, 0xff, 0xff, 0x03],
    &[0xfc],
    &[0xfd],
    &[0xfe],
    b"\0asm\x01\0\0\0",
];

/// Longest stretch that one edit copies or removes.
const STRETCH: usize = 256;

/// Makes one to six edits.
pub fn edit(bytes: &mut Vec<u8>, random: &mut SmallRng) {
    for _ in 0..random.random_range(1..=6) {
        one(bytes, random);
    }
}

fn one(bytes: &mut Vec<u8>, random: &mut SmallRng) {
    if bytes.is_empty() {
        bytes.extend_from_slice(TELLING[TELLING.len() - 1]);
    }
    let at = random.random_range(0..bytes.len());
    let stretch = at..bytes.len().min(at + random.random_range(1..=STRETCH));
    let telling = TELLING[random.random_range(0..TELLING.len())];
    match random.random_range(0..16) {
        0..4 => bytes[at] ^= 1 << random.random_range(0..8),
        4..7 => bytes[at] = random.random(),
        7..10 => {
            let end = bytes.len().min(at + telling.len());
            bytes[at..end].copy_from_slice(&telling[..end - at]);
        }
        10..12 => drop(bytes.splice(at..at, telling.iter().copied())),
        12 => drop(bytes.drain(stretch)),
        13 | 14 => {
            let copy = bytes[stretch].to_vec();
            let to = random.random_range(0..=bytes.len());
            drop(bytes.splice(to..to, copy));
        }
        _ => bytes.truncate(at),
    }
}
