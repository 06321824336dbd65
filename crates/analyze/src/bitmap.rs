//! A set of words that may say yes by accident, never no (Bloom, "Space/time trade-offs in hash coding", 1970).

/// Two bits for each word, out of 2^16: 8 KiB, which stay in the first cache.
pub(crate) struct Bitmap(Box<[u64; 1024]>);

impl Bitmap {
    /// A set of `words`.
    pub(crate) fn new(words: impl Iterator<Item = u32>) -> Self {
        let mut bits = Box::new([0; 1024]);
        for word in words {
            for place in places(word) {
                bits[place / 64] |= 1 << (place % 64);
            }
        }
        Self(bits)
    }

    /// May `word` be in the set?
    #[inline]
    pub(crate) fn may_hold(&self, word: u32) -> bool {
        let [a, b] = places(word);
        let has = |place: usize| self.0[place / 64] & (1 << (place % 64)) != 0;
        has(a) && has(b)
    }

    /// Bits that are set.
    #[cfg(test)]
    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// Multiplicative hashing: the upper 16 bits of products with two odd numbers.
#[inline]
fn places(word: u32) -> [usize; 2] {
    [0x9e37_79b1u32, 0x85eb_ca6b].map(|factor| (word.wrapping_mul(factor) >> 16) as usize)
}

#[cfg(test)]
mod tests {
    use super::Bitmap;

    #[test]
    fn holds_what_was_put_in_and_little_else() {
        let bitmap = Bitmap::new((0..1000).map(|n: u32| n.wrapping_mul(7_777_777)));
        assert!((0..1000u32).all(|n| bitmap.may_hold(n.wrapping_mul(7_777_777))));
        let others =
            (0..100_000u32).filter(|n| bitmap.may_hold(n.wrapping_mul(1_234_577) ^ 0x5555_5555)).count();
        assert!(others < 500, "{others}");
    }
}
