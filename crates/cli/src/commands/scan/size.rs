//! Sizes on the command line.

/// Of `1000`, `64KiB`, `512MiB` or `2GiB`: bytes. The suffixes `K`, `M` and `G` mean the same.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        other => return Err(format!("{other:?} is no unit: KiB, MiB or GiB")),
    };
    let number: u64 = digits.parse().map_err(|_| "a number of bytes, such as 512MiB".to_owned())?;
    number.checked_mul(1 << shift).filter(|n| *n <= MOST).ok_or_else(|| "more than 64GiB".to_owned())
}

/// No machine analyses more.
const MOST: u64 = 64 << 30;

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse("512MiB"), Ok(512 << 20));
        assert_eq!(parse("2G"), Ok(2 << 30));
        assert_eq!(parse("77"), Ok(77));
        for wrong in ["", "MiB", "5 MiB", "-1", "5TB", "99999999999999999999", "65GiB", "1é"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
