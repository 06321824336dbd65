//! Label values that the observed had a hand in.

use std::borrow::Cow;

/// Longest label value, in characters: the length of a SHA-256 and of a container id in hexadecimal.
pub const LABEL_CHARS: usize = 64;

/// Makes a harmless label value: keeps `A-Z a-z 0-9 . _ : @ + -`, replaces every other character by `_`
/// and cuts after [`LABEL_CHARS`] characters.
///
/// Two texts can become one label; what counts by label adds them up.
///
/// ```
/// assert_eq!(wasmscope_export::label("say \"hi\"\n.wasm"), "say__hi__.wasm");
/// ```
pub fn label(text: &str) -> Cow<'_, str> {
    if text.len() <= LABEL_CHARS && text.bytes().all(|byte| is_kept(char::from(byte))) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(LABEL_CHARS).map(|c| if is_kept(c) { c } else { '_' }).collect())
}

/// [`label`] in place.
pub(crate) fn sanitise(text: &mut Cow<'static, str>) {
    if let Cow::Owned(safe) = label(text) {
        *text = Cow::Owned(safe);
    }
}

fn is_kept(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '+' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_end_a_label_or_drive_a_terminal_is_replaced() {
        assert_eq!(label("a\"b\\c\nd\x1b[2J{}=,é\u{202e}"), "a_b_c_d__2J______");
        assert_eq!(label("wasi:http@0.2.0+x-y_z.wasm"), "wasi:http@0.2.0+x-y_z.wasm");
        assert_eq!(label(""), "");
    }

    proptest! {
        #[test]
        fn a_label_is_bounded_and_stays_itself(text in any::<String>()) {
            let once = label(&text).into_owned();
            prop_assert!(once.len() <= LABEL_CHARS);
            prop_assert!(once.chars().all(is_kept));
            prop_assert_eq!(label(&once), Cow::Borrowed(once.as_str()));
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(label(&"é".repeat(4096)), "_".repeat(LABEL_CHARS));
        assert_eq!(label(&"a".repeat(65)), "a".repeat(64));
    }
}
