//! `--instrument`: the module is rewritten in memory before it is compiled, and says at the end what it counted.

use crate::{Options, host::Host};
use std::borrow::Cow;
use wasmscope_instrument::{
    OnViolation, Plan, Settings, instrument, instrument_component, is_component, passes,
    reading::{HEAD_BYTES, Head, Layout, Reading},
};
use wasmscope_model::text::shown_within;
use wasmtime::{Memory, Store};

/// Reasons quote names of the module.
const REASON_CHARS: usize = 400;

/// What to put into the module.
#[derive(Debug, Clone, Default)]
pub struct Instrument {
    /// Names of passes, as `wasmscope instrument` has them.
    pub passes: Vec<String>,
    /// Whether the guest goes on when a check fails; else it traps.
    pub record: bool,
}

/// Why the module was not instrumented.
#[derive(Debug, thiserror::Error)]
#[error("cannot instrument {module}: {reason}")]
pub(crate) struct NotInstrumented {
    pub(crate) module: String,
    pub(crate) reason: String,
}

/// The bytes to compile, of a module or a component, in binary or text form.
pub(crate) fn rewritten(options: &Options, bytes: &[u8]) -> Result<Option<Vec<u8>>, NotInstrumented> {
    let Some(wanted) = &options.watch.instrument else { return Ok(None) };
    let refused = |reason: String| NotInstrumented {
        module: options.module.to_string_lossy().into_owned(),
        reason: shown_within(&reason, REASON_CHARS).to_string(),
    };
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(refused("it is compiled already; give the module that it was made from".into()));
    }
    let binary: Cow<'_, [u8]> = wat::parse_bytes(bytes).map_err(|error| refused(error.to_string()))?;
    let plan = || {
        let settings = Settings::default();
        let on_violation = if wanted.record { OnViolation::Record } else { OnViolation::Trap };
        Ok(Plan { passes: passes::all_named(&wanted.passes, &settings)?, on_violation, ..Plan::default() })
    };
    let made = if is_component(&binary) {
        instrument_component(&binary, &mut || plan()).map(|made| made.bytes)
    } else {
        plan().and_then(|plan| instrument(&binary, plan)).map(|made| made.bytes)
    };
    made.map(Some).map_err(|error| refused(error.to_string()))
}

/// What the module counted, from the memory that it exports. Nested modules of components export none.
pub(crate) fn reading(store: &Store<Host>, memory: Memory) -> Option<Reading> {
    let bytes = memory.data(store);
    let head = Head::read(bytes.get(..HEAD_BYTES)?)?.ok()?;
    let schema = head.schema_at as usize..head.schema_at as usize + head.schema_bytes as usize;
    let layout = Layout::parse(bytes.get(schema)?).ok()?;
    let spans =
        layout.spans().iter().map(|span| Some(bytes.get(span.start as usize..span.end as usize)?.to_vec()));
    layout.read(&spans.collect::<Option<Vec<_>>>()?).ok()
}
