//! Prints the findings of files, a line each: `cargo run -p wasmscope-findings --example find -- FILE…`

use wasmscope_analyze::{Options, analyze};
use wasmscope_findings::find;
use wasmscope_model::text::shown;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        println!("{path}");
        let facts = match analyze(&std::fs::read(&path)?, &Options::default()) {
            Ok(facts) => facts,
            Err(error) => {
                println!("    {error}");
                continue;
            }
        };
        let findings = find(&facts);
        for finding in &findings.list {
            let module = finding.module.as_deref().unwrap_or("-");
            let (severity, rule) = (finding.severity.as_str(), &finding.rule);
            println!("    {severity:8} {rule:28} {module:20} {}", shown(&finding.message));
        }
        for (rule, omitted) in &findings.omitted {
            println!("    {rule}: {omitted} more");
        }
    }
    Ok(())
}
