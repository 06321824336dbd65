//! `red-zones`: what an allocator gives is put between two zones, checked when it is given back.
//!
//! Each function of the allocator gets a wrapper in its place, so every caller comes to it, through tables and exports too.
//! The allocator's own bodies call each other as before. A chunk looks like this, `user` being what the program sees:
//!
//! ```text
//! user - 16: how far below `user` the allocator's chunk begins (u32), its size (u32)
//! user - 8:  a number made from the address and the size; another one once it was freed
//! user:      the program's bytes
//! user + n:  a number made from the address
//! ```
//!
//! What is freed and does not have the first number was overwritten from below, or never allocated. An overflow is found
//! when the chunk is freed or reallocated, not before. Only for 32-bit memories.

mod wrappers;

use super::Pass;
use crate::additions::Additions;
use crate::error::{Refused, closest};
use crate::module::Module;
use crate::violation::Kind;
use wasmparser::ValType;
use wrappers::Wrappers;

/// A function of an allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Malloc,
    Free,
    Calloc,
    Realloc,
    /// `aligned_alloc(alignment, size)`, also called `memalign`.
    Aligned,
    /// `posix_memalign(pointer, alignment, size)`.
    Posix,
    /// `malloc_usable_size(pointer)`.
    Usable,
}

/// Role, names, and how many `i32`s it takes and gives.
const ROLES: &[(Role, &[&str], usize, usize)] = &[
    (Role::Malloc, &["malloc"], 1, 1),
    (Role::Free, &["free"], 1, 0),
    (Role::Calloc, &["calloc"], 2, 1),
    (Role::Realloc, &["realloc"], 2, 1),
    (Role::Aligned, &["aligned_alloc", "memalign"], 2, 1),
    (Role::Posix, &["posix_memalign"], 3, 1),
    (Role::Usable, &["malloc_usable_size"], 1, 1),
];

/// The allocator's functions, and the places to which their bodies have moved.
#[derive(Debug, Default)]
pub(super) struct RedZones {
    settings: Vec<(String, String)>,
    wrapped: Vec<Wrapped>,
}

#[derive(Debug, Clone, Copy)]
struct Wrapped {
    role: Role,
    function: u32,
    moved: u32,
}

impl RedZones {
    pub(super) fn new(settings: Vec<(String, String)>) -> Self {
        Self { settings, ..Self::default() }
    }

    fn refuse(reason: impl Into<String>) -> Refused {
        Refused::Pass { pass: "red-zones".to_owned(), reason: reason.into() }
    }

    /// The functions of a role: as set, else all that have one of its names.
    fn find(&self, module: &Module<'_>, names: &[&str]) -> Result<Vec<u32>, Refused> {
        if let Some((_, set)) = self.settings.iter().find(|(role, _)| names.contains(&role.as_str())) {
            let index = set.strip_prefix('#').and_then(|index| index.parse::<u32>().ok());
            return index.or_else(|| module.function_named(set)).map(|function| vec![function]).ok_or_else(
                || {
                    let all = module.names.functions().iter().map(|(_, name)| *name);
                    Refused::UnknownFunction { name: set.clone(), close: closest(set, all) }
                },
            );
        }
        let mut found: Vec<u32> = names.iter().filter_map(|name| module.function_named(name)).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

impl Pass for RedZones {
    fn name(&self) -> &'static str {
        "red-zones"
    }

    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        if module.memories.is_empty() || module.memory64(0) {
            return Err(Self::refuse("there is no memory with 32-bit addresses"));
        }
        for (role, _) in &self.settings {
            let names = ROLES.iter().flat_map(|(_, names, ..)| names.iter().copied());
            if !names.clone().any(|name| name == role) {
                let close =
                    closest(role, names).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
                return Err(Self::refuse(format!("an allocator has no {role:?}{close}")));
            }
        }
        for (role, names, params, results) in ROLES {
            for function in self.find(module, names)? {
                if function < module.imported_functions() {
                    return Err(Self::refuse(format!(
                        "{} is imported: the allocator is elsewhere",
                        names[0]
                    )));
                }
                let fits = |types: &[ValType], count| {
                    types.len() == count && types.iter().all(|t| *t == ValType::I32)
                };
                let ty = module.signature(function);
                if !ty.is_some_and(|ty| fits(ty.params(), *params) && fits(ty.results(), *results)) {
                    return Err(Self::refuse(format!("{} does not have the type of {}", function, names[0])));
                }
                if self.wrapped.iter().all(|wrapped| wrapped.function != function) {
                    self.wrapped.push(Wrapped { role: *role, function, moved: 0 });
                }
            }
        }
        let has = |role| self.wrapped.iter().any(|wrapped| wrapped.role == role);
        if !has(Role::Malloc) || !has(Role::Free) {
            return Err(Self::refuse("no malloc and free, by export or by name; name them"));
        }
        for wrapped in &mut self.wrapped {
            wrapped.moved = additions.wrap(module, wrapped.function);
        }
        let kinds: [Kind; 3] = ["heap overflow", "heap underflow or invalid free", "double free"]
            .map(|kind| additions.violation_kind(kind));
        let number = additions.number() as i32;
        Wrappers::new(additions, kinds, number).define(additions, module, &self.wrapped);
        Ok(())
    }

    fn finish(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let names: Vec<_> = self
            .wrapped
            .iter()
            .map(|w| {
                format!("{:?} = {}", w.role, module.function_name(w.function).unwrap_or("?")).to_lowercase()
            })
            .collect();
        additions.note(format!("red zones around: {}", names.join(", ")));
        Ok(())
    }
}
