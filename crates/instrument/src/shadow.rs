//! The shadow stack: the part of linear memory where compilers keep what has an address, and its pointer.
//!
//! Conventions: <https://github.com/WebAssembly/tool-conventions/blob/main/BasicCABI.md>.

use crate::body::{Body, Instruction};
use crate::error::Refused;
use crate::module::Module;
use crate::width::Width;
use wasmparser::{ExternalKind, Operator, ValType};

/// So many instructions of a function are looked at for a frame's beginning.
const PROLOGUE: usize = 24;

/// The stack pointer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StackPointer {
    pub(crate) global: u32,
    pub(crate) width: Width,
    /// Where the stack begins, if that is known; it grows down from there.
    pub(crate) initial: Option<u64>,
}

/// Where a function makes its frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// The instruction that reads the stack pointer.
    pub(crate) reads: u32,
    /// Whether the function moves the stack pointer; leaves with small frames do not.
    pub(crate) moves: bool,
}

impl StackPointer {
    /// By setting, by name (name section, export, import), else by shape.
    pub(crate) fn find(module: &Module<'_>, setting: Option<u32>, pass: &str) -> Result<Self, Refused> {
        let name = "__stack_pointer";
        let imported =
            || module.globals.iter().position(|g| g.import.is_some_and(|import| import.name == name));
        let global = setting
            .or_else(|| module.names.global_named(name))
            .or_else(|| module.export(ExternalKind::Global, name))
            .or_else(|| imported().map(|index| index as u32))
            .or_else(|| by_shape(module));
        let refuse = |reason: &str| Refused::Pass { pass: pass.to_owned(), reason: reason.to_owned() };
        let global =
            global.ok_or_else(|| refuse("no stack pointer found, by name or by shape; name its global"))?;
        let found = module.globals.get(global as usize).ok_or_else(|| refuse("no such global"))?;
        if !found.ty.mutable || !matches!(found.ty.content_type, ValType::I32 | ValType::I64) {
            return Err(refuse("the stack pointer's global is no mutable integer"));
        }
        let wide = found.ty.content_type == ValType::I64;
        if module.memories.is_empty() || module.memory64(0) != wide {
            return Err(refuse("there is no memory of the stack pointer's width"));
        }
        Ok(Self { global, width: Width { wide }, initial: found.initial.map(i64::cast_unsigned) })
    }

    /// Where this function makes its frame, if it does so in a way that is known: at once, by a constant.
    pub(crate) fn frame(&self, body: &Body<'_, '_>) -> Option<Frame> {
        let entry = body.blocks.first().filter(|block| block.start == 0)?;
        let entry = &body.instructions[..(entry.end as usize).min(PROLOGUE)];
        let reads = entry.iter().position(|i| self.is_read(i))?;
        allocates(&entry[reads + 1..]).then_some(())?;
        let moves = entry[reads..].iter().any(|i| self.is_write(i));
        let count = |is: fn(&Self, &Instruction<'_>) -> bool| {
            body.instructions.iter().filter(|i| is(self, i)).count()
        };
        // A function that does not move the pointer at once but reads or moves it elsewhere is something else.
        let leaf = count(Self::is_read) == 1 && count(Self::is_write) == 0;
        (moves || leaf).then_some(Frame { reads: reads as u32, moves })
    }

    pub(crate) fn is_read(&self, instruction: &Instruction<'_>) -> bool {
        matches!(instruction.operator, Operator::GlobalGet { global_index } if global_index == self.global)
    }

    pub(crate) fn is_write(&self, instruction: &Instruction<'_>) -> bool {
        matches!(instruction.operator, Operator::GlobalSet { global_index } if global_index == self.global)
    }
}

/// Whether what stands behind the read of a stack pointer takes a constant from it: at once, or by way of locals, as
/// compilers write without optimisation.
fn allocates(rest: &[Instruction<'_>]) -> bool {
    let operators: Vec<_> = rest.iter().take(7).map(|i| &i.operator).collect();
    let positive = |operator: &Operator<'_>| match operator {
        Operator::I32Const { value } => *value > 0,
        Operator::I64Const { value } => *value > 0,
        _ => false,
    };
    match operators.as_slice() {
        [
            size,
            Operator::I32Sub | Operator::I64Sub,
            Operator::LocalTee { .. } | Operator::LocalSet { .. },
            ..,
        ] => positive(size),
        [
            Operator::LocalSet { local_index: pointer },
            size,
            Operator::LocalSet { local_index: amount },
            Operator::LocalGet { local_index: left },
            Operator::LocalGet { local_index: right },
            Operator::I32Sub | Operator::I64Sub,
            Operator::LocalSet { .. },
            ..,
        ] => positive(size) && pointer == left && amount == right,
        _ => false,
    }
}

/// The global from which most functions take a constant at their beginning, and which they set at once.
fn by_shape(module: &Module<'_>) -> Option<u32> {
    let mut votes = vec![0_u32; module.globals.len()];
    for range in &module.bodies {
        let Ok(operators) = module.body_reader(range).get_operators_reader() else { continue };
        let begin: Vec<_> = operators
            .into_iter()
            .take(PROLOGUE)
            .map_while(Result::ok)
            .map(|operator| Instruction { offset: 0, operator })
            .collect();
        let read = begin.iter().enumerate().find_map(|(at, i)| match i.operator {
            Operator::GlobalGet { global_index } => Some((at, global_index)),
            _ => None,
        });
        let Some((at, global)) = read else { continue };
        let sets = |i: &Instruction<'_>| matches!(i.operator, Operator::GlobalSet { global_index } if global_index == global);
        if allocates(&begin[at + 1..])
            && begin[at..].iter().any(sets)
            && let Some(votes) = votes.get_mut(global as usize)
        {
            *votes += 1;
        }
    }
    let most = *votes.iter().max()?;
    votes.iter().position(|votes| *votes == most && most > 0).map(|index| index as u32)
}
