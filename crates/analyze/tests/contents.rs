//! Files, texts, secrets and libraries in data segments and custom sections, and what only looks like them.

mod common;

use common::{module, module_of};
use proptest::prelude::*;
use wasm_encoder::{ConstExpr, CustomSection, DataSection, MemorySection, MemoryType, Module};
use wasmscope_analyze::facts::{FileFormat, ModuleFacts, Place, SecretKind, TextClass};
use wasmscope_analyze::{Options, analyze, limits};

/// A module with one data segment.
fn with_data(data: &[u8]) -> Vec<u8> {
    let mut module = Module::new();
    let minimum = data.len() as u64 / 65536 + 1;
    let mut memory = MemorySection::new();
    memory.memory(MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(0), data.iter().copied());
    module.section(&memory).section(&segments);
    module.finish()
}

fn data(bytes: &[u8]) -> ModuleFacts {
    module_of(&with_data(bytes))
}

fn formats(bytes: &[u8]) -> Vec<FileFormat> {
    data(bytes).content.payloads.list.iter().map(|file| file.format).collect()
}

fn texts(bytes: &[u8], class: TextClass) -> Vec<String> {
    let m = data(bytes);
    let counted = m.content.texts.get(&class);
    counted.into_iter().flat_map(|texts| texts.list.iter().map(|text| text.value.clone())).collect()
}

fn secrets(text: &str) -> Vec<SecretKind> {
    data(text.as_bytes()).content.secrets.list.iter().map(|secret| secret.kind).collect()
}

/// `parts` at their places in zeros.
fn at(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (place, part) in parts {
        bytes[*place..*place + part.len()].copy_from_slice(part);
    }
    bytes
}

/// The smallest beginning of each format that is complete.
fn samples() -> Vec<(FileFormat, Vec<u8>)> {
    use FileFormat::*;
    let elf = at(64, &[(0, b"\x7fELF\x02\x01\x01"), (16, &[2, 0, 62]), (52, &[64])]);
    let pe = at(128, &[(0, b"MZ"), (0x3c, &[64]), (64, b"PE\0\0\x64\x86")]);
    let mach_o = [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0];
    let fat = at(16, &[(0, b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07")]);
    let zip = at(40, &[(0, b"PK\x03\x04\x14\0\0\0\x08\0"), (26, &[5, 0]), (30, b"a.txt")]);
    let gzip = at(30, &[(0, b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b")]);
    vec![
        (Elf, elf),
        (Pe, pe),
        (MachO, mach_o.to_vec()),
        (MachO, fat),
        (WasmModule, b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0".to_vec()),
        (WasmComponent, b"\0asm\x0d\0\x01\0\0\x02\x01a".to_vec()),
        (Script, b"#!/bin/sh\necho".to_vec()),
        (Script, b"#! /usr/bin/env python3\n".to_vec()),
        (Zip, zip),
        (Gzip, gzip),
        (Xz, b"\xfd7zXZ\0\0\x04".to_vec()),
        (Zstd, b"\x28\xb5\x2f\xfd\x24\x05\x29\0\0hello".to_vec()),
        (Bzip2, b"BZh91AY&SY".to_vec()),
        (SevenZip, at(32, &[(0, b"7z\xbc\xaf\x27\x1c\0\x04"), (12, &[9])])),
        (JavaClass, b"\xca\xfe\xba\xbe\0\0\0\x41\0\x10\x0a\0\x02".to_vec()),
        (Dex, b"dex\n035\0".to_vec()),
    ]
}

#[test]
fn files_of_other_formats_and_where_they_are() {
    for (format, bytes) in samples() {
        let placed = [b"before\0", &bytes[..], &[0; 16]].concat();
        let m = data(&placed);
        let file = m.content.payloads.list.first().unwrap_or_else(|| panic!("{format:?}"));
        assert_eq!((file.format, m.content.payloads.count), (format, 1));
        assert_eq!(file.offset, m.data.list[0].offset + 7, "{format:?}");
        assert_eq!(file.place, Place::Data { segment: 0 });
    }
}

#[test]
fn a_magic_number_alone_is_no_file() {
    for (format, bytes) in samples() {
        for cut in 1..bytes.len() {
            // What follows the beginning is noise that no format has there.
            let broken = [&bytes[..cut.min(7)], &[0xf5; 160]].concat();
            assert_eq!(formats(&broken), [], "{format:?} cut at {cut}");
        }
    }
    // A program that writes module headers; the name of a script in a sentence; a Rust attribute.
    assert_eq!(formats(b"\0asm\x01\0\0\0"), []);
    assert_eq!(formats(b"begin with #!/bin/sh\n"), []);
    assert_eq!(formats(b"#![no_std]\n"), []);
    assert_eq!(formats(b"#!/bin/sh and more"), []);
}

#[test]
fn custom_sections_are_searched_unless_a_tool_fills_them() {
    let elf = samples().remove(0).1;
    let sections = |name: &'static str, bytes: &[u8]| {
        let mut module = Module::new();
        module.section(&CustomSection { name: name.into(), data: bytes.into() });
        module_of(&module.finish()).content.payloads
    };
    let late = [b"....", &elf[..]].concat();
    let found = sections("stuff", &late);
    assert_eq!(found.list[0].place, Place::Custom { section: "stuff".into() });
    assert_eq!(sections(".debug_str", &late).count, 0);
    assert_eq!(sections(".debug_str", &elf).count, 1, "a section that is a file from its beginning");
}

#[test]
fn urls_and_addresses() {
    let urls = |text: &str| texts(text.as_bytes(), TextClass::Url);
    assert_eq!(urls("see http://example.org/a?key=1 or"), ["http://example.org/a"]);
    assert_eq!(urls("https://user:pw@host:8/x\0"), ["https://host:8/x"]);
    assert_eq!(urls("http:// no https:///path ahttp://x"), [""; 0]);
    let addresses = |text: &str| texts(text.as_bytes(), TextClass::Address);
    assert_eq!(addresses("a 10.0.0.1:8080,"), ["10.0.0.1:8080"]);
    assert_eq!(addresses("[2001:db8::1]:443"), ["[2001:db8::1]:443"]);
    for no in ["1.2.3.4", "12:30:45", "v1.2.3.4.5:6", "300.1.1.1:80", "1.2.3.4:0", "1.2.3.4:99999", "a[1]:2"]
    {
        assert_eq!(addresses(no), [""; 0], "{no}");
    }
}

#[test]
fn texts_of_each_class_and_their_near_misses() {
    let onion = format!("http {}.onion", "abcdefgh".repeat(7));
    use TextClass::*;
    let rows: &[(TextClass, &str, &str)] = &[
        (Onion, &onion, "the onion in soup.onion"),
        (Mining, "stratum+tcp://pool:3333", "the stratum of a nonce"),
        (Mining, "{\"algo\":[\"rx/0\"]}", "login rx/0"),
        (HostPath, "/var/run/docker.sock", "docker.socket"),
        (HostPath, "/etc/passwd", "/etc/passwd_old"),
        (HostPath, "/proc/self/mem", "/proc/self/maps /proc/self/exe /proc/cpuinfo"),
        (HostPath, "/proc/%d/environ", "/proc/stat/environ"),
        (HostPath, "~/.ssh/id_rsa", "valid_rsa_key"),
        (CloudMetadata, "http://169.254.169.254/latest", "1169.254.169.2541"),
        (Shell, "curl -s x | sh\0", "this | sh and that"),
        (Shell, "exec 3<>/dev/tcp/a/1", "/dev/tcp"),
        (FormatWrites, "value %n\0", "100%%n of it\0"),
        (FormatWrites, "pos %7$hn\0", "cost $n\0"),
        (FormatWrites, "lengths %hhn\n\0", "lengths %n, but not a C string"),
        (FormatWrites, "\0begins %n\0", "\u{1}begins %n\0"),
    ];
    for (class, yes, no) in rows {
        assert!(!texts(yes.as_bytes(), *class).is_empty(), "{class:?} {yes}");
        assert_eq!(texts(no.as_bytes(), *class), [""; 0], "{class:?} {no}");
    }
    let m = data(b"/var/run/docker.sock\0/var/run/docker.sock\0");
    let paths = &m.content.texts[&HostPath];
    assert_eq!((paths.count, paths.list.len()), (2, 1), "of equal texts the first is listed");
    assert_eq!(paths.list[0].offset, m.data.list[0].offset);
}

#[test]
fn secrets_have_a_place_and_no_value() {
    let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n", "MIIEpAIBAAKCAQEA".repeat(4));
    let token = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    assert_eq!(secrets(&key), [SecretKind::PrivateKey]);
    assert_eq!(secrets("id=AKIAQ3EGRIZXCVBNM234 "), [SecretKind::AwsKey]);
    assert_eq!(secrets(&format!("ghp_{token}")), [SecretKind::GithubToken]);
    assert_eq!(secrets("postgres://x ftp://me:secret@host/"), [SecretKind::UrlPassword]);
    for no in [
        "-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMIIEpAIBAAKCAQEAMIIEpAIBAAKCAQEAMIIEpAIBAAKCAQEA",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_short",
        "npm_config_registry_and_other_variables_",
        "https://medium.com/@user",
    ] {
        assert_eq!(secrets(no), [], "{no}");
    }
    // A text that is listed for another reason does not give it away.
    let hook = format!("https://hooks.slack.com/services/T{token}{token}");
    for text in [format!("https://ghp_{token}@github.com/a https://x.org/ghp_{token}"), hook] {
        let m = data(text.as_bytes());
        assert!(m.content.secrets.count > 0);
        let json = serde_json::to_string(&m).unwrap();
        assert!(!json.contains(token), "{:?}", m.content.texts);
    }
}

#[test]
fn libraries_with_their_versions() {
    let found = |bytes: &[u8]| -> Vec<(String, Option<String>, bool)> {
        let libraries = data(bytes).content.libraries;
        libraries.into_iter().map(|l| (l.name, l.version, l.interpreter)).collect()
    };
    let one = |name: &str, version: &str, interpreter| {
        vec![(name.to_owned(), (!version.is_empty()).then(|| version.to_owned()), interpreter)]
    };
    assert_eq!(found(b" deflate 1.2.11 Copyright 1995-2017 "), one("zlib", "1.2.11", false));
    assert_eq!(found(b"OpenSSL 1.1.1k  25 Mar 2021"), one("OpenSSL", "1.1.1k", false));
    assert_eq!(found(b"$LuaVersion: Lua 5.4.6  Copyright"), one("Lua", "5.4.6", true));
    assert_eq!(found(b"/boa_engine-0.17.3/src/vm.rs"), one("Boa", "0.17.3", true));
    let id = [&b"SQLite format 3\0..2023-05-16 12:36:15 "[..], &[b'0'; 64]].concat();
    assert_eq!(found(&id), one("SQLite", "2023-05-16 12:36:15", false));
    for no in
        [&b"deflate 1.x"[..], b"deflate 1.2.11 stream", b"libcurl/x", b"OpenSSL 1.1.1", b"/rhai-test/src/"]
    {
        assert_eq!(found(no), [], "{}", String::from_utf8_lossy(no));
    }
}

/// Every few bytes something that is looked for: lists stay short, counts exact.
#[test]
fn a_hundred_thousand_matches_stay_bounded() {
    let address = b"1.2.3.4:5 ";
    let patterns: [&[u8]; 7] = [
        b"http://a b",
        address,
        b"BZh91AY&SY",
        b"\x63\x7c\x77\x7b\xf2\x6b\x6f\xc5\x30\x01\x67\x2b\xfe\xd7\xab\x76",
        b"MZ",
        b"eyJhbGciOi",
        b"%n|sh",
    ];
    for pattern in patterns {
        let mut many = pattern.repeat((256 << 10) / pattern.len());
        many.push(0);
        let bytes = with_data(&many);
        let facts = analyze(&bytes, &Options::default()).unwrap();
        let content = &facts.modules[0].content;
        assert!(content.payloads.list.len() <= limits::CONTENT);
        assert!(content.texts.values().all(|texts| texts.list.len() <= limits::CONTENT));
        if pattern == address {
            assert_eq!(content.texts[&TextClass::Address].count, many.len() as u64 / 10);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The beginnings of everything, mixed and cut.
    #[test]
    fn mixtures_do_no_harm(parts in proptest::collection::vec((0usize..24, 0usize..40, any::<u8>()), 0..30)) {
        let samples = samples();
        let texts: [&[u8]; 8] = [b"-----BEGIN PRIVATE KEY-----\n", b"http://a:b@c", b".onion", b"]:1", b"%1$n", b"curl |sh",
            b"eyJhbGciOi", b"deflate 1."];
        let mut bytes = Vec::new();
        for (which, length, other) in parts {
            let part = samples.get(which).map_or_else(|| texts[which % 8], |(_, bytes)| &bytes[..]);
            bytes.extend_from_slice(&part[..length.min(part.len())]);
            bytes.push(other);
        }
        data(&bytes);
    }

    /// Random bytes hold nothing.
    #[test]
    fn noise_is_not_content(bytes in proptest::collection::vec(any::<u8>(), 20_000)) {
        let m = data(&bytes);
        prop_assert_eq!(m.content.payloads.count + m.content.secrets.count, 0);
        prop_assert!(m.content.texts.is_empty() && m.content.libraries.is_empty());
        prop_assert!(m.constants.is_empty(), "{:?}", m.constants);
    }
}

#[test]
fn an_empty_module_holds_nothing() {
    let m = module("(module)");
    assert_eq!(m.content, Default::default());
    assert!(m.constants.is_empty());
}
