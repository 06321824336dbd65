//! The page and the code say the same.

use std::{fs, path::Path};
use wasmscope_sensor_wasmtime::metrics;

/// `BLESS=1` writes the table of metrics.
#[test]
fn every_metric_is_in_the_page() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/boundary.md");
    let page = fs::read_to_string(&path)?;
    const HEAD: &str = "| metric | what |\n| --- | --- |\n";
    let (before, table) = page.split_once(HEAD).expect("the table's head");
    let expected: String = metrics::ALL
        .iter()
        .map(|metric| {
            let total = if metric.is_counter { "_total" } else { "" };
            format!("| `{}{total}` | {} |\n", metric.name, metric.help.trim())
        })
        .collect();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{before}{HEAD}{expected}"))?;
    } else {
        assert_eq!(table, expected, "BLESS=1 cargo test -p wasmscope-sensor-wasmtime --test docs");
    }
    Ok(())
}
