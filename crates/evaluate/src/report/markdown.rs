//! The same tables as Markdown.

use super::{Evaluation, Part};
use std::fmt::Write as _;
use wasmscope_model::text::shown_within;

/// Longest failure that is shown, characters.
const FAILURE: usize = 400;

pub(super) fn page(evaluation: &Evaluation) -> String {
    let mut out = String::from("# Evaluation\n\n");
    let runtimes: Vec<_> = evaluation
        .runtimes
        .iter()
        .map(|runtime| format!("{} ({})", escaped(&runtime.name), escaped(&runtime.version)))
        .collect();
    let repeats = match evaluation.repeat {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    let _ = writeln!(
        out,
        "{} on Linux {}, {} processors; {}; each guest {repeats}. Began {}, took {:.0} s.",
        escaped(&evaluation.wasmscope),
        escaped(&evaluation.host.kernel),
        evaluation.host.processors,
        if runtimes.is_empty() { "no runtime".to_owned() } else { runtimes.join(", ") },
        escaped(&evaluation.began),
        evaluation.seconds,
    );
    for part in Part::ALL {
        let table = table(evaluation, part);
        if !table.is_empty() {
            let _ = writeln!(out, "\n## {}\n\n{table}", escaped(&part.title(evaluation)));
        }
    }
    if !evaluation.summary.failures.is_empty() {
        out.push_str("\n## Not as expected\n\n");
        for failure in &evaluation.summary.failures {
            let _ = writeln!(out, "- {}", escaped(&shown_within(failure, FAILURE).to_string()));
        }
    }
    out
}

/// One of the tables; nothing if it has no rows.
pub(super) fn table(evaluation: &Evaluation, part: Part) -> String {
    let rows = part.rows(evaluation);
    let mut out = String::new();
    if rows.rows.is_empty() {
        return out;
    }
    let _ = writeln!(out, "| {} |\n|{}", rows.head.join(" | "), " --- |".repeat(rows.head.len()));
    for row in rows.rows {
        let cells: Vec<_> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

/// Text that Markdown and HTML take as nothing but text.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
