//! What passes emit.

use wasm_encoder::{InstructionSink, MemArg, MemArgTarget};

/// Where results live in the instrumented module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// In a memory of their own, which is appended. The runtime needs multi-memory if the module has a memory already.
    #[default]
    Memory,
    /// In appended globals, for runtimes without multi-memory.
    Globals,
}

/// One 64-bit number that instrumented code keeps. Its meaning depends on the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell(pub(crate) u32);

/// Where cells are, for the code that uses them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Memory { index: u32 },
    Globals,
}

/// Code that is being emitted: WebAssembly instructions, and the cells of this library.
#[derive(Debug)]
pub struct Code<'c> {
    pub(crate) bytes: &'c mut Vec<u8>,
    pub(crate) place: Place,
}

impl Code<'_> {
    /// Any WebAssembly instructions. Indices are those of the *new* module.
    pub fn raw(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(self.bytes)
    }

    /// Adds a constant to a cell. Leaves the stack as it was.
    pub fn add(&mut self, cell: Cell, amount: i64) {
        self.update(cell, |code| {
            code.raw().i64_const(amount).i64_add();
        });
    }

    /// Replaces a cell's value by what `with` makes of it: it finds the value on the stack and leaves the new one.
    pub fn update(&mut self, cell: Cell, with: impl FnOnce(&mut Code<'_>)) {
        if matches!(self.place, Place::Memory { .. }) {
            self.raw().i32_const(0);
        }
        self.load(cell);
        with(self);
        self.store(cell);
    }

    /// Pushes a cell's value, an `i64`.
    pub fn load(&mut self, cell: Cell) {
        match self.place {
            Place::Memory { index } => self.raw().i32_const(0).i64_load(wide(index, cell.0)),
            Place::Globals => self.raw().global_get(cell.0),
        };
    }

    /// Sets a cell to what `value` pushes, an `i64`.
    pub fn set(&mut self, cell: Cell, value: impl FnOnce(&mut Code<'_>)) {
        if matches!(self.place, Place::Memory { .. }) {
            self.raw().i32_const(0);
        }
        value(self);
        self.store(cell);
    }

    /// In memory: finds an address below the value.
    fn store(&mut self, cell: Cell) {
        match self.place {
            Place::Memory { index } => self.raw().i64_store(wide(index, cell.0)),
            Place::Globals => self.raw().global_set(cell.0),
        };
    }

    /// Marks a place as visited.
    pub(crate) fn mark(&mut self, mark: Mark) {
        match mark {
            Mark::Byte { at, memory } => {
                let place = at_memory(memory, at, 0);
                self.raw().i32_const(0).i32_const(1).i32_store8(place);
            }
            Mark::Bit { cell, bit } => self.update(cell, |code| {
                code.raw().i64_const(1 << bit).i64_or();
            }),
        }
    }
}

/// A place that is marked once it was visited.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Byte { at: u32, memory: u32 },
    Bit { cell: Cell, bit: u32 },
}

/// An aligned 64-bit access at a constant address.
pub(crate) fn wide(memory: u32, at: u32) -> MemArg {
    at_memory(memory, at, 3)
}

/// An access to a memory: its offset, and the logarithm of its alignment.
pub(crate) fn at_memory(memory: u32, offset: u32, align: u32) -> MemArg {
    MemArg { offset: u64::from(offset), align, target: MemArgTarget::Memory(memory), ordering: None }
}
