//! `wasmscope dashboards`

use super::files;
use crate::{Failure, output};
use anyhow::{Context as _, Result};
use std::{fmt::Write as _, fs, path::PathBuf};
use wasmscope_model::text::shown;

/// Write dashboards for Grafana, rules and alerts for Prometheus, and what tells both where they are.
///
/// Files of an earlier version are replaced, others in the folder stay. docs/monitoring.md says what to do with them.
#[derive(Debug, clap::Args)]
pub(crate) struct Dashboards {
    /// The folder to write to; it is made if it is not there.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Where Grafana finds Prometheus.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090", value_parser = parse_url)]
    prometheus: String,
}

fn parse_url(text: &str) -> Result<String, String> {
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Ok(text.to_owned())
        }
        _ => Err("wanted an address like http://127.0.0.1:9090".to_owned()),
    }
}

impl Dashboards {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let written = self.write().map_err(Failure::input)?;
        output::text(&written)?;
        Ok(0)
    }

    fn write(&self) -> Result<String> {
        let name = |path: &PathBuf| shown(&path.display().to_string()).to_string();
        let folder =
            std::path::absolute(&self.dir).with_context(|| format!("no folder: {}", name(&self.dir)))?;
        let text = folder.to_str();
        let text = text.with_context(|| format!("{} is no UTF-8, which Grafana wants", name(&folder)))?;
        let mut said = String::new();
        for file in wasmscope_dashboards::files(text, &self.prometheus) {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot make {}", name(&parent.to_owned())))?;
            }
            files::write(&path, file.contents.as_bytes())?;
            let _ = writeln!(said, "{}", name(&path));
        }
        Ok(said)
    }
}
