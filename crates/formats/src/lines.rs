//! JSON Lines: one object for each file.

use crate::{Report, Scanned};
use schemars::JsonSchema;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{self, Write},
};
use wasmscope_admission::Violation;
use wasmscope_analyze::Facts;
use wasmscope_model::Finding;

/// One line: a file, what it is and what is held against it.
///
/// Names, paths and messages are the file's own words: escape them when showing them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScanLine<'a> {
    /// The file, as it was named to the scan. Bytes that are not UTF-8 are replaced by U+FFFD.
    pub path: &'a str,
    /// What it is.
    #[serde(flatten)]
    pub facts: &'a Facts,
    /// What should be known before it runs, the worst first.
    pub findings: &'a [Finding],
    /// How many further findings of which rule are not listed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub findings_omitted: BTreeMap<&'a str, u64>,
    /// With a policy only: what it holds against the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub violations: Option<&'a [Violation]>,
}

impl<'a> From<&Scanned<'a>> for ScanLine<'a> {
    fn from(file: &Scanned<'a>) -> Self {
        Self {
            path: file.path,
            facts: file.facts,
            findings: &file.findings.list,
            findings_omitted: file.findings.omitted.iter().copied().collect(),
            violations: file.violations,
        }
    }
}

/// Writes a [`ScanLine`] for each file. Files that failed have no line: they are told elsewhere.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Report for JsonLines<W> {
    fn scanned(&mut self, file: &Scanned<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &ScanLine::from(file))?;
        self.out.write_all(b"\n")
    }

    fn failed(&mut self, _path: &str, _reason: &str) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
