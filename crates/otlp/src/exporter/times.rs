//! Times of events, read: most of a batch are of one second, which is read once.

/// `2026-01-02T03:04:05`
const TO_SECONDS: usize = 19;

/// Reads times, and remembers the last second.
#[derive(Debug, Default)]
pub(super) struct Times {
    second: [u8; TO_SECONDS],
    unix_ns: u64,
}

impl Times {
    /// Nanoseconds since the Unix epoch; nothing for what is before it, or no time.
    pub(super) fn unix_ns(&mut self, text: &str) -> Option<u64> {
        let (second, rest) = text.as_bytes().split_first_chunk()?;
        let Some(micros) = micros(rest) else { return parse(text) };
        if self.second != *second {
            self.unix_ns = parse(text)?.checked_sub(micros * 1000)?;
            self.second = *second;
        }
        self.unix_ns.checked_add(micros * 1000)
    }
}

/// `.000006Z`, as the agent writes it.
fn micros(rest: &[u8]) -> Option<u64> {
    let [b'.', digits @ .., b'Z'] = rest else { return None };
    let digit = |sum: u64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'));
    (digits.len() == 6).then(|| digits.iter().try_fold(0, digit))?
}

fn parse(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_library() {
        let mut times = Times::default();
        for text in [
            "2026-01-02T03:04:05.000006Z",
            "2026-01-02T03:04:05.999999Z",
            "2026-01-02T03:04:06.000000Z",
            "2026-01-02T03:04:05.000001Z",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05.000006+02:00",
            "1960-01-02T03:04:05.000006Z",
            "no time at all, but long enough",
            "2026",
        ] {
            assert_eq!(times.unix_ns(text), parse(text), "{text}");
        }
    }
}
