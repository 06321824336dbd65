//! `wasmscope evaluate`

use super::files;
use crate::{Failure, output};
use anyhow::Context as _;
use rustix::process::geteuid;
use std::{collections::BTreeMap, path::PathBuf};
use wasmscope_evaluate::{EvaluateError, Options, Runtime, Vantage, evaluate, json_schema};
use wasmscope_model::text::shown_within;

/// Longest message, characters.
const MESSAGE: usize = 2000;

/// Run a corpus of guests in unmodified runtimes, and say what is detected of each, how soon, and at what cost.
///
/// CORPUS is a folder: each folder in it with a `workload.toml` is a guest, and so is every other `*.wasm` file, of which what was
/// detected is shown. Watches only what it starts. Each run has a directory of its own and a time limit. `docs/evaluation.md` says
/// what is measured. Needs root for the vantage points kernel and boundary.
///
/// Exit status: 0 if everything is as expected, 1 if an expected detection is missing or an ordinary guest has one of high
/// severity, 2 if the corpus or a runtime cannot be used, 3 if this host cannot watch.
#[derive(Debug, clap::Args)]
pub(crate) struct Evaluate {
    /// A folder of guests.
    #[arg(default_value = "workloads")]
    corpus: PathBuf,
    /// Where guests lie that are built from source, by the name of their folder.
    #[arg(long, value_name = "DIR", default_value = "target/guests")]
    built: PathBuf,
    /// A runtime, as NAME=PATH for one whose command line is known, or as NAME='COMMAND {dir} {guest} {args}'.
    ///
    /// May be given more than once. Known: wasmtime, wasmer, wasmi, iwasm, node, also with something behind a hyphen
    /// (`wasmtime-48=PATH`). Without any, `wasmtime` is taken from PATH.
    #[arg(long = "runtime", value_name = "NAME=PATH")]
    runtimes: Vec<String>,
    /// Only this guest; may be given more than once.
    #[arg(long = "guest", value_name = "NAME")]
    guests: Vec<String>,
    /// From where to look.
    #[arg(long, value_delimiter = ',', default_value = "kernel,boundary,module,guest")]
    vantage: Vec<Vantage>,
    /// Run each guest so often.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repeat: u16,
    /// Afterwards run all ordinary guests side by side for so long, each again when it has ended, and count false alarms.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    benign_seconds: u32,
    /// What stands for `{NAME}` in commands of native programs.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    names: Vec<(String, String)>,
    /// Write the result as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the tables as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write the JSON Schema of the result and end.
    #[arg(long)]
    json_schema: bool,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.into(), value.into()))
}

impl Evaluate {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        if self.json_schema {
            return output::json(&json_schema()).map(|()| 0);
        }
        let watches = self.vantage.iter().any(|v| matches!(v, Vantage::Kernel | Vantage::Boundary));
        if watches && !geteuid().is_root() {
            return Err(Failure::host(anyhow::anyhow!(
                "the vantage points kernel and boundary need root; without it: --vantage module,guest"
            )));
        }
        let runs = self.vantage.iter().any(|v| matches!(v, Vantage::Kernel | Vantage::Guest));
        let usual = if runs { vec!["wasmtime=wasmtime".to_owned()] } else { Vec::new() };
        let named = if self.runtimes.is_empty() { usual } else { self.runtimes.clone() };
        let runtimes: Result<Vec<_>, _> = named.iter().map(|text| Runtime::parse(text)).collect();
        let options = Options {
            wasmscope: std::env::current_exe()
                .context("cannot find this executable")
                .map_err(Failure::host)?,
            corpus: self.corpus.clone(),
            built: absolute(&self.built)?,
            runtimes: runtimes.map_err(|error| refused(&error.into()))?,
            guests: self.guests.clone(),
            vantage_points: self.vantage.clone(),
            repeat: self.repeat.into(),
            benign_seconds: self.benign_seconds.into(),
            names: self.names.iter().cloned().collect::<BTreeMap<_, _>>(),
        };
        let options = Options { corpus: absolute(&options.corpus)?, ..options };
        let mut progress = |text: &str| eprintln!("wasmscope: {}", shown_within(text, MESSAGE));
        let evaluation = evaluate(&options, &mut progress).map_err(|error| refused(&error))?;
        if let Some(path) = &self.json {
            let mut json = serde_json::to_string_pretty(&evaluation).map_err(Failure::host)?;
            json.push('\n');
            files::write(path, json.as_bytes()).map_err(Failure::input)?;
        }
        if let Some(path) = &self.markdown {
            files::write(path, evaluation.markdown().as_bytes()).map_err(Failure::input)?;
        }
        output::text(&evaluation.text())?;
        Ok(u8::from(!evaluation.summary.failures.is_empty()))
    }
}

/// Guests run elsewhere.
fn absolute(path: &PathBuf) -> Result<PathBuf, Failure> {
    std::path::absolute(path).with_context(|| format!("cannot use {path:?}")).map_err(Failure::input)
}

/// Messages quote files of the corpus.
fn refused(error: &EvaluateError) -> Failure {
    let message = anyhow::anyhow!("{}", shown_within(&error.to_string(), MESSAGE));
    if error.is_of_the_host() { Failure::host(message) } else { Failure::input(message) }
}
