//! Archives and image layouts, and the walk through them.

#[path = "../../crates/sources/tests/common/mod.rs"]
mod common;

use common::{gzip, module, tar, zip, zstd};
use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use wasmscope_model::Sha256;
use wasmscope_sources::{Found, Options, Sink, find};

/// What an input begins with that stands for the files of an image layout, each after a NUL byte: the index, then the
/// blobs. In it, `@1` is the digest of the first blob, which no mutation would find otherwise.
const LAYOUT: &[u8] = b"OCI";
/// More blobs are left out.
const BLOBS: usize = 9;
/// Modules in archives may be as large.
const MOST: u64 = 1 << 20;

/// Archives of every kind, and within each other.
pub fn seeds() -> Vec<Vec<u8>> {
    let one = module(1);
    let files: &[(&str, &[u8])] =
        &[("a/one.wasm", &one), ("b/two.wasm", b"\0asm\x01\0\0\0"), ("c/notes.txt", b"no")];
    let (tar, zip) = (tar(files), zip(files));
    let nested = common::tar(&[("in.zip", &zip), ("in.tar.gz", &gzip(&tar)), ("in.tar.zst", &zstd(&tar))]);
    let index = r#"OCI{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:@1","size":400}]}"#;
    let manifest = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.wasm.config.v0+json","digest":"sha256:@3","size":2},"layers":[{"mediaType":"application/wasm","digest":"sha256:@2","size":8},{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:@4","size":300}]}"#;
    // A NUL byte ends a blob, so the module in the layout is a text.
    let parts: [&[u8]; 4] = [index.as_bytes(), manifest.as_bytes(), b"(module)", b"{}"];
    let layout = parts.join(&0);
    vec![gzip(&tar), zstd(&tar), gzip(&one), zstd(&one), gzip(&gzip(&zip)), tar, zip, nested, layout, one]
}

/// Hands over everything in `bytes`, as a file or as a layout, to a sink that checks it.
pub fn walk(bytes: &[u8]) {
    let options = Options { most_bytes: MOST, most_other_bytes: 4096, archives_in_directories: true };
    let mut finds = Finds::default();
    if let Some(parts) = bytes.strip_prefix(LAYOUT) {
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        layout(folder.path(), parts);
        let _ = find(folder.path(), &options, &mut finds);
    } else {
        let file =
            rustix::fs::memfd_create("archive", rustix::fs::MemfdFlags::CLOEXEC).expect("a file in memory");
        let mut file = fs::File::from(file);
        file.write_all(bytes).expect("room in memory");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let _ = find(Path::new(&path), &options, &mut finds);
    }
}

fn layout(folder: &Path, parts: &[u8]) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("room in memory");
    let mut parts: Vec<Vec<u8>> =
        parts.split(|byte| *byte == 0).take(BLOBS + 1).map(<[u8]>::to_vec).collect();
    // The last first: only what comes later can be named.
    for number in (1..parts.len()).rev() {
        let digest = Sha256::of(&parts[number]).to_string();
        fs::write(blobs.join(&digest), &parts[number]).expect("room in memory");
        let place = format!("@{number}").into_bytes();
        for part in &mut parts[..number] {
            *part = replaced(part, &place, digest.as_bytes());
        }
    }
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("room in memory");
    fs::write(folder.join("index.json"), &parts[0]).expect("room in memory");
}

fn replaced(bytes: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(what) {
            out.extend_from_slice(by);
            at += what.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// Checks what is found.
#[derive(Default)]
struct Finds {
    room: u64,
}

impl Sink for Finds {
    fn room(&mut self, bytes: u64) -> ControlFlow<()> {
        assert!(bytes <= MOST + 1, "room for {bytes} bytes");
        self.room = bytes;
        ControlFlow::Continue(())
    }

    fn found(&mut self, found: Found) -> ControlFlow<()> {
        match &found.content {
            Ok(bytes) => {
                assert!(bytes.len() as u64 <= self.room, "room was asked for before it was taken");
                assert!(bytes.len() as u64 <= MOST, "{} bytes", bytes.len());
            }
            Err(error) => assert!(error.to_string().len() <= 1 << 16, "an endless error"),
        }
        self.room = 0;
        ControlFlow::Continue(())
    }
}
