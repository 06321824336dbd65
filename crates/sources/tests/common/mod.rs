//! Makes files and takes what is found in them.
#![allow(dead_code, reason = "each test program uses some of it")]

use std::{fs, io::Write as _, ops::ControlFlow, path::Path};
use wasmscope_sources::{Found, Options, Sink, SourceError, find};

pub(crate) const MOST: u64 = 1 << 20;

/// Bytes that begin as a module does; `n` tells one from another.
pub(crate) fn module(n: u8) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".as_slice(), &[n; 2000]].concat()
}

#[derive(Default)]
pub(crate) struct Finds(Vec<Found>, u64);

impl Sink for Finds {
    fn room(&mut self, bytes: u64) -> ControlFlow<()> {
        self.1 = bytes;
        ControlFlow::Continue(())
    }

    fn found(&mut self, found: Found) -> ControlFlow<()> {
        if let Ok(bytes) = &found.content {
            assert!(self.1 >= bytes.len() as u64, "room was asked for before it was taken");
        }
        self.0.push(found);
        ControlFlow::Continue(())
    }
}

impl Finds {
    pub(crate) fn of(path: &Path) -> Self {
        Self::with(path, false)
    }

    pub(crate) fn with(path: &Path, archives_in_directories: bool) -> Self {
        let options = Options { most_bytes: MOST, most_other_bytes: 1000, archives_in_directories };
        let mut finds = Self::default();
        assert!(find(path, &options, &mut finds).is_continue());
        finds
    }

    /// Names without the path in front, and contents.
    pub(crate) fn modules(&self, path: &Path) -> Vec<(String, Vec<u8>)> {
        let all = self.0.iter().filter_map(|found| Some((found, found.content.as_ref().ok()?)));
        all.map(|(found, bytes)| (within(&found.name, path), bytes.clone())).collect()
    }

    pub(crate) fn errors(&self, path: &Path) -> Vec<(String, &SourceError)> {
        let all = self.0.iter().filter_map(|found| Some((found, found.content.as_ref().err()?)));
        all.map(|(found, error)| (within(&found.name, path), error)).collect()
    }

    /// The only error, as `NAME: MESSAGE`.
    pub(crate) fn error(&self, path: &Path) -> String {
        let errors = self.errors(path);
        let [(name, error)] = &errors[..] else { panic!("one error, not {errors:?}") };
        format!("{name}: {error}")
    }
}

fn within(name: &str, path: &Path) -> String {
    name.strip_prefix(path.to_str().unwrap()).unwrap().to_owned()
}

pub(crate) fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        // Not by `append_data`, which refuses what hostile archives have.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut zip = rawzip::ZipArchiveWriter::new(&mut out);
    for (name, bytes) in entries {
        let file = zip.new_file(*name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let deflate = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::best());
        let mut writer = config.wrap(deflate);
        writer.write_all(bytes).unwrap();
        let (deflate, descriptor) = writer.finish().unwrap();
        deflate.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap();
    out
}

/// An image layout in a folder.
pub(crate) struct Layout<'a>(pub(crate) &'a Path);

impl Layout<'_> {
    /// Writes a blob and gives its descriptor.
    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> String {
        let digest = wasmscope_model::Sha256::of(bytes).to_string();
        self.blob_named(&digest, media_type, bytes)
    }

    /// A blob whose name may be wrong.
    pub(crate) fn blob_named(&self, digest: &str, media_type: &str, bytes: &[u8]) -> String {
        let folder = self.0.join("blobs/sha256");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(digest), bytes).unwrap();
        let size = bytes.len();
        format!(r#"{{"mediaType":"{media_type}","digest":"sha256:{digest}","size":{size}}}"#)
    }

    pub(crate) fn manifest(&self, layers: &[String]) -> String {
        let config = self.blob("application/vnd.oci.image.config.v1+json", b"{}");
        let json = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{}]}}"#, layers.join(","));
        self.blob("application/vnd.oci.image.manifest.v1+json", json.as_bytes())
    }

    pub(crate) fn index(&self, manifests: &[String]) -> String {
        format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, manifests.join(","))
    }

    pub(crate) fn finish(&self, index: &str) {
        fs::write(self.0.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        fs::write(self.0.join("index.json"), index).unwrap();
    }
}
