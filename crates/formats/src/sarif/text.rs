//! Text that SARIF gives a meaning of its own.

/// A message string that shows `text` as it is.
///
/// Braces are placeholders unless doubled (SARIF 2.1.0, 3.11.5). Brackets followed by a parenthesis are links (3.11.6): a
/// module could name a function so that a viewer shows its link. Only such messages are escaped, with backslashes, because
/// viewers show the backslash of the others.
pub(super) fn message(text: &str) -> String {
    let link = text.contains("](");
    let mut escaped = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            '{' | '}' => escaped.push(c),
            '[' | ']' | '\\' if link => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}

/// Ends a message with a full stop, as viewers show several of them in a row.
pub(super) fn sentence(text: &str) -> String {
    let mut sentence = message(text);
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// GitHub-flavoured Markdown that shows `text` as it is.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '{' | '}' => escaped.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}

/// `stack-protector-missing` as SARIF wants names of rules: `StackProtectorMissing`.
pub(super) fn pascal_case(id: &str) -> String {
    id.split('-')
        .flat_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_links_are_inert() {
        assert_eq!(message("exports \"{0}\""), "exports \"{{0}}\"");
        assert_eq!(message("[here](https://example.org) \\"), "\\[here\\](https://example.org) \\\\");
        assert_eq!(message("function[3] at C:\\x"), "function[3] at C:\\x");
        assert_eq!(sentence("no stack protector"), "no stack protector.");
        assert_eq!(markdown("__x and <b>"), "\\_\\_x and \\<b\\>");
        assert_eq!(pascal_case("stack-protector-missing"), "StackProtectorMissing");
    }
}
