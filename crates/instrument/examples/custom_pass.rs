//! A pass of one's own: it counts integer divisions.

use wasmscope_instrument::passes::Pass;
use wasmscope_instrument::{
    Additions, Body, Cell, Edits, Module, Plan, Refused, instrument, wasmparser::Operator,
};

/// Counts integer divisions.
#[derive(Debug, Default)]
struct Divisions(Option<Cell>);

impl Pass for Divisions {
    fn name(&self) -> &'static str {
        "divisions"
    }

    fn prepare(&mut self, _: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        self.0 = Some(additions.counter("divisions"));
        Ok(())
    }

    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let cell = self.0.expect("prepared");
        for (at, instruction) in body.instructions.iter().enumerate() {
            if matches!(instruction.operator, Operator::I32DivS | Operator::I32DivU) {
                edits.before(at as u32, |code| code.add(cell, 1));
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let module = wat::parse_str(
        r#"(module (func (export "half") (param i32) (result i32)
            (i32.div_u (local.get 0) (i32.const 2))))"#,
    )?;
    let plan = Plan { passes: vec![Box::new(Divisions::default())], ..Plan::default() };
    let instrumented = instrument(&module, plan)?;
    assert_eq!(instrumented.report.schema.results[0].name, "divisions");
    Ok(())
}
