//! Canonical functions: what stands between components, and between a component and its host.

use super::graph::{Glue, Kind};
use super::items::{Node, Type};
use super::linker::Linker;
use super::scope::Scope;
use wasmparser::{CanonicalFunction as Canon, CanonicalOption};

impl<'a> Linker<'_, 'a> {
    /// <https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>
    pub(crate) fn canon(&mut self, scope: &mut Scope<'a>, function: &Canon) {
        let glue = self.new_glue(Glue::Plain);
        match function {
            Canon::Lift { core_func_index, options, .. } => {
                let node = self.core_function(scope, *core_func_index);
                self.edge(glue, node, Kind::Call);
                self.options(scope, glue, options);
                scope.functions.push(glue);
                return;
            }
            Canon::Lower { func_index, options } => {
                let node = scope.functions.get(*func_index as usize).copied();
                let node = node.unwrap_or_else(|| self.anything());
                self.edge(glue, node, Kind::Call);
                self.options(scope, glue, options);
            }
            Canon::ResourceDrop { resource } => {
                let frame = self.frames.get(scope.frame as usize);
                match frame.and_then(|f| f.types.get(*resource as usize)) {
                    Some(Type::Resource(Some(destructor))) => {
                        let destructor = *destructor;
                        self.edge(glue, destructor, Kind::Canonical);
                    }
                    Some(Type::Resource(None) | Type::Other) => {}
                    Some(Type::Unresolved) | None => self.unresolved_edge(glue),
                }
            }
            Canon::ThreadSpawnIndirect { table_index, .. } | Canon::ThreadNewIndirect { table_index, .. } => {
                self.spawns.push((glue, scope.core_tables.get(*table_index as usize).copied()));
            }
            // The function is a parameter: any reference.
            Canon::ThreadSpawnRef { .. } => self.unresolved_edge(glue),
            Canon::TaskReturn { options, .. }
            | Canon::StreamRead { options, .. }
            | Canon::StreamWrite { options, .. }
            | Canon::FutureRead { options, .. }
            | Canon::FutureWrite { options, .. }
            | Canon::ErrorContextNew { options }
            | Canon::ErrorContextDebugMessage { options } => self.options(scope, glue, options),
            // The rest does its work in the runtime and calls nothing of the component.
            _ => {}
        }
        scope.core_functions.push(glue);
    }

    /// The functions by which values get in and out.
    fn options(&mut self, scope: &Scope<'a>, glue: Node, options: &[CanonicalOption]) {
        for option in options {
            if let CanonicalOption::Realloc(function)
            | CanonicalOption::PostReturn(function)
            | CanonicalOption::Callback(function) = option
            {
                let node = self.core_function(scope, *function);
                self.edge(glue, node, Kind::Canonical);
            }
        }
    }

    fn unresolved_edge(&mut self, glue: Node) {
        let node = self.anything();
        self.edge(glue, node, Kind::Unresolved);
    }
}
