//! `ps`: one line per workload.

use crate::{module, or_dash};
use comfy_table::{CellAlignment, Table, presets::NOTHING};
use wasmscope_model::{
    Workload,
    text::{bytes, shown},
};

/// A table of `workloads`; without a heading if there are none. `now_unix` is the time of looking, in seconds.
pub fn workloads(workloads: &[Workload], now_unix: f64) -> String {
    if workloads.is_empty() {
        return "no Wasm workload is running\n".into();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "PID",
        "RUNTIME",
        "VERSION",
        "SURE",
        "MODULE",
        "FUNCTIONS",
        "MEMORY",
        "LIMIT",
        "AGE",
        "IN",
    ]);
    for w in workloads {
        let limit = w.memories.iter().map(|m| m.limit_bytes).sum::<Option<u64>>().filter(|n| *n > 0);
        table.add_row([
            w.pid.to_string(),
            or_dash(w.recognition.runtime.as_deref().map(shown)),
            or_dash(w.recognition.version.as_deref().map(shown)),
            w.recognition.confidence.to_string(),
            module(w),
            if w.images.is_empty() { "-".into() } else { w.functions().to_string() },
            if w.memories.is_empty() { "-".into() } else { bytes(w.memory_bytes()) },
            or_dash(limit.map(bytes)),
            age(now_unix - w.started_unix),
            place(w),
        ]);
    }
    for column in [0, 3, 5, 6, 7, 8] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // Every row is padded to the last column's width; nobody wants that in a terminal or a diff.
    let lines: Vec<_> = table.lines().map(|l| l.trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

/// The container, unit, or `host`.
pub(crate) fn place(w: &Workload) -> String {
    let container = &w.container;
    if let Some(id) = &container.id {
        let short: String = id.chars().take(12).collect();
        return match &container.pod_uid {
            Some(pod) => format!("pod {} / {}", shown(pod), shown(&short)),
            None => format!("container {}", shown(&short)),
        };
    }
    or_dash(container.systemd_unit.as_deref().map(shown))
}

/// `3s`, `2m05s`, `1h02m`, `4d03h`.
fn age(seconds: f64) -> String {
    let s = seconds.max(0.0) as u64;
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let all: Vec<_> = [-1.0, 59.9, 125.0, 3720.0, 356_400.0].into_iter().map(age).collect();
        assert_eq!(all, ["0s", "59s", "2m05s", "1h02m", "4d03h"]);
    }

    #[test]
    fn no_workload_is_said() {
        assert_eq!(workloads(&[], 0.0), "no Wasm workload is running\n");
    }
}
