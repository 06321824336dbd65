//! Everything that `scan` makes of a file, and what must hold of it whatever the file.
//!
//! Fuzz targets and `cargo xtask mutants` have this in common: [`scan`] does what the command does, up to the last byte of
//! every output; [`check`] panics where a promise of `docs/fuzzing.md` is broken; [`bases`] are real modules to begin with, and
//! [`Mutants`] makes others of them.
//!
//! ```
//! let bytes = wat::parse_str(r#"(module (import "env" "f" (func)))"#)?;
//! let scan = wasmscope_trial::scan(&bytes);
//! wasmscope_trial::check(&bytes, &scan);
//! wasmscope_trial::check_same(&bytes, &scan);
//! # Ok::<(), wat::Error>(())
//! ```

mod bases;
mod bytes;
mod heap;
mod mutants;
mod promises;
mod scan;

pub use bases::{Base, bases, real_modules, texts};
pub use bytes::edit;
pub use heap::{Heap, most_bytes};
pub use mutants::{Kind, Mutant, Mutants};
pub use promises::{check, check_same};
pub use scan::{Form, NAME, Scan, Scanned, digest, scan};
