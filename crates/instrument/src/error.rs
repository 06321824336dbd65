//! Why a module was not instrumented.

/// Why there is no instrumented module.
///
/// Messages may quote names of the module, which are its author's words: escape them when showing them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Not WebAssembly in binary form, or broken in its structure.
    #[error("at byte {offset}: {reason}")]
    Malformed {
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// WebAssembly, but not valid.
    #[error("not a valid module: {0}")]
    Invalid(String),
    /// It has the mark of an earlier run.
    #[error("already instrumented (passes: {passes}): instrument the original instead")]
    AlreadyInstrumented {
        /// The passes of that run.
        passes: String,
    },
    /// A construct that no pass here can handle, by name.
    #[error("cannot instrument this module: {0}")]
    Unsupported(String),
    /// A pass does not find what it needs.
    #[error("pass {pass}: {reason}")]
    Pass {
        /// The pass.
        pass: String,
        /// What it needs and did not find.
        reason: String,
    },
    /// No pass has this name.
    #[error("no pass {name:?}{}", suggestion(.close))]
    UnknownPass {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists.
        close: Option<String>,
    },
    /// No function has this name.
    #[error("no function {name:?} in the module{}", suggestion(.close))]
    UnknownFunction {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists.
        close: Option<String>,
    },
    /// Over a bound of this library or of WebAssembly's implementations.
    #[error("{what}: {count}, more than {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many there may be.
        limit: u64,
    },
    /// What was made does not validate: a defect of this library. Nothing is returned.
    #[error("a defect of wasmscope: the instrumented module is not valid ({0}); please report it")]
    Defect(String),
}

impl From<wasmparser::BinaryReaderError> for Refused {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed { offset: error.offset(), reason: error.message().to_owned() }
    }
}

fn suggestion(close: &Option<String>) -> String {
    close.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

/// The candidate that is most like `name`, if one is near enough to be meant.
pub(crate) fn closest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate.to_owned())
}
