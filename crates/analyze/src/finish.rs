//! The end of a module: what was gathered becomes facts.

use crate::facts::*;
use crate::graph::GraphBuilder;
use crate::limits::{Budget, FUNCTIONS};
use crate::links::Linkable;
use crate::module::ModuleReader;
use crate::names::{of_functions, pick};
use crate::opcodes::{self, OPCODES};
use crate::ports::Ports;
use crate::reach::{Roots, reachability};
use crate::{CallGraph, Capabilities, guard, hardening, origin, text};
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_model::Sha256;

impl<'a> ModuleReader<'a> {
    /// The facts of the module, which lies in `bytes`; its call graph, if that is wanted; and of a nested module what
    /// linking it needs.
    pub(crate) fn finish(
        mut self,
        bytes: &[u8],
        want_graph: bool,
        budget: &mut Budget,
    ) -> (ModuleFacts, Option<CallGraph>, Linkable<'a>) {
        let mut ports = self.ports(budget);
        self.mark_exported(&ports);
        let mut roots = Roots {
            entries: std::mem::take(&mut ports.entries),
            unlisted: std::mem::take(&mut ports.unlisted),
            shared: self.shared_functions(),
        };
        roots.entries.extend(self.start.map(|function| (Root::Start, function)));
        let graph = self.graph.take().filter(|_| want_graph);
        let graph = graph.or_else(|| want_graph.then(|| self.empty_graph()));
        let mut reach = Reachability::default();
        let mut indirect_calls = None;
        let mut linkable = Linkable::default();
        let graph = graph.and_then(|builder| {
            if self.nested {
                let sharing = self.sharing(&builder, bytes);
                linkable = self.linkable(sharing);
            }
            for table in &mut self.tables {
                let (changed, open) = builder.table_state(table.index);
                table.changed_by_code = changed;
                table.open = open || table.imported;
            }
            indirect_calls = Some(builder.indirect_calls(&mut self.types, &self.type_of));
            builder.finish(&mut self.types, &self.type_of)
        });
        let mut format_calls = None;
        if let Some(graph) = &graph {
            reach = reachability(graph, roots, &ports.given, budget);
            reach.incomplete = self.code.functions.undecoded > 0;
            if let Some(calls) = &mut indirect_calls {
                calls.most_candidates = graph.most_candidates();
            }
            format_calls = Some(self.format_calls(bytes, graph, budget));
        } else if want_graph {
            let message = format!("reachability: more than {FUNCTIONS} functions");
            self.problem(ProblemKind::LeftOut, None, message, budget);
        }
        let mut shapes = self.shapes(budget);
        self.name_functions(&mut reach, &mut shapes, &mut format_calls);
        self.name_storage();
        let guard = self.stack_guard(bytes, graph.as_ref(), &ports);
        self.problems.extend(self.code.problem.take());
        let proposals = self.proposal_uses();
        let mut functions = std::mem::take(&mut self.code.functions);
        functions.imported = self.imported_functions;
        functions.named = self.customs.names.as_ref().map_or(0, |names| names.functions().count() as u32);
        if budget.is_spent() {
            let message = format!("lists: more than {} entries in this file", crate::limits::LISTED);
            self.problems.push(Problem { kind: ProblemKind::LeftOut, offset: None, message });
        }
        let capabilities = ports.given.iter().fold(Capabilities::NONE, |all, c| all.union(*c));
        let name = self.customs.names.as_ref().and_then(|names| names.module()).map(text::name);
        let evidence = origin::Evidence::gather(&self, &ports);
        let mut facts = ModuleFacts {
            path: self.path,
            offset: self.offset,
            size: bytes.len() as u64,
            sha256: Sha256::of(bytes),
            name,
            sections: self.sections,
            hardening: hardening::hardening(&evidence, &self.globals, &ports),
            origin: evidence.origin(),
            imports: ports.imports,
            import_count: ports.import_count,
            exports: ports.exports,
            export_count: ports.export_count,
            interfaces: ports.interfaces,
            capabilities,
            memories: self.memories,
            tables: self.tables,
            globals: self.globals,
            start: self.start,
            data: self.data,
            elements: self.elements,
            functions,
            instructions: opcodes::mix(&self.code.counts),
            proposals,
            reachability: reach,
            indirect_calls,
            format_calls,
            shapes,
            constants: self.code.constants.facts(),
            content: self.content.finish(),
            producers: self.customs.producers.unwrap_or_default(),
            target_features: self.customs.target_features,
            dependencies: self.customs.dependencies,
            signature: self.customs.signature,
            debug: self.customs.debug,
            encoding: self.encoding.facts(),
            problems: self.problems,
        };
        facts.hardening.guard = guard;
        facts.hardening.stack_first = guard::stack_first(&facts);
        (facts, graph, linkable)
    }

    /// The functions of a telling shape, as many as may be listed.
    fn shapes(&mut self, budget: &mut Budget) -> Shapes {
        let mut shapes = std::mem::take(&mut self.code.shapes);
        shapes.decoder_loops.list.retain(|_| budget.take());
        shapes.dispatchers.list.retain(|_| budget.take());
        shapes.counter_loops.list.retain(|_| budget.take());
        if !self.memories.iter().any(|memory| memory.shared) {
            shapes.counter_loops = Counted::default();
        }
        shapes
    }

    /// A module without code, tables or exported functions never made a graph.
    fn empty_graph(&self) -> GraphBuilder {
        GraphBuilder::new(self.imported_functions, self.type_of.len() as u32)
    }

    fn mark_exported(&mut self, ports: &Ports) {
        for export in &ports.exports {
            let place = export.ty.index as usize;
            let exported = match export.ty.kind {
                ItemKind::Memory => self.memories.get_mut(place).map(|m| &mut m.exported),
                ItemKind::Table => self.tables.get_mut(place).map(|t| &mut t.exported),
                ItemKind::Global => self.globals.get_mut(place).map(|g| &mut g.exported),
                ItemKind::Function | ItemKind::Tag => None,
            };
            if let Some(exported) = exported {
                exported.get_or_insert_with(|| export.name.clone());
            }
        }
    }

    /// Functions that the host finds in tables and globals it sees.
    fn shared_functions(&mut self) -> Vec<u32> {
        let mut shared = Vec::new();
        let visible = self.tables.iter().filter(|t| t.imported || t.exported.is_some());
        let visible: Vec<u32> = visible.map(|t| t.index).collect();
        for table in visible {
            if self.tables.get(table as usize).is_some_and(|t| t.imported) {
                self.graph().open_table(table);
            }
            shared.extend(self.graph().in_table(table).iter());
        }
        for (global, function) in &self.function_globals {
            if self.globals.get(*global as usize).is_none_or(|g| g.exported.is_some()) {
                shared.push(*function);
            }
        }
        shared.sort_unstable();
        shared.dedup();
        shared
    }

    /// Names the functions that the facts mention.
    fn name_functions(
        &mut self,
        reach: &mut Reachability,
        shapes: &mut Shapes,
        formats: &mut Option<FormatCalls>,
    ) {
        let functions = &mut self.code.functions;
        let records = [
            &mut functions.largest,
            &mut functions.most_locals,
            &mut functions.deepest,
            &mut functions.widest_br_table,
        ];
        let records = records.into_iter().filter_map(Option::as_mut);
        let mut records: Vec<(u32, &mut Option<String>)> = records.map(|r| (r.index, &mut r.name)).collect();
        for counted in [&mut shapes.decoder_loops, &mut shapes.counter_loops] {
            records.extend(counted.list.iter_mut().map(|f| (f.index, &mut f.name)));
        }
        records.extend(shapes.dispatchers.list.iter_mut().map(|f| (f.index, &mut f.name)));
        let calls = formats.iter_mut().flat_map(|formats| formats.variable.list.iter_mut());
        records.extend(calls.map(|call| (call.caller, &mut call.name)));
        let paths = reach.imports.iter_mut().filter_map(|import| import.path.as_mut());
        let mut steps: Vec<&mut Step> = paths.flat_map(|path| path.steps.iter_mut()).collect();
        let wanted: BTreeSet<u32> =
            records.iter().map(|(index, _)| *index).chain(steps.iter().map(|s| s.function)).collect();

        let section = self.customs.names.as_ref();
        let names = of_functions(self.imports.clone(), self.exports.clone(), section, &wanted);
        for (index, name) in records {
            *name = names.get(&index).cloned();
        }
        for step in &mut steps {
            step.name = names.get(&step.function).cloned();
        }
    }

    fn name_storage(&mut self) {
        let Some(names) = &self.customs.names else { return };
        let wanted = self.globals.iter().map(|g| g.index).collect();
        for (index, name) in pick(names.globals(), &wanted) {
            if let Some(global) = self.globals.get_mut(index as usize) {
                global.name = Some(name);
            }
        }
        let wanted = self.data.list.iter().map(|d| d.index).collect();
        for (index, name) in pick(names.data(), &wanted) {
            if let Some(segment) = self.data.list.get_mut(index as usize) {
                // The linker's names: https://lld.llvm.org/WebAssembly.html
                segment.read_only = Some(name.starts_with(".rodata"));
                segment.name = Some(name);
            }
        }
    }

    fn proposal_uses(&mut self) -> Vec<ProposalUse> {
        let (gc, multi_value, vectors) = (self.types.gc, self.types.multi_value, self.types.vectors);
        self.uses("gc", gc);
        self.uses("multi-value", multi_value || self.code.typed_blocks);
        self.uses("simd", vectors);
        self.uses("exceptions", self.tag_count > 0);
        let mut uses: BTreeMap<String, u64> =
            self.proposals.iter().map(|name| ((*name).to_owned(), 0)).collect();
        for ((_, proposal), count) in
            OPCODES.iter().zip(self.code.counts.iter()).filter(|(_, count)| **count > 0)
        {
            if *proposal != "mvp" {
                *uses.entry(proposal.replace('_', "-")).or_default() += count;
            }
        }
        uses.into_iter().map(|(name, instructions)| ProposalUse { name, instructions }).collect()
    }
}
