//! Recordings of runs.
#![no_main]

use wasmscope_fuzz::{recordings, sow};

libfuzzer_sys::fuzz_target!(init: sow(recordings::seeds), |data: &[u8]| recordings::replay(data));
