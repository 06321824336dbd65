//! `--diff`: an old version and a new one.

use super::{Format, Known, Scan, analysis, gate::Gate, pool::Outcome};
use crate::{Failure, output};
use serde::Serialize;
use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};
use wasmscope_admission::{Difference, difference};
use wasmscope_model::{Severity, text::shown};

/// A module of one of the two sides.
struct Side {
    name: String,
    result: Result<Box<Known>, String>,
}

impl Outcome for Side {
    fn size(&self) -> usize {
        self.name.len() + self.result.as_ref().map_or_else(String::len, |known| known.facts.size as usize)
    }

    fn of_panic(name: String) -> Self {
        Self { name, result: Err("a defect of wasmscope: its analysis panicked; please report it".into()) }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    old: &'a str,
    new: &'a str,
    #[serde(flatten)]
    difference: &'a Difference,
    worse: Vec<wasmscope_admission::Worse>,
}

impl Scan {
    pub(super) fn compare(mut self) -> Result<u8, Failure> {
        let [old, new] = <[PathBuf; 2]>::try_from(std::mem::take(&mut self.paths)).map_err(|paths| {
            let n = paths.len();
            Failure::input(anyhow::anyhow!(
                "--diff takes two paths, the old version and the new one, not {n}"
            ))
        })?;
        let (old, new) = (self.side(old)?, self.side(new)?);
        let pairs = match pair(&old, &new) {
            Ok(pairs) => pairs,
            Err(reason) => return Err(Failure::input(anyhow::anyhow!(reason))),
        };
        let at_least = self.fail_on.unwrap_or(Severity::Medium);
        let mut worse = false;
        for (old, new) in pairs {
            let changed = difference((&old.1.facts, &old.1.findings), (&new.1.facts, &new.1.findings));
            let reasons = changed.worse(at_least);
            worse |= !reasons.is_empty();
            let text = match self.format {
                Format::Json => {
                    let line = Line { old: &old.0, new: &new.0, difference: &changed, worse: reasons };
                    serde_json::to_string(&line).map_err(Failure::host)? + "\n"
                }
                _ => wasmscope_view::difference::page(&old.0, &new.0, &changed, at_least),
            };
            output::text(&text)?;
        }
        Ok((worse && self.fail_on.is_some()).into())
    }

    /// The modules of one side. A side that cannot be read completely cannot be compared.
    fn side(&mut self, path: PathBuf) -> Result<Vec<Named>, Failure> {
        self.paths = vec![path];
        let gate = Gate::new(None, None)?;
        let work = |found: wasmscope_sources::Found| {
            let result = analysis::facts(found.content).map(|facts| Box::new(gate.judge(&found.name, facts)));
            Side { name: found.name, result }
        };
        let (mut side, mut failure) = (Vec::new(), None);
        self.each(work, |found| match found.result {
            Ok(known) => {
                side.push((found.name, known));
                ControlFlow::Continue(())
            }
            Err(reason) => {
                failure = Some(format!("{}: {reason}", shown(&found.name)));
                ControlFlow::Break(())
            }
        })?;
        match failure {
            Some(reason) => Err(Failure::input(anyhow::anyhow!(reason))),
            None if side.is_empty() => {
                let path = self.paths[0].display().to_string();
                Err(Failure::input(anyhow::anyhow!("{}: no module in it", shown(&path))))
            }
            None => Ok(side),
        }
    }
}

/// A module and what it is called.
type Named = (String, Box<Known>);

/// One module on each side; of several, those with the same name at the end of their paths.
fn pair<'a>(old: &'a [Named], new: &'a [Named]) -> Result<Vec<(&'a Named, &'a Named)>, String> {
    if let ([old], [new]) = (old, new) {
        return Ok(vec![(old, new)]);
    }
    let name = |path: &str| path.rsplit(['/', '!']).next().unwrap_or(path).to_owned();
    let by_name: BTreeMap<_, _> = old.iter().map(|module| (name(&module.0), module)).collect();
    let mut pairs = Vec::new();
    for module in new {
        match by_name.get(&name(&module.0)) {
            Some(old) => pairs.push((*old, module)),
            None => {
                return Err(format!("{} is not in the old version; compare file by file", shown(&module.0)));
            }
        }
    }
    if let Some(gone) = old.iter().find(|module| !new.iter().any(|other| name(&other.0) == name(&module.0))) {
        return Err(format!("{} is not in the new version; compare file by file", shown(&gone.0)));
    }
    Ok(pairs)
}
