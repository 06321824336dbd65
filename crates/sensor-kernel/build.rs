//! Compiles every `probes/<name>/probe.bpf.c` and generates its skeleton `<name>.skel.rs`.

use libbpf_cargo::SkeletonBuilder;
use std::{env, fs, path::PathBuf};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (target_arch, triple) = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => ("x86", "x86_64-linux-gnu"),
        other => panic!("the probes know no system-call table for {other:?} yet: see bpf/arch.h"),
    };

    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-changed=probes");
    for entry in fs::read_dir(root.join("probes")).expect("probes/ is part of the crate") {
        let folder = entry.expect("readable folder").path();
        let source = folder.join("probe.bpf.c");
        if !source.exists() {
            continue;
        }
        let name = folder.file_name().and_then(|n| n.to_str()).expect("probe folders have ASCII names");
        SkeletonBuilder::new()
            .source(&source)
            .clang_args([
                "-I".into(),
                root.join("bpf").into_os_string(),
                // Debian keeps asm/types.h in the multiarch folder, which -target bpf does not search.
                "-I".into(),
                format!("/usr/include/{triple}").into(),
                format!("-D__TARGET_ARCH_{target_arch}").into(),
                "-mcpu=v3".into(),
                "-Wall".into(),
                "-Werror".into(),
            ])
            .build_and_generate(out.join(format!("{name}.skel.rs")))
            .unwrap_or_else(|e| {
                panic!("{}: {e:#}\nNeeded: clang, libelf-dev, zlib1g-dev (`make setup`)", source.display())
            });
    }
}
