//! `cargo xtask guests`

use std::fs;

use anyhow::Result;
use wasmscope_testkit::{find_guest, guest, guest_names};

pub(crate) fn run() -> Result<()> {
    for name in guest_names() {
        let module = guest(&name);
        let size = fs::metadata(&module)?.len();
        let readme = fs::read_to_string(find_guest(&name)?.with_file_name("README.md"))?;
        let what = readme.lines().next().unwrap_or_default();
        println!("{name:14} {size:>9} bytes  {what}");
    }
    Ok(())
}
