//! The numbers of well-known algorithms, and those that can be computed from them.

/// Keccak-f[1600]: the round constants that say something (FIPS 202, 3.2.5). Of its 22 distinct ones those below 2^16 and
/// 0x80000001 are left out, because other code has them.
#[rustfmt::skip]
pub(super) const KECCAK: [u64; 15] = [
    0x8000_0000_0000_808a, 0x8000_0000_8000_8000, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_8000_8009, 0x0000_0000_8000_000a, 0x0000_0000_8000_808b, 0x8000_0000_0000_008b,
    0x8000_0000_0000_8089, 0x8000_0000_0000_8003, 0x8000_0000_0000_8002, 0x8000_0000_0000_0080,
    0x8000_0000_8000_000a, 0x8000_0000_0000_8080, 0x8000_0000_8000_8008,
];

/// The lower halves that say something, for implementations that keep halves apart.
pub(super) const KECCAK_HALVES: [u32; 5] = [0x8000_8081, 0x8000_8009, 0x8000_000a, 0x8000_808b, 0x8000_8008];

/// The odd bits of the same constants, for implementations that keep even and odd bits apart (Keccak implementation
/// overview 3.2, 2.1); again those that say something.
#[rustfmt::skip]
pub(super) const KECCAK_INTERLEAVED: [u32; 10] = [
    0x8000_008b, 0x8000_8080, 0x8000_8088, 0x8000_0082, 0x8000_000b, 0x8000_008a, 0x8000_0081, 0x8000_8003,
    0x8000_0088, 0x8000_8082,
];

/// SHA-512, FIPS 180-4, 4.2.3. The upper halves of the first 64 are SHA-256's.
#[rustfmt::skip]
pub(super) const SHA512_K: [u64; 80] = [
    0x428a_2f98_d728_ae22, 0x7137_4491_23ef_65cd, 0xb5c0_fbcf_ec4d_3b2f, 0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538, 0x59f1_11f1_b605_d019, 0x923f_82a4_af19_4f9b, 0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242, 0x1283_5b01_4570_6fbe, 0x2431_85be_4ee4_b28c, 0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f, 0x80de_b1fe_3b16_96b1, 0x9bdc_06a7_25c7_1235, 0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2, 0xefbe_4786_384f_25e3, 0x0fc1_9dc6_8b8c_d5b5, 0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275, 0x4a74_84aa_6ea6_e483, 0x5cb0_a9dc_bd41_fbd4, 0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab, 0xa831_c66d_2db4_3210, 0xb003_27c8_98fb_213f, 0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2, 0xd5a7_9147_930a_a725, 0x06ca_6351_e003_826f, 0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc, 0x2e1b_2138_5c26_c926, 0x4d2c_6dfc_5ac4_2aed, 0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de, 0x766a_0abb_3c77_b2a8, 0x81c2_c92e_47ed_aee6, 0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364, 0xa81a_664b_bc42_3001, 0xc24b_8b70_d0f8_9791, 0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218, 0xd699_0624_5565_a910, 0xf40e_3585_5771_202a, 0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8, 0x1e37_6c08_5141_ab53, 0x2748_774c_df8e_eb99, 0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63, 0x4ed8_aa4a_e341_8acb, 0x5b9c_ca4f_7763_e373, 0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc, 0x78a5_636f_4317_2f60, 0x84c8_7814_a1f0_ab72, 0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28, 0xa450_6ceb_de82_bde9, 0xbef9_a3f7_b2c6_7915, 0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c, 0xd186_b8c7_21c0_c207, 0xeada_7dd6_cde0_eb1e, 0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba, 0x0a63_7dc5_a2c8_98a6, 0x113f_9804_bef9_0dae, 0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84, 0x32ca_ab7b_40c7_2493, 0x3c9e_be0a_15c9_bebc, 0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6, 0x597f_299c_fc65_7e2a, 0x5fcb_6fab_3ad6_faec, 0x6c44_198c_4a47_5817,
];

/// SHA-512, FIPS 180-4, 5.3.5. The upper halves are SHA-256's.
#[rustfmt::skip]
pub(super) const SHA512_IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
];

/// SHA-1, FIPS 180-4, 4.2.1, and the last word of 5.3.1.
pub(super) const SHA1: [u32; 5] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6, 0xc3d2_e1f0];

/// MD5, RFC 1321, 3.4.
#[rustfmt::skip]
pub(super) const MD5: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The first digits of pi: BLAKE-256 and Blowfish.
#[rustfmt::skip]
pub(super) const PI: [u32; 16] = [
    0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344, 0xa409_3822, 0x299f_31d0, 0x082e_fa98, 0xec4e_6c89,
    0x4528_21e6, 0x38d0_1377, 0xbe54_66cf, 0x34e9_0c6c, 0xc0ac_29b7, 0xc97c_50dd, 0x3f84_d5b5, 0xb547_0917,
];

/// The first round constant of JH (its specification, 4.4, in the bit-sliced order).
pub(super) const JH: [u32; 8] =
    [0xa2de_d572, 0x67f8_15df, 0x0a15_847b, 0x5715_23b7, 0x90d6_ab81, 0xf687_5a4d, 0xc54f_9f4e, 0x402b_d1c3];

/// ChaCha and Salsa20: "expand 32-byte k".
pub(super) const SIGMA: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// secp256k1 (SEC 2, 2.4.1): the lower half of the order, then the generator's x, both from the lowest word.
#[rustfmt::skip]
pub(super) const SECP256K1: [u32; 12] = [
    0xd036_4141, 0xbfd2_5e8c, 0xaf48_a03b, 0xbaae_dce6, 0x16f8_1798, 0x59f2_815b, 0x2dce_28d9, 0x029b_fcdb,
    0xce87_0b07, 0x55a0_6295, 0xf9dc_bbac, 0x79be_667e,
];

/// 2^256 minus the prime of secp256k1 as its implementations need it, and the lowest limb of the prime in base 2^52.
pub(super) const SECP256K1_PRIME: [u64; 3] = [0x1_0000_03d1, 0x10_0000_3d10, 0xf_fffe_ffff_fc2f];

/// Multiplies in AES's field, modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, 4.2).
fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        product ^= if b & 1 != 0 { a } else { 0 };
        a = (a << 1) ^ if a & 0x80 != 0 { 0x1b } else { 0 };
        b >>= 1;
    }
    product
}

/// AES's S-box (FIPS 197, 5.1.1).
pub(super) fn s_box() -> Vec<u8> {
    let inverse = |x: u8| (1..=255).find(|y| times(x, *y) == 1).unwrap_or(0);
    let affine = |x: u8| (0..5).fold(0x63, |sum, n| sum ^ x.rotate_left(n));
    (0..=255).map(|x| affine(inverse(x))).collect()
}

/// Its inverse.
pub(super) fn inverse_s_box() -> Vec<u8> {
    let mut inverse = vec![0; 256];
    for (x, y) in (0..=255).zip(s_box()) {
        inverse[usize::from(y)] = x;
    }
    inverse
}

/// For each of the first `entries` of `box_`: every word of four bytes out of a ring of multiples of it, in both byte
/// orders, with the number of the entry. So it is found in all rotations of the table.
fn rings(box_: &[u8], entries: usize, factors: &[u8]) -> Vec<(u8, u32)> {
    let mut words = Vec::new();
    for (n, value) in (0u8..).zip(box_).take(entries) {
        for start in 0..factors.len() {
            let byte = |i: usize| times(*value, factors[(start + i) % factors.len()]);
            let word = [byte(0), byte(1), byte(2), byte(3)];
            words.extend([(n, u32::from_le_bytes(word)), (n, u32::from_be_bytes(word))]);
        }
    }
    words
}

/// AES's tables for whole rounds, Te0 to Te3 (FIPS 197, 5.1.3; Rijndael, 4.2.1).
pub(super) fn aes_encrypt() -> Vec<(u8, u32)> {
    rings(&s_box(), 16, &[2, 1, 1, 3])
}

/// The same for decryption.
pub(super) fn aes_decrypt() -> Vec<(u8, u32)> {
    rings(&inverse_s_box(), 16, &[0xe, 9, 0xd, 0xb])
}

/// Grøstl's tables for whole rounds (its specification, 3.4.5: the circulant matrix).
pub(super) fn groestl() -> Vec<(u8, u32)> {
    rings(&s_box(), 8, &[2, 7, 5, 3, 5, 4, 3, 2])
}

/// The table of CRC-32 (ISO 3309, polynomial 0xedb88320) without its first entry, which is zero.
pub(super) fn crc32() -> Vec<(u8, u32)> {
    let step = |crc: u32| (crc >> 1) ^ if crc & 1 != 0 { 0xedb8_8320 } else { 0 };
    (1..=255u8).map(|n| (n - 1, (0..8).fold(u32::from(n), |crc, _| step(crc)))).collect()
}

/// SHA-256's constants: FIPS 180-4, 4.2.2.
pub(super) fn sha256_k() -> Vec<(u8, u32)> {
    (0u8..).zip(SHA512_K.iter().take(64).map(|k| (k >> 32) as u32)).collect()
}

/// SHA-256's initial value: FIPS 180-4, 5.3.3.
pub(super) fn sha256_iv() -> Vec<(u8, u32)> {
    (0u8..).zip(SHA512_IV.iter().map(|k| (k >> 32) as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 202, algorithm 5, and the odd bits of what it gives.
    #[test]
    fn keccak_from_its_shift_register() {
        let mut register = 1u16;
        let mut rounds = Vec::new();
        for _ in 0..24 {
            let mut constant = 0u64;
            for j in 0..7 {
                constant |= u64::from(register & 1) << ((1u32 << j) - 1);
                register = (register << 1) ^ if register & 0x80 != 0 { 0x171 } else { 0 };
            }
            rounds.push(constant);
        }
        assert!(KECCAK.iter().all(|k| rounds.contains(k)));
        let odd = |k: &u64| (0..32).fold(0u32, |odd, n| odd | ((k >> (2 * n + 1)) as u32 & 1) << n);
        let odd: Vec<u32> = rounds.iter().map(odd).collect();
        assert!(KECCAK_INTERLEAVED.iter().all(|k| odd.contains(k)));
    }

    #[test]
    fn computed_tables_have_their_known_entries() {
        assert_eq!(s_box()[..4], [0x63, 0x7c, 0x77, 0x7b]);
        assert_eq!(inverse_s_box()[..4], [0x52, 0x09, 0x6a, 0xd5]);
        assert!(aes_encrypt().contains(&(0, 0xc663_63a5)) && aes_encrypt().contains(&(1, 0xf87c_7c84)));
        assert!(aes_decrypt().contains(&(0, 0x51f4_a750)));
        assert!(groestl().contains(&(0, 0xa5f4_32c6)) && groestl().contains(&(0, 0xc6a5_97f4)));
        assert_eq!(crc32()[..2], [(0, 0x7707_3096), (1, 0xee0e_612c)]);
        assert_eq!(sha256_k()[0], (0, 0x428a_2f98));
        assert_eq!(sha256_iv()[7], (7, 0x5be0_cd19));
    }

    /// MD5's constants are sines; SHA's the fractions of roots of primes.
    #[test]
    fn numbers_with_nothing_up_their_sleeve() {
        for (n, constant) in (1..).zip(MD5) {
            let sine = (f64::from(n).sin().abs() * 4_294_967_296.0) as i64;
            assert!((sine - i64::from(constant)).abs() <= 1, "{n}");
        }
        let primes = (2..).filter(|n: &u32| (2..*n).all(|d| !n.is_multiple_of(d)));
        for (prime, k) in primes.clone().zip(SHA512_K) {
            let fraction = f64::from(prime).cbrt().fract() * 4_294_967_296.0;
            assert!((fraction - (k >> 32) as f64).abs() < 2.0, "{prime}");
        }
        for (prime, iv) in primes.zip(SHA512_IV) {
            let fraction = f64::from(prime).sqrt().fract() * 4_294_967_296.0;
            assert!((fraction - (iv >> 32) as f64).abs() < 2.0, "{prime}");
        }
    }
}
