//! Files, archives and image layouts.
#![no_main]

use wasmscope_fuzz::{archives, sow};

libfuzzer_sys::fuzz_target!(init: sow(archives::seeds), |data: &[u8]| archives::walk(data));
