//! `cargo xtask guests`

use std::fs;

use anyhow::Result;
use wasmscope_testkit::{
    component, find_guest, find_world, guest, guest_names, host_program, host_program_names,
};

pub(crate) fn run() -> Result<()> {
    for name in guest_names() {
        // One with a world of its own runs only as a component.
        let module = if find_world(&name)?.is_some() { component(&name) } else { guest(&name) };
        let size = fs::metadata(&module)?.len();
        let readme = fs::read_to_string(find_guest(&name)?.with_file_name("README.md"))?;
        let what = readme.lines().next().unwrap_or_default();
        println!("{name:14} {size:>9} bytes  {what}");
    }
    for name in host_program_names() {
        let size = fs::metadata(host_program(&name))?.len();
        println!("{name:14} {size:>9} bytes  a native program");
    }
    Ok(())
}
