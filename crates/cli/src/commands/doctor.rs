//! `wasmscope doctor`

use crate::{Failure, output};
use serde::Serialize;
use wasmscope_model::ProbeReport;
use wasmscope_sensor_kernel::doctor::diagnose;
use wasmscope_view::diagnosis;

/// Try every probe, and say what this host lets wasmscope see and why not the rest.
///
/// Nothing is inferred from version numbers: each program is loaded, and attached for an instant where that disturbs nobody.
/// Works without root, and then says what root would add. Exit status 0 if `watch` works here, 3 if not.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    usable: bool,
    kernel: String,
    probes: Vec<ProbeReport>,
    kinds: Vec<ProbeReport>,
}

impl Doctor {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        let diagnosis = diagnose();
        let usable = diagnosis.usable();
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        if self.json {
            output::json(&Report { usable, kernel, probes: diagnosis.probes, kinds: diagnosis.kinds })?;
        } else {
            let mut text = format!("Linux {kernel}\n\n");
            text += &diagnosis::section("What wasmscope uses", &diagnosis.probes);
            text += "\n";
            text += &diagnosis::section("Kinds of BPF programs, tried one at a time", &diagnosis.kinds);
            text += "\n";
            text += diagnosis::verdict(usable);
            output::text(&text)?;
        }
        Ok(if usable { 0 } else { 3 })
    }
}
