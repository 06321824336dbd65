//! Runtimes, as commands with places for a guest and what it is given.

use std::{path::Path, process::Command};

/// Places in a command that are filled for each run.
const GUEST: &str = "{guest}";

/// A runtime, and how it runs a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// What it is called in results.
    pub name: String,
    /// Words: `{guest}`, `{args}`, `{dir}` (the guest's directory), `{net}` (what gives a component the network).
    words: Vec<String>,
    /// What stands for `{net}`.
    net: &'static str,
    /// Whether it runs components.
    components: bool,
}

/// Why a runtime cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Not of the form `NAME=PATH`.
    #[error("{0:?} is not NAME=PATH, nor NAME=COMMAND with the word {{guest}}")]
    Form(String),
    /// Nobody knows how it runs a guest.
    #[error(
        "how {0:?} runs a guest is not known (known: {known}): give a command, as NAME='PATH run --dir={{dir}} {{guest}} {{args}}'",
        known = KNOWN.map(|known| known.name).join(", ")
    )]
    Unknown(String),
    /// There is no such program.
    #[error("cannot run {0:?}: there is no such program")]
    Missing(String),
}

/// A runtime whose command line is known.
struct Known {
    name: &'static str,
    words: &'static str,
    net: &'static str,
    components: bool,
}

/// How Node runs a guest: by its own WASI, which is no sandbox.
const NODE: &str = include_str!("node.mjs");

const KNOWN: [Known; 5] = [
    Known {
        name: "wasmtime",
        words: "{program} run --dir={dir}::. {net} {guest} {args}",
        net: "-Sinherit-network",
        components: true,
    },
    Known {
        name: "wasmer",
        words: "{program} run --volume {dir}:. {guest} -- {args}",
        net: "",
        components: false,
    },
    Known { name: "wasmi", words: "{program} run --dir=. {guest} {args}", net: "", components: false },
    Known { name: "iwasm", words: "{program} --dir=. {guest} {args}", net: "", components: false },
    Known {
        name: "node",
        words: "{program} --no-warnings --input-type=module -e {script} {guest} {args}",
        net: "",
        components: false,
    },
];

impl Runtime {
    /// Reads `NAME=PATH`, where the name (or its part before a `-`) is that of a runtime that is known, or `NAME=COMMAND` with the
    /// word `{guest}`.
    ///
    /// # Errors
    /// See [`RuntimeError`].
    pub fn parse(text: &str) -> Result<Self, RuntimeError> {
        let (name, command) = text.split_once('=').ok_or_else(|| RuntimeError::Form(text.to_owned()))?;
        if name.is_empty() || command.is_empty() {
            return Err(RuntimeError::Form(text.to_owned()));
        }
        let this = if command.contains(GUEST) {
            let words = command.split_whitespace().map(str::to_owned).collect();
            Self { name: name.to_owned(), words, net: "", components: false }
        } else {
            let family = name.split_once('-').map_or(name, |(family, _)| family);
            let known = KNOWN.iter().find(|known| known.name == family);
            let known = known.ok_or_else(|| RuntimeError::Unknown(name.to_owned()))?;
            let fill = |word: &str| match word {
                "{program}" => command.to_owned(),
                "{script}" => NODE.to_owned(),
                other => other.to_owned(),
            };
            let words = known.words.split(' ').map(fill).collect();
            Self { name: name.to_owned(), words, net: known.net, components: known.components }
        };
        match this.version() {
            Some(_) => Ok(Self { words: this.words.iter().map(|word| absolute(word)).collect(), ..this }),
            None => Err(RuntimeError::Missing(this.words[0].clone())),
        }
    }

    /// What it says of its version, on one line; nothing if it does not start.
    pub(crate) fn version(&self) -> Option<String> {
        let output = Command::new(&self.words[0]).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Some(text.lines().next().unwrap_or_default().trim().to_owned())
    }

    /// Whether it can run this at all, by its form.
    pub(crate) fn takes(&self, component: bool) -> bool {
        !component || self.components
    }

    /// The command for a guest.
    pub(crate) fn command(&self, guest: &Path, component: bool, dir: &Path, args: &[String]) -> Vec<String> {
        let mut words = Vec::new();
        for word in &self.words {
            match word.as_str() {
                "{args}" => words.extend(args.iter().cloned()),
                "{net}" => words.extend((component && !self.net.is_empty()).then(|| self.net.to_owned())),
                word => words.push(
                    word.replace(GUEST, &guest.to_string_lossy()).replace("{dir}", &dir.to_string_lossy()),
                ),
            }
        }
        words
    }
}

/// The word, or if it is the path of a file, that path from the root: guests run in directories of their own.
pub(crate) fn absolute(word: &str) -> String {
    let path = Path::new(word);
    let is_path = word.contains('/') && path.exists();
    let absolute = is_path.then(|| std::path::absolute(path).ok()).flatten();
    absolute.map_or_else(|| word.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Whether a file is a component: its layer is 1 (component model, binary format).
pub(crate) fn is_component(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 8];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head.starts_with(b"\0asm") && head[6..] == [1, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_made_of_known_names_and_of_given_words() {
        let wasmtime = Runtime::parse("wasmtime-49=/bin/true").unwrap();
        let words = wasmtime.command(Path::new("/g.wasm"), false, Path::new("/d"), &["a".into()]);
        assert_eq!(words, ["/bin/true", "run", "--dir=/d::.", "/g.wasm", "a"]);
        let words = wasmtime.command(Path::new("/g.wasm"), true, Path::new("/d"), &[]);
        assert_eq!(words, ["/bin/true", "run", "--dir=/d::.", "-Sinherit-network", "/g.wasm"]);
        let own = Runtime::parse("mine=/bin/true --map {dir}:/ {guest} {args}").unwrap();
        assert!(!own.takes(true));
        let words = own.command(Path::new("/g.wasm"), false, Path::new("/d"), &["a".into(), "b".into()]);
        assert_eq!(words, ["/bin/true", "--map", "/d:/", "/g.wasm", "a", "b"]);
    }

    #[test]
    fn what_cannot_be_run_is_said() {
        let error = |text: &str| Runtime::parse(text).unwrap_err().to_string();
        assert!(error("wasmtime").contains("NAME=PATH"));
        assert!(error("strange=/bin/true").contains("{guest}"));
        assert!(error("wasmtime=/nowhere/wasmtime").contains("no such program"));
    }
}
