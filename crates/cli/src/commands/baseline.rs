//! `wasmscope baseline`

use crate::{
    Failure,
    baseline::{read, write},
    output,
};
use anyhow::{Context as _, anyhow};
use std::path::{Path, PathBuf};
use wasmscope_baseline::{BaselineFile, Baselines, Chosen, Dimension, Edit, Key, json_schema};
use wasmscope_model::text::shown;

/// Show, join and edit what is usual for modules: the files of `watch --baseline FILE --learn`.
///
/// `docs/baselines.md` says what is learnt and what is told. MODULE is the beginning of a hash (four digits at least), or the path
/// or name of the module's file. Needs no root.
#[derive(Debug, clap::Args)]
pub(crate) struct Baseline {
    #[command(subcommand)]
    action: Action,
}

/// A pattern of a module.
#[derive(Debug, clap::Args)]
struct Change {
    /// A baseline.
    file: PathBuf,
    /// Whose pattern.
    module: String,
    /// act, path, peer, name, call or sequence.
    kind: Dimension,
    /// As `baseline show` and detections write it; `*` stands for everything but `/`, `**` for everything.
    pattern: String,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the modules of FILE; with MODULE everything that is usual for it.
    Show {
        /// A baseline.
        file: PathBuf,
        /// Only this module, with everything.
        module: Option<String>,
        /// JSON, in the format of the file.
        #[arg(long)]
        json: bool,
    },
    /// Join baselines: what is usual by any of them.
    Merge {
        /// Two or more.
        #[arg(required = true, num_args = 2..)]
        files: Vec<PathBuf>,
        /// Where to write what they say together.
        #[arg(short, long, value_name = "OUT")]
        output: PathBuf,
    },
    /// Write what FILE knows of some modules, as a baseline of its own, to standard output.
    Export {
        /// A baseline.
        file: PathBuf,
        /// Which modules; all without any.
        modules: Vec<String>,
    },
    /// Forget a module: it is learnt anew.
    Forget {
        /// A baseline.
        file: PathBuf,
        /// Which one.
        module: String,
    },
    /// Say that something is usual for a module.
    Allow(Change),
    /// Say that something is never usual for a module: it is told whenever it happens, and not learnt.
    Deny(Change),
    /// Write the JSON Schema of a baseline.
    Schema,
}

impl Baseline {
    pub(crate) fn run(self) -> Result<u8, Failure> {
        match self.action {
            Action::Show { file, module, json } => show(&file, module.as_deref(), json)?,
            Action::Merge { files, output } => {
                let mut all = Baselines::default();
                for file in &files {
                    all.merge(&read(file)?);
                }
                write(&output, &all)?;
            }
            Action::Export { file, modules } => {
                let known = read(&file)?;
                let all = modules.is_empty();
                let chosen = if all { known } else { only(&known, &file, &modules)? };
                output::text(&BaselineFile::write(&chosen).map_err(Failure::host)?)?;
            }
            Action::Forget { file, module } => {
                edit(&file, &module, |known, key| Ok(known.forget(key).then(|| "forgotten".to_owned())))?;
            }
            Action::Allow(change) => change.make(|known, key, edit| {
                known.allow(key, edit)?;
                Ok("allowed".into())
            })?,
            Action::Deny(change) => change.make(|known, key, edit| {
                let dropped = known.deny(key, edit)?;
                Ok(format!("denied; {dropped} learnt patterns dropped"))
            })?,
            Action::Schema => output::json(&json_schema())?,
        }
        Ok(0)
    }
}

impl Change {
    fn make(
        self,
        change: impl Fn(&mut Baselines, &Key, Edit) -> Result<String, wasmscope_baseline::BadPattern>,
    ) -> Result<(), Failure> {
        let made = Edit::new(self.kind, &self.pattern).map_err(Failure::input)?;
        edit(&self.file, &self.module, |known, key| {
            change(known, key, made.clone()).map(Some).map_err(Failure::input)
        })
    }
}

fn show(file: &Path, module: Option<&str>, json: bool) -> Result<(), Failure> {
    let mut known = read(file)?;
    if let Some(module) = module {
        known = only(&known, file, &[module.to_owned()])?;
    }
    if json {
        return output::text(&BaselineFile::write(&known).map_err(Failure::host)?);
    }
    let needs = wasmscope_baseline::Needs::default();
    output::text(&match module {
        None => wasmscope_view::baseline::table(&known, needs),
        Some(_) => {
            let pages =
                known.iter().map(|(key, profile)| wasmscope_view::baseline::page(key, profile, needs));
            pages.collect::<Vec<_>>().join("\n")
        }
    })
}

/// Only these modules.
fn only(known: &Baselines, file: &Path, modules: &[String]) -> Result<Baselines, Failure> {
    let mut chosen = Baselines::default();
    for module in modules {
        for key in choose(known, file, module)? {
            if chosen.get(&key).is_none()
                && let Some(profile) = known.get(&key)
            {
                chosen.add(key, profile);
            }
        }
    }
    Ok(chosen)
}

fn choose(known: &Baselines, file: &Path, module: &str) -> Result<Vec<Key>, Failure> {
    let file = file.display().to_string();
    let (file, name) = (shown(&file), shown(module));
    match known.choose(module) {
        Chosen::Modules(keys) => Ok(keys),
        Chosen::None => Err(Failure::input(anyhow!(
            "{file} knows no module {name}: give the beginning of its hash, or its path (`wasmscope baseline show {file}`)"
        ))),
        Chosen::Ambiguous(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| key.module.to_string()).collect();
            Err(Failure::input(anyhow!("{name} is more than one module of {file}: {}", keys.join(", "))))
        }
    }
}

/// Changes what is known of a module, in each runtime.
fn edit(
    file: &Path,
    module: &str,
    change: impl Fn(&mut Baselines, &Key) -> Result<Option<String>, Failure>,
) -> Result<(), Failure> {
    let mut known = read(file)?;
    let mut said = String::new();
    for key in choose(&known, file, module)? {
        let what = change(&mut known, &key)?.context("it is gone").map_err(Failure::host)?;
        said.push_str(&format!("{:.12} in {}: {what}\n", key.module.to_string(), shown(&key.runtime)));
    }
    write(file, &known)?;
    output::text(&said)
}
