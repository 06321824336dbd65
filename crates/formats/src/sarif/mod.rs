//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>): one run for all files.

mod fingerprint;
mod result;
mod rules;
mod text;
mod violation;

use crate::{Report, Scanned, array::Array, uri::Uri};
use fingerprint::Fingerprints;
use result::{BASE, Place, result, signed};
use rules::NOTIFICATIONS;
use serde_json::json;
use serde_sarif::sarif::{
    Artifact, Location, Message, Notification, PhysicalLocation, ReportingDescriptorReference, Tool,
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
};
use wasmscope_analyze::facts::{ModuleFacts, ProblemKind};
use wasmscope_findings::RULES;

/// The schema that the documents follow.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes the findings of many files as one SARIF run.
///
/// Results are written at once; of each file some 300 bytes are kept until the end, for the lists of artifacts and
/// notifications.
#[derive(Debug)]
pub struct SarifWriter<W> {
    out: W,
    base: Option<String>,
    results: Array,
    files: usize,
    artifacts: (Array, Vec<u8>),
    notifications: (Array, Vec<u8>),
    failed: bool,
}

impl<W: Write> SarifWriter<W> {
    /// Begins the document. Paths below `base`, an absolute directory, are written relative to it; viewers resolve
    /// them, and other relative paths, against the root of the repository.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    pub fn new(mut out: W, base: Option<&str>) -> io::Result<Self> {
        let catalogues = rules::catalogues(RULES);
        let driver = rules::driver(RULES, &catalogues);
        let described = "The directory that relative paths are relative to.";
        write!(
            out,
            "{{\"$schema\":{},\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{},\n\"taxonomies\":{},\n\"originalUriBaseIds\":{},\n\"results\":[",
            json!(SCHEMA),
            serde_json::to_string(&Tool::builder().driver(driver).build())?,
            serde_json::to_string(&catalogues)?,
            json!({ BASE: { "description": { "text": described } } }),
        )?;
        Ok(Self {
            out,
            base: base.map(ToOwned::to_owned),
            results: Array::default(),
            files: 0,
            artifacts: Default::default(),
            notifications: Default::default(),
            failed: false,
        })
    }

    fn place(&mut self, path: &str) -> Place {
        let index = self.files;
        self.files += 1;
        Place { uri: Uri::of(path, self.base.as_deref()), index }
    }

    fn artifact(&mut self, mut artifact: Artifact, place: &Place) -> io::Result<()> {
        artifact.location = Some(place.location());
        artifact.roles = Some(vec![json!("analysisTarget")]);
        let (array, bytes) = &mut self.artifacts;
        array.item(bytes, &artifact)
    }

    /// Tells of something that is not about the file but about its analysis. `which` is a place in [`NOTIFICATIONS`].
    fn notify(&mut self, which: usize, level: &str, text: &str, place: &Place) -> io::Result<()> {
        let physical = PhysicalLocation::builder().artifact_location(place.location()).build();
        let id = NOTIFICATIONS[which].0;
        let notification = Notification::builder()
            .descriptor(ReportingDescriptorReference::builder().id(id).index(which as i64).build())
            .level(json!(level))
            .message(Message::builder().text(text::sentence(text)).build())
            .locations([Location::builder().physical_location(physical).build()])
            .build();
        let (array, bytes) = &mut self.notifications;
        array.item(bytes, &notification)
    }

    /// What the analysis or the rules left out of this file.
    fn left_out(&mut self, file: &Scanned<'_>, place: &Place) -> io::Result<()> {
        let nested = file.facts.modules.iter().flat_map(|module: &ModuleFacts| &module.problems);
        let mut cut = file.facts.problems.iter().chain(nested).filter(|p| p.kind == ProblemKind::LeftOut);
        if let Some(first) = cut.next() {
            let text = match cut.count() {
                0 => first.message.clone(),
                more => format!("{}; and {more} more of this kind", first.message),
            };
            self.notify(1, "warning", &text, place)?;
        }
        for (rule, count) in &file.findings.omitted {
            self.notify(1, "warning", &format!("{count} further findings of {rule} are not listed"), place)?;
        }
        Ok(())
    }
}

impl<W: Write> Report for SarifWriter<W> {
    fn scanned(&mut self, file: &Scanned<'_>) -> io::Result<()> {
        let place = self.place(file.path);
        let mut prints = Fingerprints::default();
        for finding in &file.findings.list {
            let index = RULES.iter().position(|rule| rule.id == finding.rule);
            let result = result(index, &place, file, finding, prints.of(finding));
            self.results.item(&mut self.out, &result)?;
        }
        for violation in file.violations.unwrap_or_default() {
            let finding = violation::as_finding(violation);
            let print = prints.of(&finding);
            let result = violation::result(&place, file, violation, &finding, print);
            self.results.item(&mut self.out, &result)?;
        }
        let hashes = BTreeMap::from([("sha-256".to_owned(), file.facts.sha256.to_string())]);
        let artifact = Artifact::builder()
            .mime_type("application/wasm")
            .length(signed(file.facts.size))
            .hashes(hashes)
            .build();
        self.artifact(artifact, &place)?;
        self.left_out(file, &place)
    }

    fn failed(&mut self, path: &str, reason: &str) -> io::Result<()> {
        let place = self.place(path);
        self.failed = true;
        self.artifact(Artifact::builder().build(), &place)?;
        self.notify(0, "error", reason, &place)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n],\n\"artifacts\":[")?;
        self.out.write_all(&self.artifacts.1)?;
        // A notification of level error says that the run failed (3.20.21): results may be missing.
        let successful = !self.failed;
        write!(
            self.out,
            "\n],\n\"invocations\":[{{\"executionSuccessful\":{successful},\"toolExecutionNotifications\":["
        )?;
        self.out.write_all(&self.notifications.1)?;
        self.out.write_all(b"\n]}]}]}\n")?;
        self.out.flush()
    }
}
