//! How the modules of a component are linked, and what can be reached in the component as a whole.
//!
//! [`wiring`] keeps what the sections of each component define, [`linker`] and its neighbours follow these definitions as an
//! instantiation would, and give [`graph`]: the call graphs of all module instances, joined where one gives a
//! function to another. Nothing is executed. What cannot be resolved leads to everything, and is counted.
//!
//! The model is that of <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md>.

mod canon;
mod component;
mod graph;
mod instantiate;
mod items;
mod linker;
mod module;
mod reach;
mod roots;
mod scope;
mod slots;
mod tables;
mod ways;
mod wiring;

use crate::CallGraph;
use crate::facts::{ComponentFacts, Linked, ModuleFacts};
pub(crate) use module::Linkable;
pub(crate) use wiring::{Definition, Left, Wiring};

/// Links the outermost component.
///
/// `wirings`, by the number of the component, the outermost first; `modules` and `graphs`, by the number of the module.
/// `outermost`: the facts of the outermost component; `size`: bytes of the file.
pub(crate) fn linked(
    wirings: &[Wiring<'_>],
    modules: &[Linkable<'_>],
    graphs: &[Option<CallGraph>],
    facts: &[ModuleFacts],
    outermost: &ComponentFacts,
    size: usize,
) -> Linked {
    if wirings.iter().any(|wiring| wiring.stopped.is_some()) {
        return Linked { capabilities: reach::unknown(outermost), ..Linked::default() };
    }
    let parts = items::Parts { wirings, modules, graphs };
    let mut linker = linker::Linker::new(parts, size);
    linker.outermost();
    let joined = linker.finish(outermost);
    reach::reach(&joined, parts, facts, outermost)
}
