//! Components that wasm-smith makes of the input, as they are and with some bytes changed.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use wasm_smith::{Component, Config};
use wasmscope_fuzz::{scan_and_check, sow};
use wasmscope_trial::edit;

fn component(source: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let config = Config::arbitrary(source)?;
    Ok(Component::new(config, source)?.to_bytes())
}

/// Randomness in growing amounts: wasm-smith makes nothing of an empty input.
fn seeds() -> Vec<Vec<u8>> {
    let noise = |seed: u64| {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut bytes = vec![0; 256 << (seed % 5)];
        rand::Rng::fill_bytes(&mut random, &mut bytes);
        bytes
    };
    (0..200).map(noise).collect()
}

libfuzzer_sys::fuzz_target!(init: sow(seeds), |data: &[u8]| {
    let mut source = Unstructured::new(data);
    let Ok(seed) = source.arbitrary::<u64>() else { return };
    let Ok(mut bytes) = component(&mut source) else { return };
    let _ = scan_and_check(&bytes);
    edit(&mut bytes, &mut SmallRng::seed_from_u64(seed));
    let _ = scan_and_check(&bytes);
});
