//! Medians and spreads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The middle of some values, and how far they reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many values there are.
    pub count: usize,
    /// The least.
    pub least: f64,
    /// The middle one; the mean of the two middle ones of an even number.
    pub median: f64,
    /// The value that nine of ten do not exceed.
    pub p90: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of some values; nothing if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let count = values.len();
        let (least, most) = (*values.first()?, *values.last()?);
        let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
        let p90 = values[((count * 9).div_ceil(10)).clamp(1, count) - 1];
        Some(Self { count, least, median, p90, most })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_middle_and_the_ends() {
        assert_eq!(Spread::of([]), None);
        let one = Spread::of([2.0]).unwrap();
        assert_eq!((one.least, one.median, one.p90, one.most), (2.0, 2.0, 2.0, 2.0));
        let ten = Spread::of((1..=10).map(f64::from)).unwrap();
        assert_eq!((ten.count, ten.median, ten.p90, ten.most), (10, 5.5, 9.0, 10.0));
        assert_eq!(Spread::of([f64::NAN, 3.0, 1.0]).unwrap().median, 2.0);
    }
}
