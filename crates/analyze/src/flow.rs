//! A second, closer look at a function: where its operands come from, by one pass with an abstract stack.
//!
//! Only what is cheap is followed: constants, parameters, bytes and what they were combined with, through the stack
//! and locals. Where ways join, nothing is known.

mod visit;

use std::collections::BTreeSet;
use wasmparser::{BlockType, FunctionBody, MemArg};

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    Unknown,
    /// The same at every call; the number, if it is known.
    Constant(Option<u64>),
    /// A parameter of the function that it never changes.
    Parameter,
    /// A byte (or sixteen) from memory.
    Byte(Option<Address>),
    /// Such a byte after `add`, `sub`, `rotl`, `rotr`; with `xor` if that was among them.
    Mixed {
        from: Option<Address>,
        xor: bool,
    },
}

/// A local at some moment, and an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    local: u32,
    /// How often the local had been set.
    version: u32,
    offset: u64,
}

/// A value, and the local that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    local: Option<(u32, u32)>,
}

/// Nothing is known.
pub(crate) const UNKNOWN: Operand = Operand { value: Value::Unknown, local: None };

impl Operand {
    /// The address that this operand and `offset` make.
    pub(crate) fn address(self, offset: u64) -> Option<Address> {
        self.local.map(|(local, version)| Address { local, version, offset })
    }
}

/// What a module says of what a function uses. `None`: not known, and the stack with it.
pub(crate) trait Context {
    /// Parameters and results of a function.
    fn function(&self, index: u32) -> Option<(u32, u32)>;
    /// Parameters and results of a type.
    fn signature(&self, ty: u32) -> Option<(u32, u32)>;
    /// Does the global keep its first value?
    fn is_constant(&self, global: u32) -> bool;
}

/// Who wants to know.
pub(crate) trait Watch {
    /// A direct call. Of the operands those from the last are given that are known.
    fn call(&mut self, _function: u32, _operands: &[Operand], _at: u64) {}
    /// Any call.
    fn any_call(&mut self) {}
    /// A load of a whole word.
    fn load(&mut self, _address: Operand, _offset: u64) {}
    /// A store of a byte, or of sixteen.
    fn store(&mut self, _address: Operand, _value: Operand, _offset: u64) {}
    /// A block begins.
    fn begin(&mut self, _is_loop: bool) {}
    /// A block ends.
    fn end(&mut self) {}
}

/// Locals that are followed: more would cost memory, and no compiler makes them.
const LOCALS: u32 = 50_000;

/// Operands or blocks at once, for the same reason; what comes behind is not followed.
const HEIGHT: usize = 20_000;

#[derive(Clone, Copy)]
struct Local {
    value: Value,
    version: u32,
}

struct Block {
    height: usize,
    ty: BlockType,
}

struct Flow<'c, C, W> {
    context: &'c C,
    watch: &'c mut W,
    /// Locals that are not constant wherever they are set, by an earlier pass.
    known_variable: &'c BTreeSet<u32>,
    /// The same by this pass.
    variable: BTreeSet<u32>,
    stack: Vec<Operand>,
    blocks: Vec<Block>,
    locals: Vec<Local>,
    /// Where the instruction is.
    at: u64,
}

/// Follows the function with `parameters`. `variable`: locals that are not constant wherever they are set, known from an earlier
/// pass; gives those of this pass.
///
/// # Errors
///
/// If the body cannot be read.
pub(crate) fn follow<C: Context, W: Watch>(
    body: &FunctionBody<'_>,
    parameters: u32,
    context: &C,
    variable: &BTreeSet<u32>,
    watch: &mut W,
) -> wasmparser::Result<BTreeSet<u32>> {
    let mut count = parameters;
    for local in body.get_locals_reader()? {
        count = count.saturating_add(local?.0);
    }
    let is_parameter = |local| local < parameters && !variable.contains(&local);
    let first = |local| if is_parameter(local) { Value::Parameter } else { Value::Unknown };
    let mut flow = Flow {
        context,
        watch,
        known_variable: variable,
        variable: BTreeSet::new(),
        stack: Vec::new(),
        blocks: vec![Block { height: 0, ty: BlockType::Empty }],
        locals: (0..count.min(LOCALS)).map(|local| Local { value: first(local), version: 0 }).collect(),
        at: 0,
    };
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() && flow.stack.len() < HEIGHT && flow.blocks.len() < HEIGHT {
        flow.at = operators.original_position();
        operators.visit_operator(&mut flow)?;
    }
    Ok(flow.variable)
}

impl<C: Context, W: Watch> Flow<'_, C, W> {
    fn height(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.height)
    }

    fn pop(&mut self) -> Operand {
        // Below the height lie the operands of the block outside: here the stack was lost.
        if self.stack.len() > self.height() { self.stack.pop().unwrap_or(UNKNOWN) } else { UNKNOWN }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Operand { value, local: None });
    }

    /// Nothing is known of the operands of this block any more.
    fn lose(&mut self) {
        let height = self.height();
        self.stack.truncate(height);
    }

    /// Takes and gives so many operands. A function type may have a thousand results, not more.
    #[inline]
    fn shift(&mut self, taken: u32, given: u32) {
        let left = self.stack.len().saturating_sub(taken as usize).max(self.height());
        self.stack.truncate(left);
        (0..given.min(1000)).for_each(|_| self.push(Value::Unknown));
    }

    fn begin(&mut self, ty: BlockType, is_loop: bool) {
        if let BlockType::FuncType(_) = ty {
            self.lose();
        }
        self.blocks.push(Block { height: self.stack.len(), ty });
        self.watch.begin(is_loop);
    }

    fn end(&mut self) {
        self.lose();
        let Some(block) = self.blocks.pop() else { return };
        self.watch.end();
        match block.ty {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(Value::Unknown),
            BlockType::FuncType(ty) => {
                self.call_type(self.context.signature(ty).map(|(_, results)| (0, results)))
            }
        }
    }

    fn get(&mut self, local: u32) {
        let known = self.locals.get(local as usize).copied();
        let known = known.unwrap_or(Local { value: Value::Unknown, version: 0 });
        let value = match known.value {
            Value::Constant(_) if self.known_variable.contains(&local) => Value::Unknown,
            value => value,
        };
        self.stack.push(Operand { value, local: Some((local, known.version)) });
    }

    fn set(&mut self, local: u32) -> Operand {
        let value = self.pop().value;
        if !matches!(value, Value::Constant(_)) {
            self.variable.insert(local);
        }
        let mut version = 0;
        if let Some(slot) = self.locals.get_mut(local as usize) {
            version = slot.version.wrapping_add(1);
            *slot = Local { value, version };
        }
        Operand { value, local: Some((local, version)) }
    }

    /// Two operands become one. `mixes`: does it change the bits of both by each other; is it `xor`?
    fn combine(&mut self, mixes: bool, xor: bool, sum: Option<fn(u64, u64) -> u64>) {
        let (b, a) = (self.pop().value, self.pop().value);
        use Value::*;
        let value = match (a, b) {
            (Constant(a), Constant(b)) => Constant(a.zip(b).zip(sum).map(|((a, b), sum)| sum(a, b))),
            (Mixed { from, xor: old }, _) | (_, Mixed { from, xor: old }) => Mixed { from, xor: old || xor },
            (Byte(from), _) | (_, Byte(from)) if mixes => Mixed { from, xor },
            (Byte(from), _) | (_, Byte(from)) => Byte(from),
            _ => Unknown,
        };
        self.push(value);
    }

    fn mix(&mut self) {
        self.combine(true, false, None);
    }

    fn mask(&mut self) {
        self.combine(false, false, None);
    }

    fn keep(&mut self) {
        let value = self.pop().value;
        self.push(value);
    }

    fn select(&mut self) {
        self.pop();
        let (b, a) = (self.pop().value, self.pop().value);
        let both = matches!((a, b), (Value::Constant(_), Value::Constant(_)));
        self.push(if both { Value::Constant(None) } else { Value::Unknown });
    }

    fn global(&mut self, global: u32) {
        let constant = self.context.is_constant(global);
        self.push(if constant { Value::Constant(None) } else { Value::Unknown });
    }

    fn call(&mut self, function: u32) {
        let arity = self.context.function(function);
        let taken = arity.map_or(0, |(parameters, _)| parameters as usize);
        let from = self.stack.len().saturating_sub(taken).max(self.height());
        self.watch.call(function, &self.stack[from..], self.at);
        self.watch.any_call();
        self.call_type(arity);
    }

    fn call_indirect(&mut self, ty: u32) {
        self.pop();
        self.watch.any_call();
        self.call_type(self.context.signature(ty));
    }

    fn call_type(&mut self, arity: Option<(u32, u32)>) {
        match arity {
            Some((parameters, results)) => self.shift(parameters, results),
            None => self.lose(),
        }
    }

    fn load_byte(&mut self, memarg: MemArg) {
        let address = self.pop();
        self.push(Value::Byte(address.address(memarg.offset)));
    }

    fn load_word(&mut self, memarg: MemArg) {
        let address = self.pop();
        self.watch.load(address, memarg.offset);
        self.push(Value::Unknown);
    }

    fn store_byte(&mut self, memarg: MemArg) {
        let (value, address) = (self.pop(), self.pop());
        self.watch.store(address, value, memarg.offset);
    }
}
