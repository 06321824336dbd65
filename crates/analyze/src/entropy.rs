//! Shannon entropy of bytes.

/// Entropy of `bytes` in bits per byte, 0 to 8, rounded to 0.01 so that it reads and compares well.
pub(crate) fn entropy(bytes: &[u8]) -> f32 {
    // Four counters for each value: neighbouring bytes are often equal, and adding to one place waits for itself.
    let mut counts = [[0u32; 256]; 4];
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        for lane in 0..4 {
            counts[lane][usize::from(chunk[lane])] += 1;
        }
    }
    for byte in chunks.remainder() {
        counts[0][usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    let mut bits = 0.0;
    for value in 0..256 {
        let count = counts.iter().map(|lane| u64::from(lane[value])).sum::<u64>() as f64;
        if count > 0.0 {
            bits -= count / total * (count / total).log2();
        }
    }
    ((bits * 100.0).round() / 100.0).abs() as f32
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn from_one_value_to_all() {
        assert_eq!(entropy(b""), 0.0);
        assert_eq!(entropy(&[7; 1000]), 0.0);
        assert_eq!(entropy(b"abababab-"), 1.39);
        assert_eq!(entropy(&(0..=255).collect::<Vec<u8>>()), 8.0);
    }
}
