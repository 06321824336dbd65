//! Patterns of paths.

use crate::dimension::EVERYTHING;
use std::borrow::Cow;

/// The coarsest level.
pub(crate) const TOP: u8 = 5;
/// Components that are kept at level 1; one less at each further level.
const MOST_COMPONENTS: usize = 6;
/// Longest pattern, bytes; longer ones lose their last components.
pub(crate) const MOST_BYTES: usize = 256;
/// Longest component that is kept as it is.
const MOST_COMPONENT_BYTES: usize = 64;
/// Length from which letters and digits that look drawn by lot are taken for that.
const RANDOM: usize = 6;
const HEXADECIMAL: usize = 8;
const LONG: usize = 16;

/// Appends the pattern of `path` to `to`: numbers, hashes and temporary names become `*`, and empty components go.
pub(crate) fn generalise(path: &str, to: &mut String) {
    let (start, mut any) = (to.len(), false);
    if path.starts_with('/') {
        to.push('/');
    }
    for component in path.split('/').filter(|component| !component.is_empty() && *component != ".") {
        let before = to.len();
        if any {
            to.push('/');
        }
        generalise_component(component, to);
        if to.len() - start > MOST_BYTES - EVERYTHING.len() - 1 {
            to.truncate(before);
            to.push_str(if any { "/**" } else { EVERYTHING });
            return;
        }
        any = true;
    }
}

/// Appends the pattern of a component or of a label of a name.
pub(crate) fn generalise_component(component: &str, to: &mut String) {
    if component == EVERYTHING {
        to.push_str(component);
        return;
    }
    if component.len() > MOST_COMPONENT_BYTES || is_uuid(component) {
        to.push('*');
        return;
    }
    // As `mkstemp`, `mktemp` and their like name files.
    for prefix in [".tmp", "tmp", ".tmp.", "tmp."] {
        let rest = component.strip_prefix(prefix);
        if rest.is_some_and(|rest| rest.len() >= RANDOM && rest.bytes().all(is_word)) {
            to.push_str(prefix.trim_end_matches('.'));
            to.push('*');
            return;
        }
    }
    let mut rest = component;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        match word {
            0 => {
                push(to, first);
                rest = &rest[first.len_utf8()..];
            }
            _ => {
                generalise_word(&rest[..word], to);
                rest = &rest[word..];
            }
        }
    }
}

/// RFC 9562, section 4.
fn is_uuid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// One `*` is enough where several follow each other.
fn push(to: &mut String, c: char) {
    if c != '*' || !to.ends_with('*') {
        to.push(c);
    }
}

/// A run of letters and digits.
fn generalise_word(word: &str, to: &mut String) {
    let (mut digits, mut upper, mut lower, mut hexadecimal) = (false, false, false, true);
    for byte in word.bytes() {
        digits |= byte.is_ascii_digit();
        upper |= byte.is_ascii_uppercase();
        lower |= byte.is_ascii_lowercase();
        hexadecimal &= byte.is_ascii_hexdigit();
    }
    let by_lot = digits
        && (hexadecimal && word.len() >= HEXADECIMAL
            || upper && lower && word.len() >= RANDOM
            || word.len() >= LONG);
    match (digits, by_lot) {
        (false, _) => to.push_str(word),
        (true, true) => push(to, '*'),
        (true, false) => word.chars().for_each(|c| push(to, if c.is_ascii_digit() { '*' } else { c })),
    }
}

/// The folder that a file lies in, its first two components at most. A pattern and all that is folded into it have the same.
pub(crate) fn group(pattern: &str) -> &str {
    let begin = usize::from(pattern.starts_with('/'));
    let mut slashes = pattern[begin..].match_indices('/').map(|(at, _)| at + begin);
    match (slashes.next(), slashes.next()) {
        (_, Some(at)) | (Some(at), None) => &pattern[..at],
        (None, None) => &pattern[..begin],
    }
}

/// At ever higher levels fewer components; at last only the group.
pub(crate) fn coarsen(pattern: &str, level: u8) -> Cow<'_, str> {
    if level >= TOP {
        return match group(pattern) {
            "" => Cow::Borrowed(EVERYTHING),
            folder => Cow::Owned(format!("{}/{EVERYTHING}", folder.trim_end_matches('/'))),
        };
    }
    let keep = MOST_COMPONENTS + 1 - usize::from(level.max(1));
    let begin = usize::from(pattern.starts_with('/'));
    match pattern[begin..].match_indices('/').nth(keep - 1) {
        Some((at, _)) => Cow::Owned(format!("{}/{EVERYTHING}", &pattern[..begin + at])),
        None => Cow::Borrowed(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn general(path: &str) -> String {
        let mut to = String::new();
        generalise(path, &mut to);
        to
    }

    #[test]
    fn numbers_hashes_and_temporary_names_are_wildcards() {
        for (path, pattern) in [
            ("/srv/data/input-17.txt", "/srv/data/input-*.txt"),
            ("/proc/4242/task/4243/comm", "/proc/*/task/*/comm"),
            ("/tmp/.tmpAbCdEf/a", "/tmp/.tmp*/a"),
            ("/tmp/tmp.Q8s1kZx2", "/tmp/tmp*"),
            ("/c/modules/wasmtime-48.0.8/9f86d081884c7d65.cwasm", "/c/modules/wasmtime-*.*.*/*.cwasm"),
            ("/u/1b4e28ba-2fa1-11d2-883f-0016d3cca427", "/u/*"),
            ("/x/aB3dE9fG", "/x/*"),
            ("/etc//./passwd", "/etc/passwd"),
            ("../outside", "../outside"),
            ("/", "/"),
            ("/naïve/größe", "/naïve/größe"),
        ] {
            assert_eq!(general(path), pattern, "{path}");
        }
        assert_eq!(general(&format!("/{}/x", "a".repeat(70))), "/*/x");
    }

    #[test]
    fn groups_are_folders() {
        for (pattern, of) in [
            ("/etc/passwd", "/etc"),
            ("/srv/data/a/b", "/srv/data"),
            ("/srv/data/**", "/srv/data"),
            ("/x", "/"),
            ("/", "/"),
            ("x", ""),
            ("a/b", "a"),
        ] {
            assert_eq!(group(pattern), of, "{pattern}");
        }
        assert_eq!(coarsen("/a/b/c/d/e/f/g", 1), "/a/b/c/d/e/f/**");
        assert_eq!(coarsen("/a/b/c/d/e/f/g", 4), "/a/b/c/**");
        assert_eq!(coarsen("/a/b/c", 4), "/a/b/c");
        assert_eq!(coarsen("/a/b/c", TOP), "/a/b/**");
        assert_eq!(coarsen("/a", TOP), "/**");
        assert_eq!(coarsen("a", TOP), "**");
    }

    proptest! {
        #[test]
        fn patterns_stay_as_they_are_and_are_bounded(path in "[a-fA-F0-9/._ *x-]{0,400}") {
            let once = general(&path);
            prop_assert!(once.len() <= MOST_BYTES);
            prop_assert_eq!(general(&once), once.clone());
        }

        #[test]
        fn to_coarsen_twice_is_to_coarsen_once(path in "/?([a-c]{1,2}/){0,9}[a-c]{0,2}", a in 0u8..=TOP, b in 0u8..=TOP) {
            let pattern = general(&path);
            let level = |text: &str, level| if level == 0 { text.to_owned() } else { coarsen(text, level).into_owned() };
            let twice = level(&level(&pattern, a), b);
            prop_assert_eq!(&twice, &level(&pattern, a.max(b)));
            prop_assert_eq!(group(&twice), group(&pattern));
        }
    }
}
