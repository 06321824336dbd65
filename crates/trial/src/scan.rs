//! What `wasmscope scan` does with the bytes of one file.

use sha2::{Digest, Sha256};
use std::io::{self, Write};
use wasmscope_admission::suggest;
use wasmscope_analyze::{AnalyzeError, Facts, Options, analyze};
use wasmscope_findings::{Findings, find};
use wasmscope_formats::{CycloneDxWriter, JsonLines, Report, SarifWriter};
use wasmscope_model::Severity;
use wasmscope_view as view;

/// What every file is called here.
pub const NAME: &str = "app.wasm";

/// What is known of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// What it is.
    pub facts: Facts,
    /// What is held against it.
    pub findings: Findings,
}

/// A scan, or why there is none.
pub type Scanned = Result<Scan, AnalyzeError>;

/// Analyses and judges.
///
/// # Errors
///
/// As [`analyze`].
pub fn scan(bytes: &[u8]) -> Scanned {
    let facts = analyze(bytes, &Options::default())?;
    let findings = find(&facts);
    Ok(Scan { facts, findings })
}

/// One form in which a scan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The page for people, with the findings and the way to every capability.
    Page,
    /// JSON Lines.
    Json,
    /// SARIF.
    Sarif,
    /// CycloneDX.
    CycloneDx,
    /// The suggested policy.
    Policy,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Page, Self::Json, Self::Sarif, Self::CycloneDx, Self::Policy];

    /// Writes the whole document.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    pub fn write(self, scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Page => out.write_all(page(scan).as_bytes()),
            Self::Json => report(&mut JsonLines::new(out), scan),
            Self::Sarif => report(&mut SarifWriter::new(out, None)?, scan),
            Self::CycloneDx => report(&mut CycloneDxWriter::new(out)?, scan),
            Self::Policy => out.write_all(suggest(NAME, &scan.facts, &scan.findings).as_bytes()),
        }
    }
}

fn page(scan: &Scan) -> String {
    let mut page = view::scan::page(NAME, &scan.facts);
    page += &view::findings::section(&scan.findings, Severity::Info);
    for capability in scan.facts.capabilities.iter() {
        page += &view::scan::why(NAME, &scan.facts, capability);
    }
    page
}

fn report(report: &mut dyn Report, scan: &Scan) -> io::Result<()> {
    report.scanned(&wasmscope_formats::Scanned {
        path: NAME,
        facts: &scan.facts,
        findings: &scan.findings,
        violations: None,
    })?;
    report.finish()
}

/// SHA-256 over all forms; nothing of them is kept.
pub fn digest(scan: &Scan) -> [u8; 32] {
    let mut hash = Hash(Sha256::new());
    for form in Form::ALL {
        form.write(scan, &mut hash).expect("a hash takes everything");
    }
    hash.0.finalize().into()
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
