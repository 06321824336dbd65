//! Text of a policy out of names that a hostile module may have chosen.

use std::fmt::Write as _;
use wasmscope_model::text::shown_within;

/// Longest comment, in characters of what is told.
const COMMENT: usize = 600;
/// Steps of a way that are told from its begin and from its end.
const STEPS: (usize, usize) = (3, 4);
/// Longest name of a step, in characters.
const STEP: usize = 50;

/// One line, whatever the text holds.
pub(super) fn comment(text: &str) -> String {
    shown_within(text, COMMENT).to_string()
}

/// A way of calls: where it begins and where it ends, because the import at its end says most.
pub(super) fn way(steps: &[String]) -> String {
    let short = |step: &String| match step.char_indices().nth(STEP) {
        Some((cut, _)) => format!("{}…", &step[..cut]),
        None => step.clone(),
    };
    let mut parts: Vec<String> = steps.iter().map(short).collect();
    if parts.len() > STEPS.0 + STEPS.1 {
        let left_out = parts.len() - STEPS.0 - STEPS.1;
        parts.splice(STEPS.0..STEPS.0 + left_out, [format!("({left_out} more)")]);
    }
    parts.join(" > ")
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
