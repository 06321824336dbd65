//! How a quantity was spread, in a few hundred bytes.

/// Parts that a power of two is cut into: a value is known to a quarter of it.
const PARTS: u32 = 4;

/// Counts of values, by ranges that grow with the value, and the largest one exactly.
///
/// A sparse logarithmic histogram: joining two is adding their counts, so order does not matter, and equal contents are equal
/// bytes. (Sketches with relative error, such as DDSketch, do the same with an array of bins of a kilobyte and more; of ten
/// quantities of ten thousand modules that is too much.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    pub(crate) max: u64,
    /// Range and count, sorted; a range is there if it has a count.
    pub(crate) counts: Vec<(u16, u32)>,
}

impl Histogram {
    /// The last range.
    pub(crate) const LAST: u16 = range(u64::MAX);

    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        self.max = self.max.max(value);
        self.add_to(range(value), 1);
    }

    pub(crate) fn add_to(&mut self, range: u16, count: u32) {
        match self.counts.binary_search_by_key(&range, |(range, _)| *range) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(count),
            Err(at) => self.counts.insert(at, (range, count)),
        }
    }

    /// Takes in the values of another.
    pub fn merge(&mut self, other: &Self) {
        self.max = self.max.max(other.max);
        other.counts.iter().for_each(|(range, count)| self.add_to(*range, *count));
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The largest value.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that so many of a thousand do not exceed, at most a quarter too large; 0 if nothing was counted.
    pub fn quantile(&self, permille: u64) -> u64 {
        let rank = (self.count() * permille).div_ceil(1000).max(1);
        let mut below = 0;
        for (range, count) in &self.counts {
            below += u64::from(*count);
            if below >= rank {
                return upper(*range).min(self.max);
            }
        }
        0
    }

    /// Heap bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<(u16, u32)>()
    }
}

const fn range(value: u64) -> u16 {
    if value == 0 {
        return 0;
    }
    let exponent = value.ilog2();
    let part = ((value as u128 * PARTS as u128) >> exponent) as u32 - PARTS;
    (1 + exponent * PARTS + part) as u16
}

/// The largest value of a range.
fn upper(range: u16) -> u64 {
    let Some(place) = u32::from(range).checked_sub(1) else { return 0 };
    let (exponent, part) = (place / PARTS, u128::from(place % PARTS + PARTS));
    let at = |part: u128| (part << exponent) / u128::from(PARTS);
    (at(part + 1) - 1).max(at(part)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_in_its_range_and_ranges_are_narrow() {
        let values =
            (0..64).flat_map(|bit| [1 << bit, (1 << bit) + 1, (1u64 << bit).wrapping_sub(1), 3 << bit]);
        for value in values.chain([u64::MAX]) {
            let upper = upper(range(value));
            assert!(upper >= value && upper as f64 <= value as f64 * 1.25, "{value}: {upper}");
        }
        assert_eq!((range(0), range(u64::MAX)), (0, Histogram::LAST));
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut all = Histogram::default();
        assert_eq!(all.quantile(990), 0);
        (1..=1000).for_each(|value| all.add(value));
        assert!((500..=625).contains(&all.quantile(500)), "{}", all.quantile(500));
        assert_eq!(all.quantile(1000), 1000);
        assert_eq!(all.count(), 1000);
    }
}
