//! Showing hostile text: what an observed process can write must not drive a terminal.

use std::fmt::{self, Write};

/// Longest observed text shown to a person, in characters; longer text is cut and says so.
pub const SHOWN_CHARS: usize = 256;

/// Displays `text` on one line with every control, bidirectional-override and invisible character
/// escaped as `\u{…}` (or `\n`, `\t`, …), cut after [`SHOWN_CHARS`] characters with `…`.
///
/// Backslashes are doubled so that the escape cannot be forged.
pub fn shown(text: &str) -> Shown<'_> {
    Shown { text, limit: SHOWN_CHARS }
}

/// Like [`shown`], cut after `limit` characters.
pub fn shown_within(text: &str, limit: usize) -> Shown<'_> {
    Shown { text, limit }
}

/// See [`shown`].
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    text: &'a str,
    limit: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, c) in self.text.chars().enumerate() {
            if n == self.limit {
                return f.write_char('…');
            }
            match c {
                '\\' => f.write_str("\\\\")?,
                c if is_dangerous(c) => write!(f, "{}", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Characters that move the cursor, reorder or hide text: Unicode categories Cc, Cf (those in use),
/// Zl, Zp, private use and the byte-order mark. See Unicode TR 36, "Trojan Source" (CVE-2021-42574).
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

/// Decodes observed bytes for keeping: invalid UTF-8 becomes U+FFFD, at most `max_bytes` bytes of it are
/// looked at, and a cut is marked by a trailing `…`.
pub fn lossy_within(bytes: &[u8], max_bytes: usize) -> String {
    match bytes.get(..max_bytes) {
        Some(head) if head.len() < bytes.len() => {
            let mut text = String::from_utf8_lossy(head).into_owned();
            // A multi-byte character cut in two is our doing, not the observed's.
            while text.ends_with('\u{fffd}') {
                text.pop();
            }
            text.push('…');
            text
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A number of bytes for a person: `1.5 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.strip_suffix(".0").unwrap_or(&text), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_sequences_quotes_and_overrides_are_inert() {
        assert_eq!(
            shown("\x1b[2J\nroot \u{202e}\u{9b}31m\\").to_string(),
            "\\u{1b}[2J\\nroot \\u{202e}\\u{9b}31m\\\\"
        );
        assert_eq!(shown_within("abcdef", 3).to_string(), "abc…");
        assert_eq!(shown("naïve \"função\"").to_string(), "naïve \"função\"");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(65_536), "64 KiB");
        assert_eq!(bytes(1_572_864), "1.5 MiB");
        assert_eq!(bytes(1_048_575), "1 MiB");
        assert_eq!(bytes(u64::MAX), "16 EiB");
    }

    #[test]
    fn a_cut_never_leaves_half_a_character() {
        assert_eq!(lossy_within("aé".as_bytes(), 2), "a…");
        assert_eq!(lossy_within(b"a\xff", 9), "a\u{fffd}");
    }

    proptest! {
        #[test]
        fn whatever_comes_the_shown_text_is_printable_and_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let text = lossy_within(&bytes, 1000);
            let shown = shown(&text).to_string();
            prop_assert!(!shown.chars().any(|c| c.is_control()));
            prop_assert!(shown.chars().count() <= SHOWN_CHARS * 10 + 1);
        }
    }
}
