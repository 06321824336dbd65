//! How much of a processor's time `analyze` takes beside wasmparser's validation of the same bytes, so that other work on
//! the machine matters little:
//! `cargo run --release -p wasmscope-analyze --example speed -- FILE…`

use rustix::time::{ClockId, clock_gettime};
use wasmparser::{Validator, WasmFeatures};
use wasmscope_analyze::{Options, analyze};

/// Milliseconds that this thread has run.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:>10} {:>12} {:>12} {:>6}  file", "bytes", "validate ms", "analyze ms", "ratio");
    let (mut ratios, mut files) = (0.0, 0);
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        // Taken in turns: a busy machine still slows both by its caches.
        let (mut validation, mut analysis) = (f64::MAX, f64::MAX);
        for _ in 0..7 {
            let start = now();
            let result = Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes);
            validation = validation.min(now() - start);
            let start = now();
            let facts = analyze(&bytes, &Options::default())?;
            analysis = analysis.min(now() - start);
            assert_eq!(facts.validation.valid, result.is_ok(), "{:?}", facts.validation.error);
        }
        let ratio = validation / analysis;
        println!("{:>10} {validation:>12.2} {analysis:>12.2} {ratio:>6.2}  {path}", bytes.len());
        (ratios, files) = (ratios + ratio.ln(), files + 1);
    }
    println!(
        "geometric mean of {files} files: {:.2} of the speed of validation",
        (ratios / f64::from(files.max(1))).exp()
    );
    Ok(())
}
