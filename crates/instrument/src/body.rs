//! One function, decoded once and shown to every pass.

use crate::blocks::{Block, Blocks};
use crate::error::Refused;
use crate::module::Module;
use wasmparser::{FuncType, Operator};

/// Functions beyond this many instructions are refused: WebAssembly's implementations limit a body to 7,654,321 bytes.
const MAX_OPERATORS: usize = 7_654_321;

/// An instruction and where it stands.
#[derive(Debug, Clone)]
pub struct Instruction<'a> {
    /// The byte offset in the original module.
    pub offset: u32,
    /// What it is.
    pub operator: Operator<'a>,
}

/// A function before it is rewritten. Indices in it are those of the original module.
#[derive(Debug)]
pub struct Body<'b, 'a> {
    /// The module it belongs to.
    pub module: &'b Module<'a>,
    /// Its index.
    pub function: u32,
    /// Its signature.
    pub signature: &'b FuncType,
    /// Its instructions; the last is the function's own `end`.
    pub instructions: &'b [Instruction<'a>],
    /// Its blocks, in order; code that cannot be reached is in none.
    pub blocks: &'b [Block],
}

/// Decodes functions one after the other, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Decoder<'a> {
    instructions: Vec<Instruction<'a>>,
    blocks: Blocks,
}

/// What the rewriting needs besides the instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Groups in the local declarations, and where the declarations after the count begin.
    pub(crate) local_groups: u32,
    pub(crate) locals_at: usize,
    pub(crate) code_at: usize,
    /// Parameters and declared locals.
    pub(crate) locals: u32,
}

impl<'a> Decoder<'a> {
    pub(crate) fn decode(&mut self, module: &Module<'a>, function: u32) -> Result<Frame, Refused> {
        let range = module.body(function).expect("only defined functions are decoded");
        let reader = module.body_reader(&range);
        let at = |offset: u64| range.start + offset as usize;
        let broken = |error: wasmparser::BinaryReaderError| Refused::Malformed {
            offset: range.start as u64 + error.offset(),
            reason: error.message().to_owned(),
        };
        let mut locals = reader.get_locals_reader().map_err(broken)?;
        let (local_groups, locals_at) = (locals.get_count(), at(locals.original_position()));
        let params = module.signature(function).map_or(0, |ty| ty.params().len()) as u32;
        let mut count = params;
        for _ in 0..local_groups {
            count = count.saturating_add(locals.read().map_err(broken)?.0);
        }
        let code_at = at(locals.original_position());
        self.instructions.clear();
        self.blocks.clear();
        let mut operators = reader.get_operators_reader().map_err(broken)?;
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset().map_err(broken)?;
            if self.instructions.len() >= MAX_OPERATORS {
                let count = self.instructions.len() as u64;
                return Err(Refused::TooMany { what: "instructions of a function", count, limit: count });
            }
            self.blocks.instruction(self.instructions.len() as u32, &operator);
            self.instructions.push(Instruction { offset: at(offset) as u32, operator });
        }
        if !matches!(self.instructions.last(), Some(Instruction { operator: Operator::End, .. })) {
            let offset = range.end as u64;
            return Err(Refused::Malformed { offset, reason: "a function without its end".into() });
        }
        self.blocks.finish(self.instructions.len() as u32);
        Ok(Frame { local_groups, locals_at, code_at, locals: count })
    }

    pub(crate) fn body<'b>(&'b self, module: &'b Module<'a>, function: u32) -> Result<Body<'b, 'a>, Refused> {
        let signature = module
            .signature(function)
            .ok_or_else(|| Refused::Invalid(format!("function {function} has no function type")))?;
        let (instructions, blocks) = (self.instructions.as_slice(), self.blocks.found());
        Ok(Body { module, function, signature, instructions, blocks })
    }

    /// Whether a branch leads to the end of the function.
    pub(crate) fn branches_to_end(&self) -> bool {
        self.blocks.function_targeted()
    }
}
