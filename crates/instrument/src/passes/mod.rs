//! Passes: each one file, each an implementation of [`Pass`].
//!
//! A new pass is a new file here and a line in [`PASSES`]. Passes of users of this library are like those here:
//!
//! ```
#![doc = include_str!("../../examples/custom_pass.rs")]
//! ```

mod calls;
mod canaries;
mod constants;
mod coverage;
mod host_calls;
mod indirect;
mod instructions;
mod memory;
mod red_zones;
mod shadow_stack;

use crate::additions::{Additions, ImportedFunction};
use crate::body::Body;
use crate::edits::Edits;
use crate::error::{Refused, closest};
use crate::module::Module;
use crate::settings::Settings;
use std::fmt::Debug;

/// One kind of instrumentation.
///
/// The rewriting asks for [`imports`](Self::imports), calls [`prepare`](Self::prepare), then
/// [`function`](Self::function) for each selected function that the module defines, in order, then
/// [`finish`](Self::finish). Passes of one run do not see each other's code.
pub trait Pass: Debug {
    /// Its name, as the schema has it.
    fn name(&self) -> &'static str;

    /// Functions that it needs from the host. Any import moves up the index of every function that the module defines; the
    /// rewriting takes care of it, and of `call`, `ref.func`, tables, exports and names.
    fn imports(&self) -> Vec<ImportedFunction> {
        Vec::new()
    }

    /// Looks at the module as a whole, and asks for globals, cells, functions and results.
    ///
    /// # Errors
    ///
    /// When the module does not have what the pass needs: [`Refused::Pass`].
    fn prepare(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let _ = (module, additions);
        Ok(())
    }

    /// Looks at one function and says what goes where.
    fn function(&mut self, body: &Body<'_, '_>, edits: &mut Edits<'_>) {
        let _ = (body, edits);
    }

    /// Defines what needed all functions to be seen.
    ///
    /// # Errors
    ///
    /// When nothing was found to do where something was asked for: [`Refused::Pass`].
    fn finish(&mut self, module: &Module<'_>, additions: &mut Additions) -> Result<(), Refused> {
        let _ = (module, additions);
        Ok(())
    }
}

/// A pass that can be asked for by name.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    make: fn(&Settings) -> Box<dyn Pass>,
}

/// All passes that can be asked for by name.
pub const PASSES: &[Listed] = &[
    Listed {
        name: "calls",
        summary: "count how often each function is called",
        make: |_| Box::new(calls::Calls::default()),
    },
    Listed {
        name: "instructions",
        summary: "count executed instructions, by class",
        make: |_| Box::new(instructions::Instructions::default()),
    },
    Listed {
        name: "memory",
        summary: "count loads, stores, bytes and growth",
        make: |_| Box::new(memory::Memory::default()),
    },
    Listed {
        name: "host-calls",
        summary: "count calls of imported functions",
        make: |_| Box::new(host_calls::HostCalls::default()),
    },
    Listed {
        name: "coverage",
        summary: "mark the basic blocks that were run",
        make: |_| Box::new(coverage::Coverage::default()),
    },
    Listed {
        name: "canaries",
        summary: "find overflows of buffers on the shadow stack",
        make: |settings| Box::new(canaries::Canaries::new(settings.stack_pointer)),
    },
    Listed {
        name: "shadow-stack",
        summary: "find growth of the shadow stack into data",
        make: |settings| Box::new(shadow_stack::ShadowStack::new(settings.stack_pointer)),
    },
    Listed {
        name: "constants",
        summary: "find writes into constant data",
        make: |settings| Box::new(constants::Constants::new(settings.constants.clone())),
    },
    Listed {
        name: "red-zones",
        summary: "find overflows of heap chunks, double and invalid frees",
        make: |settings| Box::new(red_zones::RedZones::new(settings.allocator.clone())),
    },
    Listed {
        name: "indirect",
        summary: "count edges of indirect calls, and hold them against an allow-list",
        make: |settings| Box::new(indirect::Indirect::new(settings.allowed_edges.clone())),
    },
];

/// The pass of this name.
///
/// # Errors
///
/// When there is none: with the nearest name.
pub fn named(name: &str, settings: &Settings) -> Result<Box<dyn Pass>, Refused> {
    let listed = PASSES.iter().find(|pass| pass.name == name);
    listed.map(|pass| (pass.make)(settings)).ok_or_else(|| Refused::UnknownPass {
        name: name.to_owned(),
        close: closest(name, PASSES.iter().map(|pass| pass.name)),
    })
}

/// The passes of these names, in this order; one that is named twice is there once.
///
/// # Errors
///
/// There is none of a name: with the nearest one.
pub fn all_named<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
    settings: &Settings,
) -> Result<Vec<Box<dyn Pass>>, Refused> {
    let mut known: Vec<S> = Vec::new();
    for name in names {
        if !known.iter().any(|other| other.as_ref() == name.as_ref()) {
            known.push(name);
        }
    }
    known.iter().map(|name| named(name.as_ref(), settings)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_that_is_named_twice_is_there_once_and_an_unknown_one_is_refused() {
        let named = |names: &[&str]| {
            all_named(names, &Settings::default())
                .map(|passes| passes.iter().map(|p| p.name()).collect::<Vec<_>>())
        };
        assert_eq!(named(&["memory", "calls", "memory"]).unwrap(), ["memory", "calls"]);
        assert!(matches!(named(&["calls", "memroy"]), Err(Refused::UnknownPass { .. })));
    }
}
