//! Every kind of input.

mod common;

use common::{Finds, Layout, gzip, module, tar, zip, zstd};
use std::fs;

const WASM: &str = "application/wasm";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[test]
fn archives_of_every_kind_hold_modules_by_their_first_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let tar = tar(&[("bin/a", &module(1)), ("readme.wasm", b"no module"), ("./b.wasm", &module(2))]);
    let expected = [("!bin/a".to_owned(), module(1)), ("!b.wasm".to_owned(), module(2))];
    let mut members = gzip(&tar[..700]);
    members.extend(gzip(&tar[700..]));
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    let frames = [zstd(&tar[..700]), skippable.to_vec(), zstd(&tar[700..])].concat();
    let zip = zip(&[("bin/a", &module(1)), ("readme.wasm", b"no module"), ("b.wasm", &module(2))]);
    for (what, bytes) in [("tar", tar), ("gzip", members), ("zstd", frames), ("zip", zip)] {
        let path = dir.path().join(what);
        fs::write(&path, bytes).unwrap();
        let finds = Finds::of(&path);
        assert_eq!(finds.modules(&path), expected, "{what}");
        assert!(finds.errors(&path).is_empty(), "{what}: {:?}", finds.errors(&path));
    }
}

#[test]
fn archives_lie_in_archives_and_single_files_are_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let wheel = zip(&[("pkg/m.wasm", &module(1))]);
    let inner = tar(&[("deep.whl", &wheel), ("one.wasm.gz", &gzip(&module(2)))]);
    fs::write(&path, gzip(&tar(&[("inner.tar.zst", &zstd(&inner))]))).unwrap();
    let finds = Finds::of(&path);
    let expected = [
        ("!inner.tar.zst!deep.whl!pkg/m.wasm".to_owned(), module(1)),
        ("!inner.tar.zst!one.wasm.gz".to_owned(), module(2)),
    ];
    assert_eq!(finds.modules(&path), expected);
    assert!(finds.errors(&path).is_empty());
}

#[test]
fn archives_in_directories_are_opened_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.tar"), tar(&[("m", &module(1))])).unwrap();
    fs::write(dir.path().join("b"), module(2)).unwrap();
    let names = |archives| -> Vec<_> {
        Finds::with(dir.path(), archives).modules(dir.path()).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(false), ["/b"]);
    assert_eq!(names(true), ["/a.tar!m", "/b"]);
}

#[test]
fn an_image_layout_is_followed_from_its_index() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout(dir.path());
    let (wasm, packed) = (module(1), gzip(&tar(&[("app/main.wasm", &module(2))])));
    let plain = tar(&[("old", &module(3))]);
    let layers = [
        layout.blob(WASM, &wasm),
        layout.blob("application/vnd.oci.image.layer.v1.tar+gzip", &packed),
        layout.blob("application/vnd.docker.image.rootfs.diff.tar", &plain),
    ];
    // What no manifest names is no part of the image.
    layout.blob(WASM, &module(4));
    let image = layout.manifest(&layers);
    // The same image once more below an index of its own.
    let inner = layout.index(&[image.clone(), layout.manifest(&layers[..1])]);
    let inner = layout.blob(INDEX, inner.as_bytes());
    layout.finish(&layout.index(&[image, inner]));

    let finds = Finds::of(dir.path());
    let of = |bytes: &[u8]| format!("!layer sha256:{}", wasmscope_model::Sha256::of(bytes));
    let expected = [
        (of(&wasm), wasm.clone()),
        (of(&packed) + "!app/main.wasm", module(2)),
        (of(&plain) + "!old", module(3)),
    ];
    assert_eq!(finds.modules(dir.path()), expected);
    assert!(finds.errors(dir.path()).is_empty(), "{:?}", finds.errors(dir.path()));
}

#[test]
fn a_layer_that_claims_to_be_a_module_is_handed_over_whatever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout(dir.path());
    for (n, media_type) in [
        WASM,
        "application/vnd.wasm.content.layer.v1+wasm",
        "application/vnd.module.wasm.content.layer.v1+wasm",
        "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
        "text/plain",
    ]
    .into_iter()
    .enumerate()
    {
        let no_module = format!("no module {n}");
        let layer = layout.blob(media_type, no_module.as_bytes());
        layout.finish(&layout.index(&[layout.manifest(&[layer])]));
        let contents: Vec<_> =
            Finds::of(dir.path()).modules(dir.path()).into_iter().map(|(_, b)| b).collect();
        let expected = if media_type == "text/plain" { vec![] } else { vec![no_module.into_bytes()] };
        assert_eq!(contents, expected, "{media_type}");
    }
}

#[test]
fn an_image_layout_in_a_tar_archive_has_layers_too() {
    let dir = tempfile::tempdir().unwrap();
    let layer = gzip(&tar(&[("app/main.wasm", &module(1))]));
    let digest = wasmscope_model::Sha256::of(&layer);
    let blob = format!("blobs/sha256/{digest}");
    let path = dir.path().join("image.tar");
    fs::write(&path, tar(&[("oci-layout", b"{}"), (&blob, &layer), ("index.json", b"{}")])).unwrap();
    let finds = Finds::of(&path);
    assert_eq!(finds.modules(&path), [(format!("!layer sha256:{digest}!app/main.wasm"), module(1))]);
    assert!(finds.errors(&path).is_empty());
}
