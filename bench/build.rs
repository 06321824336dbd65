//! Compiles `floor.bpf.c` and generates its skeleton.

use libbpf_cargo::SkeletonBuilder;
use std::{env, path::PathBuf};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it");
    let headers = root.join("../crates/sensor-kernel/bpf");
    println!("cargo::rerun-if-changed=floor.bpf.c");
    println!("cargo::rerun-if-changed={}", headers.join("records.h").display());
    SkeletonBuilder::new()
        .source(root.join("floor.bpf.c"))
        .clang_args([
            "-I".into(),
            headers.into_os_string(),
            // Debian keeps asm/types.h in the multiarch folder, which -target bpf does not search.
            "-I".into(),
            format!("/usr/include/{arch}-linux-gnu").into(),
            "-mcpu=v3".into(),
        ])
        .build_and_generate(out.join("floor.skel.rs"))
        .unwrap_or_else(|e| {
            panic!("floor.bpf.c: {e:#}\nNeeded: clang, libelf-dev, zlib1g-dev (`make setup`)")
        });
}
