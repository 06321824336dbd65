//! The capability envelope: what a module's imports allow its process to ask of the kernel.
//!
//! An act that needs a capability which no module of the workload imports, and that its runtime does not do for itself, is
//! outside. No training is needed: capabilities come with the workload's identity (`wasm.module.capabilities`), and what
//! a runtime does for itself is data in `rules/envelope/`. Conditions ask for it as `envelope.outside`.
//!
//! Where the bound is not known there is no envelope, and `envelope.outside` is unknown: of a module that nobody looked into,
//! of more modules than are kept, of code in memory that belongs to no known file, and where a module imports functions
//! that only the embedder knows: they may do anything on its behalf.

mod needs;

use crate::condition::{Test, View};
pub(crate) use needs::act_classes;
use needs::of_kind;
use std::{collections::BTreeMap, sync::Arc};
use wasmscope_model::{EventKind, Kind, Workload};

/// Capabilities that bound nothing: what is behind them is known to the embedder alone.
const UNBOUNDED: [&str; 3] = ["custom-host-function", "javascript", "dynamic-code"];
/// The file of what every runtime does.
pub(crate) const EVERY_RUNTIME: &str = "every-runtime";

/// What runtimes do for themselves: conditions by runtime and kind of event.
#[derive(Debug, Default)]
pub(crate) struct Own {
    by_runtime: BTreeMap<String, Vec<(Kind, Arc<Test>)>>,
}

impl Own {
    pub(crate) fn add(&mut self, runtime: &str, kinds: impl IntoIterator<Item = Kind>, test: Test) {
        let test = Arc::new(test);
        let known = self.by_runtime.entry(runtime.to_owned()).or_default();
        known.extend(kinds.into_iter().map(|kind| (kind, Arc::clone(&test))));
    }

    /// Whether the workload's runtime does this for itself, or every runtime does.
    pub(crate) fn is_own(&self, view: &View<'_>, kind: Kind, workload: &Workload) -> bool {
        let of = |runtime: &str| self.explains(runtime, view, kind);
        workload.recognition.runtime.as_deref().is_some_and(of) || of(EVERY_RUNTIME)
    }

    fn explains(&self, runtime: &str, view: &View<'_>, kind: Kind) -> bool {
        let known = self.by_runtime.get(runtime).into_iter().flatten();
        known.filter(|(of, _)| *of == kind).any(|(_, test)| test.holds(view) == Some(true))
    }
}

/// Whether events of this kind are acts that have an envelope.
pub(crate) fn bounds(kind: Kind) -> bool {
    needs::of_kind(kind).is_some()
}

/// Whether the act is outside; `None` where that cannot be said, also of what is no act.
pub(crate) fn is_outside(view: &View<'_>, event: &EventKind, workload: &Workload, own: &Own) -> Option<bool> {
    let needs = of_kind(event.kind())?;
    let mut allowed = false;
    for module in &workload.modules {
        let capabilities = module.capabilities.as_ref()?;
        if capabilities.iter().any(|capability| UNBOUNDED.contains(&capability.as_ref())) {
            return None;
        }
        allowed |= capabilities.iter().any(|capability| needs.contains(&capability.as_ref()));
    }
    if workload.modules.is_empty() {
        return None;
    }
    workload.recognition.runtime.as_ref()?;
    Some(!allowed && !own.is_own(view, event.kind(), workload))
}

/// Whether what is known of the workload bounds it: every piece of code in memory is of a module file that is known.
pub(crate) fn is_bounded(workload: &Workload) -> bool {
    workload.images.iter().all(|image| image.module_sha256.is_some() || image.file.is_some())
}
