//! The bytes of a module: facts, findings and every output, twice.
#![no_main]

use wasmscope_fuzz::{modules, scan_and_check, sow};

libfuzzer_sys::fuzz_target!(init: sow(modules), |data: &[u8]| {
    let _ = scan_and_check(data);
});
