//! How long `analyze` takes beside wasmparser's validation of the same bytes:
//! `cargo run --release -p wasmscope-analyze --example speed -- FILE…`

use std::time::{Duration, Instant};
use wasmparser::{Validator, WasmFeatures};
use wasmscope_analyze::{Options, analyze};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:>10} {:>12} {:>12} {:>6}  file", "bytes", "validate ms", "analyze ms", "ratio");
    let (mut ratios, mut files) = (0.0, 0);
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        // Taken in turns, so that a busy machine slows both.
        let (mut validation, mut analysis) = (Duration::MAX, Duration::MAX);
        for _ in 0..7 {
            let start = Instant::now();
            let result = Validator::new_with_features(WasmFeatures::all()).validate_all(&bytes);
            validation = validation.min(start.elapsed());
            let start = Instant::now();
            let facts = analyze(&bytes, &Options::default())?;
            analysis = analysis.min(start.elapsed());
            assert_eq!(facts.validation.valid, result.is_ok(), "{:?}", facts.validation.error);
        }
        let ratio = validation.as_secs_f64() / analysis.as_secs_f64();
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        println!("{:>10} {:>12.2} {:>12.2} {ratio:>6.2}  {path}", bytes.len(), ms(validation), ms(analysis));
        (ratios, files) = (ratios + ratio.ln(), files + 1);
    }
    println!(
        "geometric mean of {files} files: {:.2} of the speed of validation",
        (ratios / f64::from(files.max(1))).exp()
    );
    Ok(())
}
