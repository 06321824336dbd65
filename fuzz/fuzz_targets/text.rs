//! The text format, as `scan` takes it.
#![no_main]

use wasmscope_fuzz::{files, scan_and_check, sow};

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = files("crates/findings/src/rules", "wat");
    seeds.extend(files("workloads", "wat"));
    seeds
}

libfuzzer_sys::fuzz_target!(init: sow(seeds), |data: &[u8]| {
    // Bytes that are no text are for `analyze`.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(binary) = wat::parse_str(text) else { return };
    // Need not succeed: `(module binary …)` may hold anything.
    let _ = scan_and_check(&binary);
});
