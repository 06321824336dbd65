//! Image layouts: directories of blobs, named by their digests (OCI image specification 1.1, "Image Layout").

use crate::{
    Finder, SourceError,
    archive::{Expect, Place},
    digest::{Digest, Verified},
    files, limits,
    meter::Meter,
};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, Read},
    ops::ControlFlow,
    path::Path,
};

/// What the media type of a descriptor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Index,
    Manifest,
    Content(Expect),
    Encrypted,
}

/// Docker's names are those of its image manifest version 2, schema 2.
fn kind(media_type: &MediaType) -> Kind {
    match media_type.as_ref() {
        "application/vnd.oci.image.index.v1+json"
        | "application/vnd.docker.distribution.manifest.list.v2+json" => Kind::Index,
        "application/vnd.oci.image.manifest.v1+json"
        | "application/vnd.docker.distribution.manifest.v2+json" => Kind::Manifest,
        "application/wasm"
        | "application/vnd.wasm.content.layer.v1+wasm"
        | "application/vnd.module.wasm.content.layer.v1+wasm"
        | "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm" => Kind::Content(Expect::Module),
        other if other.ends_with("+encrypted") => Kind::Encrypted,
        other
            if other.starts_with("application/vnd.oci.image.layer.")
                || other.starts_with("application/vnd.docker.image.rootfs.") =>
        {
            Kind::Content(Expect::Tar)
        }
        _ => Kind::Content(Expect::Nothing),
    }
}

struct Layout<'p> {
    folder: &'p Path,
    name: String,
    /// Images share layers.
    seen: BTreeSet<Digest>,
    descriptors: usize,
}

impl Finder<'_> {
    /// What `index.json` leads to, in its order.
    pub(crate) fn layout(&mut self, folder: &Path) -> ControlFlow<()> {
        let name = folder.to_string_lossy().into_owned();
        let mut layout = Layout { folder, name: name.clone(), seen: BTreeSet::new(), descriptors: 0 };
        let index = files::open(&folder.join("index.json"))
            .map_err(SourceError::from)
            .and_then(|file| manifest(file, None))
            .and_then(|json| parse::<ImageIndex>("index", &json));
        match index {
            Ok(index) => self.descriptors(&mut layout, index.manifests(), 0),
            Err(error) => self.fail(&format!("{name}!index.json"), error),
        }
    }

    fn descriptors(
        &mut self,
        layout: &mut Layout<'_>,
        descriptors: &[Descriptor],
        depth: u32,
    ) -> ControlFlow<()> {
        for descriptor in descriptors {
            self.descriptor(layout, descriptor, depth)?;
        }
        ControlFlow::Continue(())
    }

    fn descriptor(
        &mut self,
        layout: &mut Layout<'_>,
        descriptor: &Descriptor,
        depth: u32,
    ) -> ControlFlow<()> {
        let kind = kind(descriptor.media_type());
        let what = match kind {
            Kind::Index => "index",
            Kind::Manifest => "manifest",
            Kind::Content(_) | Kind::Encrypted => "layer",
        };
        let written = descriptor.digest();
        let name = format!("{}!{what} {written}", layout.name);
        let Some(digest) = Digest::new(written.algorithm().as_ref(), written.digest()) else {
            let reason = "a digest that is neither sha256 nor sha512".into();
            return self.fail(&name, SourceError::Unsupported(reason));
        };
        layout.descriptors += 1;
        if layout.descriptors > limits::DESCRIPTORS {
            // Told once: every further one comes here, too.
            return match layout.descriptors == limits::DESCRIPTORS + 1 {
                true => {
                    let reason = format!("more than {} descriptors", limits::DESCRIPTORS);
                    self.fail(&layout.name, SourceError::Unsupported(reason))
                }
                false => ControlFlow::Continue(()),
            };
        }
        if !layout.seen.insert(digest.clone()) {
            return ControlFlow::Continue(());
        }
        let file = match files::open(&layout.folder.join(digest.path())) {
            Ok(file) => file,
            Err(error) => return self.fail(&name, error.into()),
        };
        match kind {
            Kind::Encrypted => self.fail(&name, SourceError::Unsupported("encrypted".into())),
            Kind::Content(expect) => self.blob(&name, file, digest, expect),
            _ if depth >= limits::DEPTH => self.fail(&name, SourceError::Depth),
            Kind::Index => {
                let json = manifest(file, Some(digest));
                match json.and_then(|json| parse::<ImageIndex>("index", &json)) {
                    Ok(index) => self.descriptors(layout, index.manifests(), depth + 1),
                    Err(error) => self.fail(&name, error),
                }
            }
            Kind::Manifest => {
                let json = manifest(file, Some(digest));
                match json.and_then(|json| parse::<ImageManifest>("manifest", &json)) {
                    Ok(manifest) => self.descriptors(layout, manifest.layers(), depth + 1),
                    Err(error) => self.fail(&name, error),
                }
            }
        }
    }

    fn blob(&mut self, name: &str, file: File, digest: Digest, expect: Expect) -> ControlFlow<()> {
        let size = file.metadata().ok().map(|data| data.len());
        let meter = Meter::default();
        let place = Place::new(name, expect, &meter);
        let mut reader = Verified::new(meter.consuming(BufReader::new(file)), digest);
        self.enter(&place, &mut reader, size)?;
        match meter.exceeded() {
            Some(error) => self.fail(name, error),
            None => match reader.finish() {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => self.fail(name, error),
            },
        }
    }
}

/// The text of an index or manifest, which is small; with a digest only if it has that.
fn manifest(file: File, digest: Option<Digest>) -> Result<Vec<u8>, SourceError> {
    let mut json = Vec::new();
    let mut bounded = file.take(limits::MANIFEST + 1);
    match digest {
        None => bounded.read_to_end(&mut json)?,
        Some(digest) => {
            let mut verified = Verified::new(&mut bounded, digest);
            let read = verified.read_to_end(&mut json)?;
            if json.len() as u64 <= limits::MANIFEST {
                verified.finish()?;
            }
            read
        }
    };
    match json.len() as u64 > limits::MANIFEST {
        true => Err(SourceError::TooLarge { most: limits::MANIFEST }),
        false => Ok(json),
    }
}

fn parse<T: serde::de::DeserializeOwned>(what: &'static str, json: &[u8]) -> Result<T, SourceError> {
    serde_json::from_slice(json).map_err(|error| {
        let lines = json.split_inclusive(|b| *b == b'\n').take(error.line().saturating_sub(1));
        let offset = lines.map(<[u8]>::len).sum::<usize>() + error.column();
        SourceError::Broken { what, offset: offset as u64, reason: error.to_string() }
    })
}
