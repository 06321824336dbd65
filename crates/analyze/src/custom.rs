//! Custom sections with a known meaning.

use crate::dependencies;
use crate::facts::{DebugInfo, Dependency, Problem, ProblemKind, Producer, SignatureSection};
use crate::limits::Budget;
use crate::names::Names;
use crate::{signature, text};
use wasmparser::{BinaryReader, CustomSectionReader, ProducersSectionReader};

/// What the custom sections of a module say. Nothing in them can make a module invalid, so nothing is fatal.
#[derive(Default)]
pub(crate) struct Customs<'a> {
    pub(crate) names: Option<Names<'a>>,
    pub(crate) producers: Option<Vec<Producer>>,
    pub(crate) target_features: Vec<String>,
    pub(crate) dependencies: Option<Vec<Dependency>>,
    pub(crate) signature: Option<SignatureSection>,
    pub(crate) debug: DebugInfo,
    /// Has a `dylink.0` or `dylink` section: made for dynamic linking.
    pub(crate) dynamic: bool,
    /// Has a section of the Go toolchain.
    pub(crate) go: bool,
}

impl<'a> Customs<'a> {
    /// `first`: no section stands before this one.
    pub(crate) fn take(
        &mut self,
        section: &CustomSectionReader<'a>,
        first: bool,
        budget: &mut Budget,
        problems: &mut Vec<Problem>,
    ) {
        let offset = section.data_offset();
        let repeated = match section.name() {
            "name" => self.names.is_some(),
            "producers" => self.producers.is_some(),
            ".dep-v0" => self.dependencies.is_some(),
            "signature" => self.signature.is_some(),
            _ => false,
        };
        if repeated {
            let message = format!("custom section {:?} appears again; the first counts", section.name());
            let kind = ProblemKind::RepeatedCustomSection;
            return note(problems, Problem { kind, offset: Some(offset), message }, budget);
        }
        if let Err((offset, message)) = self.read(section, first, budget) {
            let message = format!("custom section {:?}: {message}", text::name(section.name()));
            let kind = ProblemKind::BrokenCustomSection;
            note(problems, Problem { kind, offset: Some(offset), message }, budget);
        }
    }

    /// # Errors
    ///
    /// With the place and a sentence, if the contents are not as they should be.
    fn read(
        &mut self,
        section: &CustomSectionReader<'a>,
        first: bool,
        budget: &mut Budget,
    ) -> Result<(), (u64, String)> {
        let broken = |error: wasmparser::BinaryReaderError| (error.offset(), text::message(&error));
        let (data, offset) = (section.data(), section.data_offset());
        match section.name() {
            "name" => {
                let names = Names::new(data, offset);
                let error = names.error();
                self.names = Some(names);
                self.debug.names = true;
                return error.map_or(Ok(()), |error| Err(broken(error)));
            }
            "producers" => self.producers = Some(producers(data, offset).map_err(broken)?),
            ".dep-v0" => {
                let list = dependencies::read(data, budget).map_err(|message| (offset, message))?;
                self.dependencies = Some(list);
            }
            "signature" => {
                self.signature = Some(signature::read(data, offset, first, budget).map_err(broken)?)
            }
            "target_features" => self.target_features = target_features(data, offset).map_err(broken)?,
            "sourceMappingURL" => self.debug.source_map = string(data, offset),
            "external_debug_info" => self.debug.external_debug_info = string(data, offset),
            "build_id" => {
                // A length and the bytes (https://github.com/WebAssembly/tool-conventions/blob/main/BuildId.md).
                let id = data.get(1..).unwrap_or_default().iter().take(64);
                self.debug.build_id = Some(id.map(|byte| format!("{byte:02x}")).collect());
            }
            "dylink.0" | "dylink" => self.dynamic = true,
            "go:buildid" | "go.buildid" => self.go = true,
            name if name.starts_with(".debug_") => {
                self.debug.dwarf_bytes = self.debug.dwarf_bytes.saturating_add(data.len() as u64);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Sections whose contents are a tool's own, by the conventions of
/// <https://github.com/WebAssembly/tool-conventions>, the specification, and the component model's tools.
pub(crate) fn is_known(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "name",
        "producers",
        "target_features",
        "linking",
        "dylink",
        "dylink.0",
        "sourceMappingURL",
        "external_debug_info",
        "build_id",
        ".dep-v0",
        "signature",
        "signature_delimiter",
        "go:buildid",
        "go.buildid",
        "component-name",
        "registry-metadata",
        "emscripten_metadata",
    ];
    const PREFIXES: &[&str] = &[".debug_", "reloc.", "metadata.code.", "component-type", "package-docs"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn note(problems: &mut Vec<Problem>, problem: Problem, budget: &mut Budget) {
    if budget.take() {
        problems.push(problem);
    }
}

/// Entries of `producers` and `target_features` that are kept: compilers write a handful.
const ENTRIES: usize = 100;

fn producers(data: &[u8], offset: u64) -> wasmparser::Result<Vec<Producer>> {
    let mut producers = Vec::new();
    for field in ProducersSectionReader::new(BinaryReader::new(data, offset))? {
        let field = field?;
        for value in field.values {
            let value = value?;
            if producers.len() < ENTRIES {
                let (name, version) = (text::name(value.name), text::name(value.version));
                producers.push(Producer { field: field.name.to_owned(), name, version });
            }
        }
    }
    Ok(producers)
}

/// <https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md#target-features-section>
fn target_features(data: &[u8], offset: u64) -> wasmparser::Result<Vec<String>> {
    let mut reader = BinaryReader::new(data, offset);
    let mut features = Vec::new();
    for _ in 0..reader.read_var_u32()? {
        let prefix = char::from(reader.read_u8()?);
        let name = reader.read_string()?;
        if features.len() < ENTRIES {
            features.push(text::name(&format!("{prefix}{name}")));
        }
    }
    Ok(features)
}

fn string(data: &[u8], offset: u64) -> Option<String> {
    BinaryReader::new(data, offset).read_string().ok().map(text::name)
}
