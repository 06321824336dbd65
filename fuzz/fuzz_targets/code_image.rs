//! Code images in the memory of a process, and precompiled files.
#![no_main]

use wasmscope_fuzz::{files, images, sow};

libfuzzer_sys::fuzz_target!(init: sow(|| files("crates/runtimes/tests/images", "cwasm")), |data: &[u8]| {
    images::read(data);
});
