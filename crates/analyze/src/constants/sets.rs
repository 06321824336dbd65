//! Which algorithms are recognised: one row for each.

use super::tables::*;

/// The values of a set. Numbers count from the first; several words may stand for one constant.
pub(super) enum Values {
    /// 32 bits each.
    Words(&'static [u32]),
    /// 64 bits each. `split`: the lower half alone tells as well.
    Longs { values: &'static [u64], split: bool },
    /// 32 bits each, computed.
    Computed(fn() -> Vec<(u8, u32)>),
    /// A table of bytes, which is found by its first sixteen.
    Bytes(fn() -> Vec<u8>),
    /// Some of 32, and after them some of 64 bits.
    Both(&'static [u32], &'static [u64]),
    /// Only found as a text.
    Text,
}

/// One row.
pub(super) struct Set {
    pub(super) name: &'static str,
    /// Others that have the same constants.
    pub(super) shared_with: &'static [&'static str],
    pub(super) of: u32,
    /// Fewer distinct ones than this are an accident.
    pub(super) least: u32,
    pub(super) values: Values,
}

const fn set(name: &'static str, of: u32, least: u32, values: Values) -> Set {
    Set { name, shared_with: &[], of, least, values }
}

const fn shared(
    name: &'static str,
    shared_with: &'static [&'static str],
    of: u32,
    least: u32,
    values: Values,
) -> Set {
    Set { name, shared_with, of, least, values }
}

use Values::*;

#[rustfmt::skip]
pub(super) const SETS: &[Set] = &[
    set("keccak", 15, 3, Longs { values: &KECCAK, split: false }),
    set("keccak-halves", 5, 4, Words(&KECCAK_HALVES)),
    set("keccak-interleaved", 10, 6, Words(&KECCAK_INTERLEAVED)),
    shared("aes-s-box", &["groestl", "camellia"], 256, 128, Bytes(s_box)),
    set("aes-inverse-s-box", 256, 128, Bytes(inverse_s_box)),
    set("aes-t-table", 16, 6, Computed(aes_encrypt)),
    set("aes-inverse-t-table", 16, 6, Computed(aes_decrypt)),
    set("sha-256-k", 64, 6, Computed(sha256_k)),
    shared("sha-256-iv", &["blake2s", "blake3", "blake-256"], 8, 4, Computed(sha256_iv)),
    set("sha-512-k", 80, 4, Longs { values: &SHA512_K, split: true }),
    shared("sha-512-iv", &["blake2b", "argon2", "blake-512"], 8, 3, Longs { values: &SHA512_IV, split: true }),
    shared("sha-1", &["md4", "ripemd-160"], 5, 4, Words(&SHA1)),
    set("md5-t", 64, 6, Words(&MD5)),
    set("crc-32-table", 255, 16, Computed(crc32)),
    shared("pi-digits", &["blake-256", "blake-512", "blowfish"], 16, 6, Words(&PI)),
    shared("chacha-sigma", &["salsa20"], 4, 3, Words(&SIGMA)),
    set("skein-c240", 1, 1, Longs { values: &[0x1bd1_1bda_a9fc_1a22], split: false }),
    set("groestl-table", 8, 4, Computed(groestl)),
    set("jh-round-constant", 8, 4, Words(&JH)),
    set("secp256k1", 15, 4, Both(&SECP256K1, &SECP256K1_PRIME)),
    set("randomx-salt", 1, 1, Text),
];

/// Texts in data that hold constants of a set: those from the first to before the second number.
pub(super) const TEXTS: &[(&[u8], &str, (u8, u8))] = &[
    (b"expand 32-byte k", "chacha-sigma", (0, 4)),
    (b"RandomX\x03", "randomx-salt", (0, 1)),
    (b"\x79\xbe\x66\x7e\xf9\xdc\xbb\xac\x55\xa0\x62\x95\xce\x87\x0b\x07", "secp256k1", (4, 12)),
    (b"79be667ef9dcbbac55a06295ce870b07", "secp256k1", (4, 12)),
    (b"79BE667EF9DCBBAC55A06295CE870B07", "secp256k1", (4, 12)),
];
