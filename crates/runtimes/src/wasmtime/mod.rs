//! Wasmtime's code images: every compiled module is a complete ELF file in the process's memory.
//!
//! Sources: `wasmtime-environ` `src/obj.rs` (sections, header fields), `wasmtime` `src/compile.rs` (symbol
//! names) and `src/engine/serialization.rs` (engine section), versions 43 to 50.

pub(crate) mod digest;
mod elf;
mod find;
mod image;
mod symbols;

pub(crate) use elf::c_string;
pub use find::{ImageScan, MAX_IMAGES, find_images};
pub(crate) use image::read_image;
pub use symbols::{FunctionScan, functions};
