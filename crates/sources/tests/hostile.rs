//! Archives and layouts made to break, exhaust or mislead who reads them: one clear error each, and the rest is found.

mod common;

use common::{Finds, Layout, MOST, gzip, module, tar, zip, zstd};
use std::{fs, os::unix::fs::symlink, process::Command};
use wasmscope_sources::SourceError;

fn finds(bytes: &[u8], check: impl FnOnce(Finds, &std::path::Path)) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, bytes).unwrap();
    check(Finds::of(&path), &path);
}

/// A header with a checksum, and nothing behind it.
fn header(kind: tar::EntryType, name: &[u8], size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_size(size);
    header.set_cksum();
    header
}

#[test]
fn a_bomb_is_one_error_of_the_outermost_file() {
    let zeros = vec![0; 100 << 20];
    let inner = tar(&[("zeros", &zeros), ("never.wasm", &module(2))]);
    let bomb = tar(&[("first.wasm", &module(1)), ("bomb.tar.gz", &gzip(&inner))]);
    finds(&bomb, |finds, path| {
        let names: Vec<_> = finds.modules(path).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["!first.wasm"]);
        let errors = finds.errors(path);
        assert!(matches!(&errors[..], [(name, SourceError::Bomb { .. })] if name.is_empty()), "{errors:?}");
    });
    finds(&zstd(&inner), |finds, path| {
        assert!(matches!(&finds.errors(path)[..], [(_, SourceError::Bomb { .. })]));
    });
}

#[test]
fn endless_nesting_ends() {
    let mut bytes = module(1);
    for _ in 0..30 {
        bytes = gzip(&bytes);
    }
    finds(&bytes, |finds, path| {
        assert!(finds.modules(path).is_empty());
        assert!(finds.error(path).contains("nested more than 8 deep"), "{}", finds.error(path));
    });
}

#[test]
fn names_are_only_names() {
    let names = ["../../etc/passwd", "/abs/olute", "C:\\x", "a\u{1b}[2J"];
    let entries: Vec<_> = names.iter().map(|name| (*name, module(1))).collect();
    let entries: Vec<_> = entries.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let mut bytes = tar(&entries);
    bytes.truncate(bytes.len() - 1024);
    bytes.extend(header(tar::EntryType::Regular, b"\xff\xfe.wasm", 2008).as_bytes());
    bytes.extend(module(2));
    bytes.extend([0; 40 + 1024]);
    finds(&bytes, |finds, path| {
        let found: Vec<_> = finds.modules(path).into_iter().map(|(name, _)| name).collect();
        let mut expected: Vec<_> = names.iter().map(|name| format!("!{name}")).collect();
        expected.push("!\u{fffd}\u{fffd}.wasm".into());
        assert_eq!(found, expected);
        assert!(finds.errors(path).is_empty(), "{:?}", finds.errors(path));
    });
}

#[test]
fn links_lead_nowhere() {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name) in [(tar::EntryType::Symlink, "soft"), (tar::EntryType::Link, "hard")] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, name, "/proc/self/exe").unwrap();
    }
    finds(&builder.into_inner().unwrap(), |finds, path| {
        assert!(finds.modules(path).is_empty() && finds.errors(path).is_empty());
    });
}

#[test]
fn a_long_name_beyond_the_bound_is_not_held_in_memory() {
    let name = vec![b'n'; 2 << 20];
    let mut bytes =
        header(tar::EntryType::GNULongName, b"././@LongLink", name.len() as u64).as_bytes().to_vec();
    bytes.extend(name);
    finds(&bytes, |finds, path| {
        assert!(finds.error(path).contains("more than 1048576 bytes of headers"), "{}", finds.error(path));
    });
}

#[test]
fn sparse_entries_have_no_end_or_are_refused() {
    // A module's first bytes, then a hole of 4 GiB.
    let mut sparse = header(tar::EntryType::GNUSparse, b"holes", 512);
    let gnu = sparse.as_gnu_mut().unwrap();
    gnu.sparse[0].offset.copy_from_slice(b"00000000000\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000001000\0");
    gnu.sparse[1].offset.copy_from_slice(b"40000000000\0");
    gnu.sparse[1].numbytes.copy_from_slice(b"00000000000\0");
    gnu.realsize.copy_from_slice(b"40000000000\0");
    sparse.set_cksum();
    let mut bytes = sparse.as_bytes().to_vec();
    bytes.extend(&module(1)[..512]);
    bytes.extend(tar(&[("after", &module(2))]));
    finds(&bytes, |finds, path| {
        assert_eq!(finds.modules(path), [("!after".to_owned(), module(2))]);
        let errors = finds.errors(path);
        assert!(
            matches!(&errors[..], [(name, SourceError::TooLarge { most: MOST })] if name == "!holes"),
            "{errors:?}"
        );
    });

    let mut builder = tar::Builder::new(Vec::new());
    builder.append_pax_extensions([("GNU.sparse.major", b"1".as_slice())]).unwrap();
    builder.append(&header(tar::EntryType::Regular, b"pax", 0), &b""[..]).unwrap();
    finds(&builder.into_inner().unwrap(), |finds, path| {
        assert!(finds.error(path).starts_with("!pax: a sparse file"), "{}", finds.error(path));
    });
}

#[test]
fn what_is_cut_off_is_told_once_where_it_ends() {
    let whole = tar(&[("a.wasm", &module(1)), ("b.wasm", &module(2))]);
    finds(&whole[..3500], |finds, path| {
        assert_eq!(finds.modules(path).len(), 1);
        assert_eq!(finds.error(path), ": tar: at byte 3500: ends within an entry");
    });
    let gz = gzip(&whole);
    finds(&gz[..gz.len() - 20], |finds, path| {
        assert!(finds.error(path).starts_with(": gzip: at byte "), "{}", finds.error(path));
    });
    let zst = zstd(&whole);
    finds(&zst[..zst.len() - 8], |finds, path| {
        assert!(finds.error(path).starts_with(": zstd: at byte "), "{}", finds.error(path));
    });
    let zipped = zip(&[("a.wasm", &module(1)), ("b.wasm", &module(2))]);
    finds(&zipped[..zipped.len() - 30], |finds, path| {
        assert!(finds.error(path).starts_with(": zip: at byte "), "{}", finds.error(path));
    });
    let mut wrong = zipped;
    let at = wrong.windows(6).position(|w| w == b"a.wasm").unwrap() + 10;
    wrong[at] ^= 0xff;
    finds(&wrong, |finds, path| {
        assert!(finds.error(path).starts_with("!a.wasm: zip: at byte "), "{}", finds.error(path));
        assert_eq!(finds.modules(path), [("!b.wasm".to_owned(), module(2))]);
    });
}

#[test]
fn a_module_beyond_the_bound_is_refused_whoever_tells_its_size() {
    let large = [module(1), vec![1; MOST as usize]].concat();
    for bytes in [large.clone(), gzip(&large), tar(&[("m", &large)]), zip(&[("m", &large)])] {
        finds(&bytes, |finds, path| {
            assert!(finds.modules(path).is_empty());
            assert!(finds.error(path).ends_with("larger than 1 MiB"), "{}", finds.error(path));
        });
    }
}

#[test]
fn blobs_are_what_their_digests_say_or_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout(dir.path());
    let (said, is) =
        (wasmscope_model::Sha256::of(b"what was signed"), wasmscope_model::Sha256::of(&module(1)));
    let swapped = layout.blob_named(&said.to_string(), "application/wasm", &module(1));
    let missing = swapped.replace(&said.to_string(), &"0".repeat(64));
    let outside = swapped.replace(&said.to_string(), "../../../etc/passwd");
    let sound = layout.blob("application/wasm", &module(2));
    layout.finish(&layout.index(&[layout.manifest(&[swapped, missing, sound])]));
    let finds = Finds::of(dir.path());
    let errors: Vec<_> = finds.errors(dir.path()).iter().map(|(name, e)| format!("{name}: {e}")).collect();
    let zeros = "0".repeat(64);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert_eq!(errors[0], format!("!layer sha256:{said}: the digest is sha256:{is}, not sha256:{said}"));
    assert!(errors[1].starts_with(&format!("!layer sha256:{zeros}: No such file")), "{errors:?}");
    assert!(finds.modules(dir.path()).iter().any(|(_, bytes)| *bytes == module(2)));

    layout.finish(&layout.index(&[outside]));
    let finds = Finds::of(dir.path());
    assert!(
        finds.error(dir.path()).starts_with("!index.json: index: at byte "),
        "{}",
        finds.error(dir.path())
    );

    let path = dir.path().join("image.tar");
    fs::write(&path, tar(&[(&format!("blobs/sha256/{said}"), &module(1))])).unwrap();
    let error = Finds::of(&path).error(&path);
    assert_eq!(error, format!("!layer sha256:{said}: the digest is sha256:{is}, not sha256:{said}"));
}

#[test]
fn indexes_neither_turn_in_circles_nor_fill_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout(dir.path());
    let media_type = "application/vnd.oci.image.index.v1+json";
    // It names itself; that its digest cannot be right is found first.
    let own = "1".repeat(64);
    let circle = layout.blob_named(&own, media_type, b"");
    let circle = layout.blob_named(&own, media_type, layout.index(&[circle]).as_bytes());
    layout.finish(&layout.index(&[circle.clone(), circle]));
    let error = Finds::of(dir.path()).error(dir.path());
    assert!(error.starts_with(&format!("!index sha256:{own}: the digest is ")), "{error}");

    let mut deep = layout.index(&[layout.manifest(&[layout.blob("application/wasm", &module(1))])]);
    for _ in 0..20 {
        deep = layout.index(&[layout.blob(media_type, deep.as_bytes())]);
    }
    layout.finish(&deep);
    let error = Finds::of(dir.path()).error(dir.path());
    assert!(error.contains("nested more than 8 deep"), "{error}");

    let huge = layout.blob(media_type, &vec![b' '; 5 << 20]);
    layout.finish(&layout.index(&[huge]));
    let error = Finds::of(dir.path()).error(dir.path());
    assert!(error.ends_with("larger than 4 MiB"), "{error}");

    let many: Vec<_> =
        (0..10_002).map(|n| format!(r#"{{"mediaType":"a","digest":"sha256:{n:064x}","size":1}}"#)).collect();
    layout.finish(&layout.index(&many));
    let finds = Finds::of(dir.path());
    let told =
        finds.errors(dir.path()).iter().filter(|(_, e)| e.to_string().contains("10000 descriptors")).count();
    assert_eq!(told, 1);
}

#[test]
fn a_layout_with_links_and_pipes_does_not_lead_out_or_block() {
    let dir = tempfile::tempdir().unwrap();
    let layout = Layout(dir.path());
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), module(1)).unwrap();
    let (linked, piped) = ("2".repeat(64), "3".repeat(64));
    let layers = [&linked, &piped].map(|name| layout.blob_named(name, "application/wasm", b""));
    for (name, what) in [(&linked, "link"), (&piped, "pipe")] {
        let path = dir.path().join("blobs/sha256").join(name);
        fs::remove_file(&path).unwrap();
        match what {
            "link" => symlink(outside.path(), path).unwrap(),
            _ => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        }
    }
    layout.finish(&layout.index(&[layout.manifest(&layers)]));
    let finds = Finds::of(dir.path());
    assert!(finds.modules(dir.path()).is_empty());
    assert_eq!(finds.errors(dir.path()).len(), 2, "{:?}", finds.errors(dir.path()));
}
