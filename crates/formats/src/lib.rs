//! What `scan` found, for other programs: JSON Lines, SARIF 2.1.0 and CycloneDX 1.6.
//!
//! Each format is a [`Report`] that takes files one by one and writes at once what it can, so that the memory needed does
//! not grow with what is found. The same files in the same order give the same bytes: no time, no random number, no name
//! of this machine. `docs/formats.md` has every field.
//!
//! Paths, names and messages come from the files and are hostile. JSON carries them as they are, its own escapes included;
//! what a format gives a meaning of its own (URIs, links and placeholders in messages, package URLs) is escaped for that.
//!
//! ```
//! use wasmscope_formats::{Report, Scanned, SarifWriter};
//!
//! let facts = wasmscope_analyze::analyze(b"\0asm\x01\0\0\0", &Default::default())?;
//! let findings = wasmscope_findings::find(&facts);
//! let mut out = Vec::new();
//! let mut report = SarifWriter::new(&mut out, None)?;
//! report.scanned(&Scanned { path: "app.wasm", facts: &facts, findings: &findings, violations: None })?;
//! report.failed("broken.wasm", "at byte 8: unexpected end")?;
//! report.finish()?;
//! assert!(out.ends_with(b"}\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod cyclonedx;
mod lines;
mod sarif;
mod schema;
mod uri;

pub use cyclonedx::CycloneDxWriter;
pub use lines::{JsonLines, ScanLine};
pub use sarif::SarifWriter;
pub use schema::json_schema;

use std::io;
use wasmscope_admission::Violation;
use wasmscope_analyze::Facts;
use wasmscope_findings::Findings;

/// One file and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    /// As it was named to the scan; bytes that are not UTF-8 already replaced.
    pub path: &'a str,
    /// What it is.
    pub facts: &'a Facts,
    /// What is held against it.
    pub findings: &'a Findings,
    /// What a policy holds against it; `None` if there is no policy.
    pub violations: Option<&'a [Violation]>,
}

/// Takes the files of one scan, in the order in which they are to be told.
///
/// Every method fails only as the writer below it does; what was written until then is no complete document.
pub trait Report {
    /// A file that was analysed.
    fn scanned(&mut self, file: &Scanned<'_>) -> io::Result<()>;

    /// A file that could not be read or analysed, and why.
    fn failed(&mut self, path: &str, reason: &str) -> io::Result<()>;

    /// Ends the document. Nothing may be told afterwards.
    fn finish(&mut self) -> io::Result<()>;
}
