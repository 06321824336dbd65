//! What wasmscope's tests need: guest programs built from source, unmodified
//! runtimes to run them, and processes that never outlive their test.
//!
//! ```no_run
//! use std::time::Duration;
//! use wasmscope_testkit::{Running, guest, require_root, require_runtime, runtimes, wait_until};
//!
//! fn finds_a_spinning_guest() {
//!     require_root!();
//!     let wasmtime = require_runtime!(runtimes::wasmtime());
//!     let process = Running::spawn(wasmtime.command(&guest("spin"), ["10"]));
//!     assert!(wait_until(|| process.output().contains("ready"), Duration::from_secs(5)));
//! } // The process and its children are killed here.
//! ```
//!
//! Functions here panic with a message that says what to do: a test has no better
//! answer to a broken kit.

mod guest;
mod hostile;
mod process;
mod programs;
pub mod prometheus;
mod real_guests;
mod requirements;
mod rootfs;
pub mod rotel;
pub mod runtimes;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub use guest::{
    component, find_guest, find_world, guest, guest_names, host_program, host_program_names, proxy, script,
    variants,
};
pub use process::{Running, wait_until};
pub use programs::{MissingProgram, PROGRAMS, Program};
pub use real_guests::{MissingGuest, REAL_GUESTS, RealGuest, real_guest};
pub use requirements::{is_root, may_skip};
pub use rootfs::Rootfs;
pub use runtimes::{Missing, Runtime};

/// The top of the checkout, as an absolute path without links: tests compare such paths
/// with what the kernel calls a running program.
pub fn workspace_root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout is there")
    });
    &ROOT
}

/// `target/` of the checkout, for guests and runtimes.
///
/// It does not follow `CARGO_TARGET_DIR`: what is downloaded once serves every build
/// directory, and the scripts beside Cargo need to find it too.
pub fn target_dir() -> PathBuf {
    workspace_root().join("target")
}

/// The `wasmscope` binary under test.
///
/// Taken from `WASMSCOPE_BIN`, then from Cargo (for tests in the package that builds it),
/// then from the build directory the running test lies in.
///
/// # Panics
///
/// When there is none: build it with `cargo build -p wasmscope` and the test's profile.
pub fn wasmscope() -> PathBuf {
    let named = ["WASMSCOPE_BIN", "CARGO_BIN_EXE_wasmscope"].into_iter().find_map(std::env::var_os);
    if let Some(path) = named {
        return path.into();
    }
    let test = std::env::current_exe().expect("a test knows its own path");
    test.ancestors()
        .skip(1)
        .map(|dir| dir.join("wasmscope"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no wasmscope above {}: cargo build -p wasmscope", test.display()))
}
