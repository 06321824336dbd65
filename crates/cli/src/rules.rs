//! Where rules come from: those built in, folders of the user's above them, and again when a folder changes.

use crate::Failure;
use anyhow::anyhow;
use crossbeam_channel::{Receiver, TrySendError, bounded};
use std::{path::PathBuf, sync::Arc, thread, time::Duration};
use wasmscope_agent::Rules;
use wasmscope_detect::{Files, Invalid, RuleSet};

/// How often folders of rules are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which rules to ask.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RuleOptions {
    /// A folder of rules to ask beside those built in, or instead of those of the same name; may be given several times.
    ///
    /// It is read again when it changes; if something in it is wrong then, the rules stay as they were.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Do not ask the rules that are built in.
    #[arg(long)]
    no_shipped_rules: bool,
}

impl RuleOptions {
    /// All layers, read.
    pub(crate) fn layers(&self) -> Result<Vec<Files>, Failure> {
        let shipped = (!self.no_shipped_rules).then(Files::shipped).map(Ok);
        let folders = self.rules.iter().map(|folder| Files::of_folder(folder).map_err(Failure::input));
        shipped.into_iter().chain(folders).collect()
    }

    /// The rules; with `follow`, also those that they become.
    pub(crate) fn load(&self, follow: bool) -> Result<Option<Rules>, Failure> {
        if self.no_shipped_rules && self.rules.is_empty() {
            return Ok(None);
        }
        let layers = self.layers()?;
        let set = Arc::new(RuleSet::load(&layers).map_err(invalid)?);
        let changed = (follow && !self.rules.is_empty()).then(|| self.clone().follow(layers));
        Ok(Some(Rules { set, changed }))
    }

    /// Looks at the folders for as long as somebody wants to know.
    fn follow(self, mut known: Vec<Files>) -> Receiver<Arc<RuleSet>> {
        let (send, changed) = bounded(1);
        let look = move || {
            let mut waiting = None;
            loop {
                thread::sleep(LOOK_EVERY);
                match self.layers() {
                    Ok(layers) if layers == known => {}
                    Ok(layers) => {
                        match RuleSet::load(&layers) {
                            Ok(rules) => {
                                tracing::warn!(
                                    "the rules have changed: {} are asked from now on",
                                    rules.rules().len()
                                );
                                waiting = Some(Arc::new(rules));
                            }
                            Err(error) => tracing::warn!("the rules stay as they were: {error}"),
                        }
                        known = layers;
                    }
                    // A folder that is being replaced is not there for a moment; it is said once.
                    Err(failure) if !known.is_empty() => {
                        tracing::warn!("the rules stay as they were: {failure}");
                        known = Vec::new();
                    }
                    Err(_) => {}
                }
                if let Some(rules) = waiting.take() {
                    match send.try_send(rules) {
                        Ok(()) => {}
                        Err(TrySendError::Full(rules)) => waiting = Some(rules),
                        Err(TrySendError::Disconnected(_)) => return,
                    }
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("rules".into()).spawn(look) {
            tracing::warn!(%error, "changes of the rules are not seen");
        }
        changed
    }
}

/// Everything that is wrong, a line each.
pub(crate) fn invalid(invalid: Invalid) -> Failure {
    let n = invalid.problems.len();
    let what = if n == 1 { "a problem".to_owned() } else { format!("{n} problems") };
    Failure::input(anyhow!("the rules cannot be used, {what}:\n{invalid}"))
}
