//! The list of rules.

use std::fmt::Write as _;
use wasmscope_model::text::shown;

/// What is told of a rule.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// How bad it is.
    pub severity: &'static str,
    /// How far it has proven itself.
    pub maturity: &'static str,
    /// What it asks of time.
    pub window: String,
    /// What it states.
    pub title: &'a str,
    /// Where it comes from; not told for those built in.
    pub origin: &'a str,
}

/// One line for each.
pub fn table<'a>(rows: impl Iterator<Item = Row<'a>>) -> String {
    let mut text =
        format!("{:<8}  {:<12}  {:<8}  {:<28}  {}\n", "SEVERITY", "MATURITY", "WINDOW", "RULE", "WHAT");
    for row in rows {
        let from = if row.origin == "shipped" { String::new() } else { format!(" ({})", shown(row.origin)) };
        let (id, title) = (shown(row.id), shown(row.title));
        let _ = writeln!(
            text,
            "{:<8}  {:<12}  {:<8}  {:<28}  {title}{from}",
            row.severity,
            row.maturity,
            row.window,
            id.to_string()
        );
    }
    text
}
