//! One finding as a result.

use super::{rules, text};
use crate::{Scanned, uri::Uri};
use serde_json::Value;
use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, PhysicalLocation, PropertyBag, Region,
    Result as SarifResult,
};
use std::collections::BTreeMap;
use wasmscope_model::Finding;

/// What relative URIs are relative to.
pub(super) const BASE: &str = "%SRCROOT%";

/// A file in the report.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) uri: Uri,
    /// Its place in the list of artifacts.
    pub(super) index: usize,
}

impl Place {
    pub(super) fn location(&self) -> ArtifactLocation {
        let index = self.index as i64;
        match &self.uri {
            Uri::Relative(uri) => ArtifactLocation::builder().uri(uri).uri_base_id(BASE).index(index).build(),
            Uri::Absolute(uri) => ArtifactLocation::builder().uri(uri).index(index).build(),
        }
    }
}

/// `number` as SARIF's libraries hold it: no file is that long.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Writes `finding` as a result. `rule_index` is its rule's place among the tool's rules, `fingerprint` names it in later runs.
pub(super) fn result(
    rule_index: Option<usize>,
    place: &Place,
    file: &Scanned<'_>,
    finding: &Finding,
    fingerprint: String,
) -> SarifResult {
    let physical =
        PhysicalLocation::builder().artifact_location(place.location()).region(region(file, finding)).build();
    let mut location = Location::builder().physical_location(physical).build();
    let logical = logical(finding);
    location.logical_locations = (!logical.is_empty()).then_some(logical);
    let properties = BTreeMap::from([
        ("confidence".to_owned(), Value::from(finding.confidence.get())),
        ("severity".to_owned(), Value::from(finding.severity.as_str())),
    ]);
    let prints = [
        // GitHub looks at this one only.
        ("primaryLocationLineHash".to_owned(), fingerprint.clone()),
        ("wasmscopeFinding/v1".to_owned(), fingerprint),
    ];
    let mut result = SarifResult::builder()
        .rule_id(&finding.rule)
        .level(rules::level(finding.severity))
        .message(Message::builder().text(text::sentence(&finding.message)).build())
        .locations([location])
        .partial_fingerprints(BTreeMap::from(prints))
        .rank(f64::from(finding.confidence.get()))
        .properties(PropertyBag::builder().additional_properties(properties).build())
        .build();
    result.rule_index = rule_index.map(|at| at as i64);
    result
}

/// Where in the file: the finding's place, else its module, else the whole file, because GitHub wants a region. A place has
/// no length: findings know where something begins.
fn region(file: &Scanned<'_>, finding: &Finding) -> Region {
    if let Some(offset) = finding.offset {
        return Region::builder().byte_offset(signed(offset)).build();
    }
    let named = |path: &String| file.facts.modules.iter().find(|module| module.path == *path);
    let (offset, length) = match finding.module.as_ref().and_then(named) {
        Some(module) => (module.offset, module.size),
        None => (0, file.facts.size),
    };
    Region::builder().byte_offset(signed(offset)).byte_length(signed(length)).build()
}

/// The function, then the module around it.
fn logical(finding: &Finding) -> Vec<LogicalLocation> {
    let mut places = Vec::new();
    if let Some(function) = &finding.function {
        let own = format!("function[{}]", function.index);
        let full = finding.module.iter().chain([&own]).map(String::as_str).collect::<Vec<_>>().join("/");
        places.push(
            LogicalLocation::builder()
                .name(function.name.as_ref().unwrap_or(&own))
                .fully_qualified_name(full)
                .kind("function")
                .build(),
        );
    }
    if let Some(module) = &finding.module {
        let own = module.rsplit('/').next().unwrap_or(module);
        places.push(LogicalLocation::builder().name(own).fully_qualified_name(module).kind("module").build());
    }
    places
}
