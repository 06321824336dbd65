//! `baseline show`: what is usual.

use crate::or_dash;
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use std::fmt::Write as _;
use wasmscope_baseline::{Baselines, Dimension, Key, Needs, Profile, Quantity};
use wasmscope_model::text::{bytes, shown};

/// A line for each module.
pub fn table(known: &Baselines, needs: Needs) -> String {
    if known.is_empty() {
        return "no module is known\n".into();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    let mut header: Vec<String> =
        ["HASH", "RUNTIME", "STATE", "RUNS", "WATCHED", "MEMORY"].map(str::to_owned).into();
    header.extend(Dimension::ALL.iter().map(|dimension| format!("{}S", dimension.as_str().to_uppercase())));
    header.push("MODULE".into());
    let (first, last) = (3, header.len() - 1);
    table.set_header(header);
    for (key, profile) in known.iter() {
        let memory = profile.quantities().find(|(quantity, _)| *quantity == Quantity::Memory);
        let mut row = vec![
            format!("{:.12}", key.module.to_string()),
            shown(&key.runtime).to_string(),
            state(profile, needs).into(),
            profile.runs.to_string(),
            format!("{} s", profile.watched_ms / 1000),
            or_dash(memory.map(|(_, values)| bytes(values.max()))),
        ];
        row.extend(Dimension::ALL.iter().map(|dimension| {
            let patterns = profile.patterns(*dimension);
            format!("{}{}", patterns.len(), if patterns.folded() > 0 { "*" } else { "" })
        }));
        row.push(or_dash(profile.path.as_deref().map(shown)));
        table.add_row(row);
    }
    for column in first..last {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let folded = known.iter().any(|(_, p)| Dimension::ALL.iter().any(|d| p.patterns(*d).folded() > 0));
    let mut text = lines(&table);
    if folded {
        text.push_str("* there were too many to be told apart: some are folded together\n");
    }
    text
}

/// Everything of one module.
pub fn page(key: &Key, profile: &Profile, needs: Needs) -> String {
    let mut out = String::new();
    let path = or_dash(profile.path.as_deref().map(shown));
    let _ = writeln!(out, "{path}\n  sha256   {}\n  runtime  {}", key.module, shown(&key.runtime));
    let _ = writeln!(
        out,
        "  learnt   {} runs, {} s: {}",
        profile.runs,
        profile.watched_ms / 1000,
        state(profile, needs)
    );
    for (count, what) in [
        (profile.rejected, "runs not learnt: something of high severity was detected in them"),
        (profile.lossy, "runs of which events were lost"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "           {count} {what}");
        }
    }
    for dimension in Dimension::ALL {
        patterns(&mut out, profile, dimension);
    }
    quantities(&mut out, profile);
    for (title, edits) in
        [("allowed", profile.allowed().collect::<Vec<_>>()), ("denied", profile.denied().collect())]
    {
        if !edits.is_empty() {
            let _ = writeln!(out, "\n{title}");
            edits.iter().for_each(|edit| {
                let _ = writeln!(out, "  {:<8}  {}", edit.dimension.as_str(), shown(&edit.pattern));
            });
        }
    }
    out
}

fn patterns(out: &mut String, profile: &Profile, dimension: Dimension) {
    let patterns = profile.patterns(dimension);
    if patterns.is_empty() {
        return;
    }
    let folded = if patterns.folded() > 0 { ", some folded together" } else { "" };
    let _ = writeln!(out, "\n{dimension}s: {}{folded}", patterns.len());
    let mut table = Table::new();
    table.load_style(NOTHING);
    for (pattern, seen) in patterns.iter() {
        let how: Vec<_> = seen.how.names().collect();
        let runs = if seen.runs == 1 { "1 run".to_owned() } else { format!("{} runs", seen.runs) };
        table.add_row([String::new(), runs, shown(pattern).to_string(), how.join(", ")]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    out.push_str(&lines(&table));
}

fn quantities(out: &mut String, profile: &Profile) {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "", "VALUES", "HALF UP TO", "99 % UP TO", "MOST"]);
    for (quantity, values) in profile.quantities() {
        table.add_row([
            String::new(),
            quantity.to_string(),
            values.count().to_string(),
            quantity.shown(values.quantile(500)),
            quantity.shown(values.quantile(990)),
            quantity.shown(values.max()),
        ]);
    }
    if table.row_count() > 0 {
        let _ = writeln!(out, "\nquantities");
        out.push_str(&lines(&table));
    }
}

fn state(profile: &Profile, needs: Needs) -> &'static str {
    if needs.are_met(profile) { "ready" } else { "learning" }
}

fn lines(table: &Table) -> String {
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}
