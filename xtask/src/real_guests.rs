//! `cargo xtask real-guests`: fetches the programs that benchmarks run.

use std::fs;

use anyhow::{Context, Result};
use wasmscope_testkit::REAL_GUESTS;

use crate::runtimes::{Dependencies, pip};

pub(crate) fn run() -> Result<()> {
    for guest in REAL_GUESTS {
        // The folder's name has the version, and the module comes last.
        let state = if guest.find_module().is_some() {
            "present"
        } else {
            let folder = guest.folder();
            if folder.exists() {
                fs::remove_dir_all(&folder).context("removing what was installed incompletely")?;
            }
            fs::create_dir_all(&folder)?;
            // Only the module is wanted, not the program around it.
            pip(&folder, guest.package, guest.version, Dependencies::Without)?;
            "installed"
        };
        let module = guest
            .find_module()
            .with_context(|| format!("{} {} has no {}", guest.package, guest.version, guest.name))?;
        let size = fs::metadata(&module)?.len();
        println!("{:14} {size:>9} bytes  {state}: {}", guest.name, module.display());
    }
    Ok(())
}
