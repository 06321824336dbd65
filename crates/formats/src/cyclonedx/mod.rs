//! CycloneDX 1.6: the scanned files as a bill of materials.

mod component;
mod dependencies;
mod types;

use crate::{Report, Scanned, array::Array};
use component::component;
use serde_json::json;
use sha2::{Digest, Sha256 as Hasher};
use std::{
    collections::HashMap,
    io::{self, Write},
};
use types::{Component, Property};
use uuid::Uuid;
use wasmscope_model::Sha256;

/// The namespace of our serial numbers: a fixed UUID of our own (RFC 9562, 6.5).
const SERIALS: Uuid = Uuid::from_u128(0x6a3c_1f0e_52d7_4b8e_9d41_7f5b_0c2e_a913);

/// Writes scanned files as one bill of materials.
///
/// Components are written at once. The dependency graph is one list for all, so it is kept until the end, together with the hash of
/// each file: as much memory as its text needs.
#[derive(Debug)]
pub struct CycloneDxWriter<W> {
    out: Hashed<W>,
    components: Array,
    /// How often each content was seen: references have to differ.
    seen: HashMap<Sha256, u32>,
    dependencies: (Array, Vec<u8>),
    failed: (Array, Vec<u8>),
}

impl<W: Write> CycloneDxWriter<W> {
    /// Begins the document.
    ///
    /// # Errors
    ///
    /// What `out` gives.
    pub fn new(out: W) -> io::Result<Self> {
        let mut out = Hashed { out, hash: Hasher::new() };
        let mut tool =
            Component::new("application", format!("wasmscope@{}", env!("CARGO_PKG_VERSION")), "wasmscope");
        tool.version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let reproducible = Property { name: "cdx:reproducible", value: "true".to_owned() };
        write!(
            out,
            "{{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\",\
             \"specVersion\":\"1.6\",\"version\":1,\n\"metadata\":{{\"lifecycles\":[{}],\"tools\":{{\"components\":[{}]}},\
             \"properties\":[{}]}},\n\"components\":[",
            json!({ "phase": "post-build" }),
            serde_json::to_string(&tool)?,
            serde_json::to_string(&reproducible)?,
        )?;
        Ok(Self {
            out,
            components: Array::default(),
            seen: HashMap::new(),
            dependencies: Default::default(),
            failed: Default::default(),
        })
    }

    /// `sha256:…`, and `sha256:…#2` for a second file with the same contents.
    fn reference(&mut self, sha256: Sha256) -> String {
        let count = self.seen.entry(sha256).or_default();
        *count += 1;
        match count {
            1 => format!("sha256:{sha256}"),
            more => format!("sha256:{sha256}#{more}"),
        }
    }
}

impl<W: Write> Report for CycloneDxWriter<W> {
    fn scanned(&mut self, file: &Scanned<'_>) -> io::Result<()> {
        let bom_ref = self.reference(file.facts.sha256);
        let (component, depends) = component(file, bom_ref);
        self.components.item(&mut self.out, &component)?;
        let (array, bytes) = &mut self.dependencies;
        depends.iter().try_for_each(|edge| array.item(bytes, edge))
    }

    fn failed(&mut self, path: &str, reason: &str) -> io::Result<()> {
        let (array, bytes) = &mut self.failed;
        array.item(bytes, &Property { name: "wasmscope:not-scanned", value: format!("{path}: {reason}") })
    }

    /// Ends the document with its serial number, which is made from all that stands before it.
    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n],\n\"dependencies\":[")?;
        self.out.write_all(&self.dependencies.1)?;
        self.out.write_all(b"\n],\n\"properties\":[")?;
        self.out.write_all(&self.failed.1)?;
        let serial = Uuid::new_v5(&SERIALS, &self.out.hash.clone().finalize());
        write!(self.out, "\n],\n\"serialNumber\":\"urn:uuid:{serial}\"}}\n")?;
        self.out.flush()
    }
}

/// Hashes what is written.
#[derive(Debug)]
struct Hashed<W> {
    out: W,
    hash: Hasher,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
