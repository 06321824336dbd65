//! Prints the facts of a file as JSON: `cargo run -p wasmscope-analyze --example facts -- FILE`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let facts = wasmscope_analyze::analyze(&std::fs::read(path)?, &Default::default())?;
    serde_json::to_writer_pretty(std::io::stdout(), &facts)?;
    Ok(())
}
