//! Wasmtime's code images: every compiled module is a complete ELF file in the process's memory.
//!
//! Sources: `wasmtime-environ` `src/obj.rs` (sections, header fields), `wasmtime` `src/compile.rs` (symbol
//! names) and `src/engine/serialization.rs` (engine section), versions 43 to 50.

pub(crate) mod digest;
mod elf;
mod find;
mod image;
mod kept;
mod stack;
mod symbols;
mod symtab;
mod table;
mod trap_code;
mod traps;

pub(crate) use elf::c_string;
pub use find::{ImageScan, MAX_IMAGES, find_images};
pub(crate) use image::read_image;
pub use kept::KeptTables;
pub use stack::{Chain, guest_stack, guest_stack_from_registers};
pub use symbols::{FunctionScan, functions};
pub use table::{Code, CodeScan, CodeTable, Place};
pub use trap_code::TrapCode;
pub use traps::{TableFormat, TrapSections};
