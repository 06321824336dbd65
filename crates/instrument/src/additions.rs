//! What instrumentation adds to a module, beside what it inserts into functions.
//!
//! Everything is appended, so nothing that exists gets another index. The exception is an imported function: imports come
//! first in WebAssembly, and every other function moves up by one.

use crate::code::{Cell, Code, Mark, Place, Storage};
use crate::error::Refused;
use crate::module::Module;
use crate::plan::OnViolation;
use crate::results::{Region, Source};
use crate::violation::Violations;
use sha2::{Digest, Sha256};
use wasm_encoder::{Encode, ValType};

/// The most bytes of results that a module may keep.
const MAX_IMAGE: u64 = 1 << 28;

/// Collects what is appended to a module.
#[derive(Debug)]
pub struct Additions {
    pub(crate) place: Place,
    /// What the appended memory begins with.
    pub(crate) image: Vec<u8>,
    pub(crate) globals: Vec<(ValType, i64)>,
    pub(crate) types: Vec<(Vec<ValType>, Vec<ValType>)>,
    pub(crate) functions: Vec<Added>,
    pub(crate) imports: Vec<ImportedFunction>,
    pub(crate) results: Vec<(String, Source)>,
    pub(crate) regions: Vec<Region>,
    pub(crate) violations: Violations,
    pub(crate) notes: Vec<String>,
    pub(crate) wrapped: Vec<Wrapped>,
    pub(crate) too_large: bool,
    selected: Vec<u32>,
    /// SHA-256 of the original.
    pub(crate) digest: [u8; 32],
    first_global: u32,
    first_type: u32,
    first_function: u32,
    first_imported: u32,
}

/// A function that a pass asks the host for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFunction {
    /// The module name of the import.
    pub module: String,
    /// Its field name.
    pub name: String,
    /// Parameters.
    pub params: Vec<ValType>,
    /// Results.
    pub results: Vec<ValType>,
}

/// An appended function.
#[derive(Debug)]
pub(crate) struct Added {
    pub(crate) name: String,
    pub(crate) ty: u32,
    /// Local declarations and code; `None` until it is defined.
    pub(crate) body: Option<Vec<u8>>,
}

impl Additions {
    pub(crate) fn new(
        module: &Module<'_>,
        storage: Storage,
        imports: Vec<ImportedFunction>,
        on_violation: OnViolation,
        selected: Vec<u32>,
    ) -> Self {
        let place = match storage {
            Storage::Memory => Place::Memory { index: module.memories.len() as u32 },
            Storage::Globals => Place::Globals,
        };
        let first_imported = module.imported_functions();
        let mut additions = Self {
            place,
            image: Vec::new(),
            globals: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
            results: Vec::new(),
            regions: Vec::new(),
            violations: Violations::new(on_violation),
            notes: Vec::new(),
            wrapped: Vec::new(),
            too_large: false,
            selected,
            digest: Sha256::digest(module.bytes).into(),
            first_global: module.globals.len() as u32,
            first_type: module.types.len() as u32,
            first_function: (module.functions.len() + imports.len()) as u32,
            first_imported,
            imports,
        };
        for import in additions.imports.clone() {
            additions.signature(&import.params, &import.results);
        }
        if storage == Storage::Memory {
            additions.image.resize(crate::results::HEADER_BYTES as usize, 0);
        }
        additions
    }

    /// The functions that passes look at, sorted.
    pub fn selected(&self) -> &[u32] {
        &self.selected
    }

    /// The index in the new module of a function of the original.
    pub fn function_index(&self, original: u32) -> u32 {
        if original < self.first_imported { original } else { original + self.imports.len() as u32 }
    }

    /// The index of an imported function that a pass asked for.
    pub fn imported(&self, module: &str, name: &str) -> Option<u32> {
        let at = self.imports.iter().position(|import| import.module == module && import.name == name)?;
        Some(self.first_imported + at as u32)
    }

    /// A new cell that begins with `initial`.
    pub fn cell(&mut self, initial: i64) -> Cell {
        match self.place {
            Place::Memory { .. } => {
                let at = self.bytes(8, 8);
                self.write(at, &initial.to_le_bytes());
                Cell(at)
            }
            Place::Globals => Cell(self.global(ValType::I64, initial)),
        }
    }

    /// A new cell that counts from zero and is a result with this name.
    pub fn counter(&mut self, name: impl Into<String>) -> Cell {
        let cell = self.cell(0);
        self.results.push((name.into(), Source::Cell(cell)));
        cell
    }

    /// Makes the value that `function(argument)` gives, an `i64`, a result.
    pub fn computed(&mut self, name: impl Into<String>, function: u32, argument: i32) {
        self.results.push((name.into(), Source::Call { function, argument }));
    }

    /// A new mutable global.
    pub fn global(&mut self, ty: ValType, initial: i64) -> u32 {
        self.globals.push((ty, initial));
        self.first_global + self.globals.len() as u32 - 1
    }

    /// The index of a function type; the same one for the same signature.
    pub fn signature(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let same = |ty: &(Vec<ValType>, Vec<ValType>)| ty.0 == params && ty.1 == results;
        let at = self.types.iter().position(same).unwrap_or_else(|| {
            self.types.push((params.to_vec(), results.to_vec()));
            self.types.len() - 1
        });
        self.first_type + at as u32
    }

    /// A new function, to be [defined](Self::define) later; its index.
    pub fn function(&mut self, name: impl Into<String>, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = self.signature(params, results);
        self.function_of_type(name, ty)
    }

    /// The index of a signature that is there already: imports have theirs from the start.
    pub(crate) fn type_of(&self, params: &[ValType], results: &[ValType]) -> u32 {
        let at = self.types.iter().position(|ty| ty.0 == params && ty.1 == results);
        self.first_type + at.unwrap_or_default() as u32
    }

    /// The index of the n-th appended function.
    pub(crate) fn new_function(&self, n: usize) -> u32 {
        self.first_function + n as u32
    }

    pub(crate) fn function_of_type(&mut self, name: impl Into<String>, ty: u32) -> u32 {
        self.functions.push(Added { name: format!("wasmscope.{}", name.into()), ty, body: None });
        self.first_function + self.functions.len() as u32 - 1
    }

    /// The body of a new function: its locals beside the parameters, and its code without the last `end`.
    pub fn define(&mut self, function: u32, locals: &[ValType], emit: impl FnOnce(&mut Code<'_>)) {
        let bytes = body(self.place, locals, emit);
        let added = self.functions.get_mut((function - self.first_function) as usize);
        added.expect("only new functions are defined").body = Some(bytes);
    }

    /// Moves the body of a defined function to a new function, whose index this gives. Whoever calls the function, by
    /// whatever way, then comes to the body that [`define_wrapper`](Self::define_wrapper) gives it.
    pub fn wrap(&mut self, module: &Module<'_>, function: u32) -> u32 {
        let ty = module.functions[function as usize];
        let name = module.function_name(function).unwrap_or("function");
        let moved = self.function_of_type(format!("original.{name}"), ty);
        self.wrapped.push(Wrapped { function, moved, body: Vec::new() });
        moved
    }

    /// The new body of a function that was wrapped: as in [`define`](Self::define).
    pub fn define_wrapper(&mut self, function: u32, locals: &[ValType], emit: impl FnOnce(&mut Code<'_>)) {
        let bytes = body(self.place, locals, emit);
        let wrapped = self.wrapped.iter_mut().find(|wrapped| wrapped.function == function);
        wrapped.expect("wrapped before").body = bytes;
    }

    /// A number that depends on the original module and on nothing else.
    pub fn number(&self) -> i64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.digest[..8]);
        i64::from_le_bytes(bytes)
    }

    /// Something that the user should know.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Bytes of the appended memory; where they begin.
    pub(crate) fn bytes(&mut self, count: u64, align: usize) -> u32 {
        let start = self.image.len().next_multiple_of(align);
        if start as u64 + count > MAX_IMAGE {
            self.too_large = true;
            return crate::results::HEADER_BYTES;
        }
        self.image.resize(start + count as usize, 0);
        start as u32
    }

    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) {
        let at = at as usize;
        if let Some(place) = self.image.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Places to be marked, one after the other.
    pub(crate) fn marks(&mut self, count: u32) -> (u32, Vec<Mark>) {
        match self.place {
            Place::Memory { index } => {
                let at = self.bytes(u64::from(count), 1);
                (at, (0..count).map(|n| Mark::Byte { at: at + n, memory: index }).collect())
            }
            Place::Globals => {
                let cells: Vec<Cell> = (0..count.div_ceil(64)).map(|_| self.cell(0)).collect();
                let first = cells.first().map_or(0, |cell| cell.0);
                let mark = |n: u32| Mark::Bit { cell: cells[(n / 64) as usize], bit: n % 64 };
                (first, (0..count).map(mark).collect())
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), Refused> {
        if self.too_large {
            let (count, limit) = (self.image.len() as u64, MAX_IMAGE);
            return Err(Refused::TooMany { what: "bytes of results", count, limit });
        }
        let limits = [
            ("globals", u64::from(self.first_global) + self.globals.len() as u64),
            ("functions", u64::from(self.first_function) + self.functions.len() as u64),
        ];
        for (what, count) in limits {
            if count > 1_000_000 {
                return Err(Refused::TooMany { what, count, limit: 1_000_000 });
            }
        }
        Ok(())
    }
}

/// A function of the original whose body has moved.
#[derive(Debug)]
pub(crate) struct Wrapped {
    pub(crate) function: u32,
    pub(crate) moved: u32,
    pub(crate) body: Vec<u8>,
}

fn body(place: Place, locals: &[ValType], emit: impl FnOnce(&mut Code<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    locals.len().encode(&mut bytes);
    for local in locals {
        1_u32.encode(&mut bytes);
        local.encode(&mut bytes);
    }
    emit(&mut Code { bytes: &mut bytes, place });
    bytes.push(0x0b);
    bytes
}
