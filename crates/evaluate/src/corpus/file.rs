//! `workload.toml`: what is known of a guest, and what must be detected of it.

use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// Longest file that is read, bytes.
const MOST_BYTES: u64 = 64 * 1024;
/// Most that are started at the same time.
const MOST_TIMES: usize = 64;
/// Longest time that a run is given, seconds.
const MOST_SECONDS: f64 = 3600.0;

/// What is wrong with a file of a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// It cannot be read.
    #[error("cannot read {0:?}: {1}")]
    Io(std::path::PathBuf, std::io::Error),
    /// It says something that it must not.
    #[error("{}", place(file, *line, message))]
    Invalid {
        /// Which file.
        file: std::path::PathBuf,
        /// Line, from 1; absent where it is about the whole file.
        line: Option<usize>,
        /// What is wrong, and what would be right.
        message: String,
    },
}

fn place(file: &Path, line: Option<usize>, message: &str) -> String {
    match line {
        Some(line) => format!("{}:{line}: {message}", file.display()),
        None => format!("{}: {message}", file.display()),
    }
}

/// What a vantage point must detect, or why it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Rules, findings or passes that must tell it.
    #[serde(default)]
    pub expect: Vec<String>,
    /// Only in these runtimes; in all if there are none.
    #[serde(default)]
    pub runtimes: Vec<String>,
    /// Why nothing is to be seen of it from here.
    pub cannot: Option<String>,
    /// Why it is not detected although something is to be seen.
    pub misses: Option<String>,
    /// Of the guest: edges of indirect calls that are meant, `caller -> callee`.
    #[serde(default)]
    pub edges: Vec<String>,
}

/// How a guest is run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Run {
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How often at the same time.
    pub times: usize,
    /// Descriptors that its process may have.
    pub open_files: Option<u64>,
    /// The longest that it may take, seconds.
    pub seconds: f64,
    /// Whether it ends by a trap or another error of its own.
    pub fails: bool,
    /// Why it is not run over and over beside others, where false alarms are counted.
    pub alone: Option<String>,
    /// A native program that is run instead of a runtime, and its arguments; `{name}` is what was set by this name.
    pub command: Vec<String>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            arguments: Vec::new(),
            times: 1,
            open_files: None,
            seconds: 30.0,
            fails: false,
            alone: None,
            command: Vec::new(),
        }
    }
}

/// A further way to run the same guest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is called, behind the guest's name.
    pub name: String,
    /// Its arguments, behind those that all cases have.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Its classes of threats, if they are not those of the guest.
    #[serde(default)]
    pub threats: Vec<String>,
    /// What must be detected of it.
    #[serde(default)]
    pub kernel: Option<Expected>,
}

/// The file as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// What it shows, in a few words.
    pub title: String,
    /// Classes of threats: keys of `classes.toml`.
    #[serde(default)]
    pub threats: Vec<String>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub attack: Vec<String>,
    /// Weaknesses.
    #[serde(default)]
    pub cwe: Vec<String>,
    /// Attack or benign, if no folder above is called so.
    pub kind: Option<crate::Kind>,
    /// Its module beside this file, if that is not called as the folder is.
    pub file: Option<String>,
    /// How it is run.
    #[serde(default)]
    pub run: Run,
    /// Further ways to run it; then it is not run without one.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
    /// What the kernel's events must lead to.
    pub kernel: Option<Expected>,
    /// What the hooks' events must lead to.
    pub boundary: Option<Expected>,
    /// What `scan` must find.
    pub module: Option<Expected>,
    /// What instrumented code must find.
    pub guest: Option<Expected>,
}

impl Metadata {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or the first thing that is wrong in it, with its line.
    pub fn read(path: &Path, classes: &BTreeMap<String, super::Class>) -> Result<Self, CorpusError> {
        let io = |error| CorpusError::Io(path.into(), error);
        let length = fs::metadata(path).map_err(io)?.len();
        let invalid = |line, message: String| CorpusError::Invalid { file: path.into(), line, message };
        if length > MOST_BYTES {
            return Err(invalid(None, format!("{length} bytes: at most {MOST_BYTES} are read")));
        }
        let text = fs::read_to_string(path).map_err(io)?;
        let this = toml::from_str::<Self>(&text).map_err(|error| {
            let line = error.span().map(|span| line_of(&text, span.start));
            invalid(line, error.message().to_owned())
        })?;
        this.check(classes).map_err(|(key, message)| invalid(find(&text, &key), message))?;
        Ok(this)
    }

    /// What cannot be right, and the word where it stands.
    fn check(&self, classes: &BTreeMap<String, super::Class>) -> Result<(), (String, String)> {
        let threats = self.threats.iter().chain(self.cases.iter().flat_map(|case| &case.threats));
        for threat in threats {
            if !classes.contains_key(threat) {
                let message = format!("there is no class of threats {threat:?}; see classes.toml");
                return Err((format!("{threat:?}"), message));
            }
        }
        let run = &self.run;
        if !(1..=MOST_TIMES).contains(&run.times) {
            return Err(("times".into(), format!("times is 1 to {MOST_TIMES}")));
        }
        if !(run.seconds > 0.0 && run.seconds <= MOST_SECONDS) {
            return Err(("seconds".into(), format!("seconds is more than 0 and at most {MOST_SECONDS}")));
        }
        let mut names: Vec<_> = self.cases.iter().map(|case| &case.name).collect();
        names.sort();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err((format!("{:?}", twice[0]), format!("two cases are called {:?}", twice[0])));
        }
        let own = [&self.kernel, &self.boundary, &self.module, &self.guest];
        for expected in own.into_iter().chain(self.cases.iter().map(|case| &case.kernel)).flatten() {
            let said = [!expected.expect.is_empty(), expected.cannot.is_some(), expected.misses.is_some()];
            if said.into_iter().filter(|said| *said).count() != 1 {
                let key = expected.cannot.as_ref().or(expected.misses.as_ref()).or(expected.expect.first());
                let message = "a vantage point has exactly one of expect, cannot and misses".to_owned();
                return Err((key.cloned().unwrap_or_else(|| "expect".into()), message));
            }
        }
        Ok(())
    }
}

/// Line of a byte, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Line in which a word stands for the first time.
fn find(text: &str, word: &str) -> Option<usize> {
    text.find(word).map(|at| line_of(text, at))
}
