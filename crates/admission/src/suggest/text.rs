//! Text of a policy out of names that a hostile module may have chosen.

use std::fmt::Write as _;
use wasmscope_model::text::shown_within;

/// Longest comment, in characters of what is told.
const COMMENT: usize = 400;

/// One line, whatever the text holds.
pub(super) fn comment(text: &str) -> String {
    shown_within(text, COMMENT).to_string()
}

/// A basic string of TOML. Everything but plain ASCII is escaped, so that what a reviewer sees is what is there.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            ' '..='~' => write!(out, "{c}"),
            c if (c as u32) < 0x1_0000 => write!(out, "\\u{:04X}", c as u32),
            c => write!(out, "\\U{:08X}", c as u32),
        };
    }
    out.push('"');
    out
}

/// The pattern for just this export; `None` if its name was cut.
pub(super) fn export(name: &str) -> Option<String> {
    crate::policy::literal_import("", Some(name)).map(|pattern| pattern[1..].to_owned())
}
