//! Embeds every folder of `known/`, so that a new runtime is a new folder and no line of Rust.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The embedded descriptions hold the very strings that fingerprints look for. Stored as they are, they
/// would make every program that contains this crate look like all runtimes at once.
const MASK: u8 = 0xa5;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=known");
    let known = Path::new("known");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(known)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    folders.retain(|folder| folder.join("runtime.toml").is_file());
    folders.sort();

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut list = String::from("&[\n");
    for folder in folders {
        let name = folder.file_name().and_then(|n| n.to_str()).expect("a runtime's folder has a plain name");
        let masked: Vec<u8> = fs::read(folder.join("runtime.toml"))?.iter().map(|b| b ^ MASK).collect();
        let file = out.join(format!("{name}.masked"));
        fs::write(&file, masked)?;
        writeln!(list, "    ({name:?}, include_bytes!({file:?}) as &[u8]),").expect("writing to a String");
    }
    list.push(']');
    fs::write(out.join("known.rs"), list)
}
