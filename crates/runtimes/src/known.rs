//! The runtimes known, from the folders of `known/`.

use serde::Deserialize;
use std::sync::LazyLock;
use wasmscope_model::Confidence;

/// Folder names and masked descriptions, written by `build.rs`.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/known.rs"));

/// See `build.rs`.
const MASK: u8 = 0xa5;

/// All that is known of one runtime: the content of its `runtime.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Lower-case name, the folder's.
    pub name: String,
    /// Its name as its makers write it.
    pub title: String,
    /// Where it comes from.
    pub homepage: String,
    /// What of this was seen on which version, and what was not.
    pub proven: String,
    /// What else looks like it, and what it can hide behind.
    pub false_positives: String,
    /// Runs other programs than Wasm as well (V8, JSC): having it and reading a module file is then not
    /// yet running the module.
    #[serde(default)]
    pub general_purpose: bool,
    /// File names of executables.
    #[serde(default)]
    pub executables: Vec<String>,
    /// Beginnings of file names of shared libraries, e.g. `libwasmer`.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// Weight of a matching executable's name; 0 where there is none.
    #[serde(default = "no_weight")]
    pub name_weight: Confidence,
    /// Threads that it names.
    #[serde(default)]
    pub threads: Vec<ThreadName>,
    /// Mappings that it names.
    #[serde(default, rename = "mapping")]
    pub mappings: Vec<MappingName>,
    /// Byte strings in its files.
    #[serde(default, rename = "marker")]
    pub markers: Vec<Marker>,
    /// Go module path, for a runtime written in Go.
    #[serde(default)]
    pub go_module: Option<String>,
    /// How guest code lies in memory.
    pub code: Code,
    /// How a linear memory lies in the address space.
    #[serde(default, rename = "memory")]
    pub memories: Vec<Shape>,
}

/// A thread's name, as `/proc/PID/task/TID/comm` shows it (at most 15 bytes).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadName {
    /// The name.
    pub name: String,
    /// How much it weighs.
    pub weight: Confidence,
}

/// A name that only this runtime gives to memory it maps for a running module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingName {
    /// Path in the maps, e.g. `/memfd:name`, without ` (deleted)`.
    pub path: String,
    /// How much it weighs.
    pub weight: Confidence,
}

/// A byte string whose presence in an executable or a library speaks for the runtime.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// The bytes to look for.
    pub literal: String,
    /// Whether the runtime's version follows directly, as in Cargo's `/wasmi-2.0.0/`. The marker then
    /// counts only where a version does follow.
    #[serde(default)]
    pub version_follows: bool,
    /// What must stand behind a version that follows. Constants of a program lie side by side without a
    /// separator: without this, `1.2.3` beside another constant `4` would read as `1.2.34`.
    #[serde(default)]
    pub version_ends: Option<String>,
    /// Instead of following, the version stands between this text and the literal, both touching it. Here
    /// too the marker counts only with a version.
    #[serde(default)]
    pub version_behind: Option<String>,
    /// How much it weighs.
    pub weight: Confidence,
}

/// Where compiled guest code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeArea {
    /// A complete ELF image per module.
    ElfImage,
    /// Anonymous memory that is readable and executable.
    AnonymousRx,
    /// Anonymous memory that is readable, writable and executable, and touches no other mapping: V8 keeps
    /// ordinary script code inside of a large reservation, Wasm code anywhere else.
    IsolatedRwx,
    /// Anonymous memory that is readable, writable and executable.
    AnonymousRwx,
    /// Nowhere, or not always: an interpreter.
    None,
}

/// How guest code lies in memory.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Where it is.
    pub area: CodeArea,
    /// How much such an area weighs.
    #[serde(default = "no_weight")]
    pub weight: Confidence,
}

/// One way in which a runtime reserves address space for a linear memory.
///
/// `before` reserved bytes, then the accessible part (whose start is the guest's address 0), then
/// reserved bytes up to `extent` bytes from that start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Reserved bytes before guest address 0.
    pub before: u64,
    /// Bytes from guest address 0 to the end of the reservation; 0 where the embedder chooses it. Then a
    /// guard of `before` bytes must also follow.
    pub extent: u64,
    /// Bytes that the guest can grow to at most.
    pub limit: u64,
    /// Whether such memories also stand in a row, each one's guard being the next one's too.
    #[serde(default)]
    pub pooled: bool,
    /// How much one such memory weighs.
    pub weight: Confidence,
    /// Whether nothing else is known to look like this; such a shape alone makes a workload. One that
    /// is not needs a marker or a module file beside it.
    pub specific: bool,
    /// When it occurs.
    pub when: String,
}

/// Every known runtime, sorted by name.
///
/// # Panics
///
/// Never in a tested build: a description that does not parse fails this crate's tests.
pub fn known() -> &'static [Runtime] {
    static KNOWN: LazyLock<Vec<Runtime>> = LazyLock::new(|| {
        EMBEDDED
            .iter()
            .map(|(folder, masked)| {
                parse(masked).unwrap_or_else(|error| panic!("known/{folder}/runtime.toml: {error}"))
            })
            .collect()
    });
    &KNOWN
}

fn no_weight() -> Confidence {
    Confidence::percent(0)
}

fn parse(masked: &[u8]) -> Result<Runtime, toml::de::Error> {
    let plain: Vec<u8> = masked.iter().map(|b| b ^ MASK).collect();
    toml::from_slice(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_describes_one_runtime_completely() {
        let runtimes = known();
        assert!(runtimes.len() >= 9);
        for (runtime, (folder, _)) in runtimes.iter().zip(EMBEDDED) {
            assert_eq!(runtime.name, *folder);
            assert!(runtime.homepage.starts_with("https://"), "{folder}");
            for text in [&runtime.title, &runtime.proven, &runtime.false_positives] {
                assert!(!text.trim().is_empty(), "{folder}");
            }
            assert_eq!(runtime.name_weight.get() > 0, !runtime.executables.is_empty(), "{folder}");
            assert!(runtime.threads.iter().all(|t| !t.name.is_empty() && t.name.len() <= 15), "{folder}");
            // A short literal is found by chance in any large file.
            assert!(runtime.markers.iter().all(|m| m.literal.len() >= 6 && m.weight.get() > 0), "{folder}");
            let one_place = |m: &Marker| !(m.version_follows && m.version_behind.is_some());
            let ends_follow = |m: &Marker| m.version_follows || m.version_ends.is_none();
            assert!(runtime.markers.iter().all(|m| one_place(m) && ends_follow(m)), "{folder}");
            assert!(!runtime.markers.is_empty() || runtime.go_module.is_some(), "{folder}");
            for shape in &runtime.memories {
                assert!(shape.limit > 0 && (shape.limit <= shape.extent || shape.extent == 0), "{folder}");
                assert!(shape.extent > 0 || (shape.before > 0 && !shape.specific), "{folder}");
                assert!(shape.extent % 4096 == 0 && shape.before % 4096 == 0, "{folder}");
                assert!(shape.weight.get() > 0 && !shape.when.is_empty(), "{folder}");
            }
        }
    }

    #[test]
    fn the_embedded_descriptions_do_not_hold_the_markers_themselves() {
        for (_, masked) in EMBEDDED {
            for marker in known().iter().flat_map(|runtime| &runtime.markers) {
                let literal = marker.literal.as_bytes();
                assert!(!masked.windows(literal.len()).any(|w| w == literal), "{}", marker.literal);
            }
        }
    }
}
