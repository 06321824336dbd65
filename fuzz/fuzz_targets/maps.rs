//! The text of `/proc/PID/maps`.
#![no_main]

use wasmscope_fuzz::{files, images, sow};

libfuzzer_sys::fuzz_target!(init: sow(|| files("crates/runtimes", "maps")), |data: &[u8]| images::observe(data));
