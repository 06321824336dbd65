//! The part of CycloneDX 1.6 that is written (<https://cyclonedx.org/docs/1.6/json/>). The `cyclonedx-bom` library ends at
//! version 1.5 and keeps the whole document in memory.

use serde::Serialize;
use wasmscope_model::Sha256;

/// A piece of software. Names are those of the format.
#[derive(Debug, Serialize)]
pub(super) struct Component {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "mime-type", skip_serializing_if = "Option::is_none")]
    pub(super) mime_type: Option<&'static str>,
    #[serde(rename = "bom-ref")]
    pub(super) bom_ref: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) components: Vec<Component>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) properties: Vec<Property>,
}

impl Component {
    pub(super) fn new(kind: &'static str, bom_ref: String, name: &str) -> Self {
        Self {
            kind,
            mime_type: None,
            bom_ref,
            name: name.to_owned(),
            version: None,
            scope: None,
            hashes: Vec::new(),
            purl: None,
            components: Vec::new(),
            evidence: None,
            properties: Vec::new(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Hash {
    alg: &'static str,
    content: String,
}

impl Hash {
    pub(super) fn of(sha256: &Sha256) -> Self {
        Self { alg: "SHA-256", content: sha256.to_string() }
    }
}

/// Where a component was seen.
#[derive(Debug, Serialize)]
pub(super) struct Evidence {
    occurrences: [Occurrence; 1],
}

#[derive(Debug, Serialize)]
struct Occurrence {
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

impl Evidence {
    pub(super) fn at(path: &str, offset: Option<u64>) -> Option<Self> {
        Some(Self { occurrences: [Occurrence { location: path.to_owned(), offset }] })
    }
}

/// A fact that the format has no place for.
#[derive(Debug, Serialize)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// What a component depends on.
#[derive(Debug, Serialize)]
pub(super) struct Depends {
    #[serde(rename = "ref")]
    pub(super) from: String,
    #[serde(rename = "dependsOn")]
    pub(super) on: Vec<String>,
}
