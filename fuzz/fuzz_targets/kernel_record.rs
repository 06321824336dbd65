//! What the probes write into ring buffers.
#![no_main]

use wasmscope_fuzz::sow;
use wasmscope_sensor_kernel::{VmaRecord, record};

/// Records of every kind and of many lengths, all zeros but for the kind.
fn seeds() -> Vec<Vec<u8>> {
    let lengths = [64, 256, 1024, 2048, 8192, 16384];
    let kinds = (0..16u32).flat_map(|kind| lengths.map(|length| (kind, length)));
    kinds.map(|(kind, length)| [&kind.to_le_bytes()[..], &vec![0; length]].concat()).collect()
}

libfuzzer_sys::fuzz_target!(init: sow(seeds), |data: &[u8]| {
    let _ = record::decode(data);
    let _ = VmaRecord::decode(data);
});
