//! Shannon entropy of bytes.

use std::sync::LazyLock;

/// n · log2(n) for small n: modules have thousands of small segments.
static SMALL: LazyLock<[f64; 1024]> = LazyLock::new(|| std::array::from_fn(|n| weigh(n as f64)));

fn weigh(n: f64) -> f64 {
    if n > 0.0 { n * n.log2() } else { 0.0 }
}

/// Entropy of `bytes` in bits per byte, 0 to 8, rounded to 0.01 so that it reads and compares well.
pub(crate) fn entropy(bytes: &[u8]) -> f32 {
    if bytes.len() < 256 {
        return of_few(bytes);
    }
    let mut counts = Counts::new();
    counts.add(bytes);
    counts.entropy()
}

/// Bytes up to which [`sampled`] looks at everything.
const WHOLE: usize = 1 << 20;

/// Like [`entropy`]; of more than 1 MiB, from 256 evenly spread blocks of 4 KiB.
pub(crate) fn sampled(bytes: &[u8]) -> f32 {
    const BLOCKS: usize = 256;
    if bytes.len() <= WHOLE {
        return entropy(bytes);
    }
    let mut counts = Counts::new();
    for block in bytes.chunks(bytes.len() / BLOCKS) {
        counts.add(block.get(..WHOLE / BLOCKS).unwrap_or(block));
    }
    counts.entropy()
}

/// Of fewer bytes than there are values: looks at the bytes again, not at all values.
fn of_few(bytes: &[u8]) -> f32 {
    let mut counts = [0u8; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let small = &*SMALL;
    let mut sum = 0.0;
    for byte in bytes {
        sum += small[usize::from(std::mem::take(&mut counts[usize::from(*byte)]))];
    }
    rounded(bytes.len() as f64, sum)
}

/// From the number of bytes and the sum of n · log2(n) over their counts.
fn rounded(total: f64, sum: f64) -> f32 {
    if total == 0.0 {
        return 0.0;
    }
    (((total.log2() - sum / total) * 100.0).round() / 100.0).abs() as f32
}

/// How often each value occurs. Four counters for each, because neighbouring bytes are often equal, and adding to one
/// place has to wait for itself.
struct Counts([[u32; 256]; 4]);

impl Counts {
    fn new() -> Self {
        Self([[0; 256]; 4])
    }

    fn add(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<4>();
        for chunk in chunks {
            for (lane, byte) in self.0.iter_mut().zip(chunk) {
                lane[usize::from(*byte)] += 1;
            }
        }
        for (lane, byte) in self.0.iter_mut().zip(rest) {
            lane[usize::from(*byte)] += 1;
        }
    }

    fn entropy(&self) -> f32 {
        // Four sums at once: one addition would have to wait for the other.
        let (mut total, mut sums) = (0, [0.0; 4]);
        let small = &*SMALL;
        for values in 0..64 {
            for (n, sum) in sums.iter_mut().enumerate() {
                let count = self.0.iter().map(|lane| u64::from(lane[values * 4 + n])).sum::<u64>();
                total += count;
                *sum += small.get(count as usize).copied().unwrap_or_else(|| weigh(count as f64));
            }
        }
        let (total, sum) = (total as f64, sums.iter().sum::<f64>());
        rounded(total, sum)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, WHOLE, entropy, sampled};

    #[test]
    fn from_one_value_to_all() {
        assert_eq!(entropy(b""), 0.0);
        assert_eq!(entropy(&[7; 1000]), 0.0);
        assert_eq!(entropy(b"abababab-"), 1.39);
        assert_eq!(entropy(&(0..=255).collect::<Vec<u8>>()), 8.0);
    }

    #[test]
    fn few_and_many_bytes_count_alike() {
        let text: Vec<u8> = (0..255u32).map(|n| (n * n / 100) as u8).collect();
        let mut counts = Counts::new();
        counts.add(&text);
        assert_eq!(entropy(&text), counts.entropy());
        assert_eq!(entropy(&text), entropy(&text.repeat(3)));
    }

    #[test]
    fn a_sample_is_close_to_the_whole() {
        let bytes: Vec<u8> =
            (0..WHOLE as u32 * 3).map(|n| (n.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        assert!((sampled(&bytes) - entropy(&bytes)).abs() < 0.05);
    }
}
