//! One core module while its sections come in, and the facts at its end.

use crate::code::CodeScan;
use crate::content::ContentScan;
use crate::custom::Customs;
use crate::encoding::EncodingScan;
use crate::facts::*;
use crate::graph::GraphBuilder;
use crate::limits::Budget;
use crate::types::Types;
use crate::{constexpr, storage};
use std::ops::Range;
use wasmparser::{
    ElementSectionReader, ExportSectionReader, FuncValidator, FunctionBody, GlobalSectionReader,
    ImportSectionReader, Payload, TableInit, TableSectionReader, TypeRef, ValType, ValidatorResources,
};

/// What is kept of a module while it is read.
pub(crate) struct ModuleReader<'a> {
    pub(crate) path: String,
    pub(crate) nested: bool,
    pub(crate) offset: u64,
    pub(crate) types: Types<'a>,
    pub(crate) imports: Option<ImportSectionReader<'a>>,
    pub(crate) exports: Option<ExportSectionReader<'a>>,
    /// The type of each function, imports first.
    pub(crate) type_of: Vec<u32>,
    pub(crate) imported_functions: u32,
    pub(crate) memories: Vec<Memory>,
    pub(crate) memory_count: u32,
    pub(crate) tables: Vec<Table>,
    pub(crate) table_count: u32,
    pub(crate) globals: Vec<Global>,
    pub(crate) global_count: u32,
    pub(crate) tag_count: u32,
    pub(crate) start: Option<u32>,
    pub(crate) data: Segments<DataSegment>,
    pub(crate) elements: Elements,
    pub(crate) code: CodeScan,
    pub(crate) graph: Option<GraphBuilder>,
    /// Functions that globals hold at start, by global.
    pub(crate) function_globals: Vec<(u32, u32)>,
    /// Globals that hold references.
    pub(crate) reference_globals: Vec<u32>,
    /// Some table begins with an initial value.
    pub(crate) tables_initialised: bool,
    pub(crate) element_section: Option<ElementSectionReader<'a>>,
    /// Where the code section lies.
    pub(crate) code_range: Option<Range<u64>>,
    pub(crate) customs: Customs<'a>,
    pub(crate) content: ContentScan,
    pub(crate) encoding: EncodingScan<'a>,
    pub(crate) sections: Vec<Section>,
    pub(crate) section_count: u32,
    pub(crate) problems: Vec<Problem>,
    pub(crate) proposals: Vec<&'static str>,
}

impl<'a> ModuleReader<'a> {
    /// For the module at `offset` of `file`.
    pub(crate) fn new(path: String, nested: bool, offset: u64, file: &'a [u8]) -> Self {
        Self {
            path,
            nested,
            offset,
            types: Types::default(),
            imports: None,
            exports: None,
            type_of: Vec::new(),
            imported_functions: 0,
            memories: Vec::new(),
            memory_count: 0,
            tables: Vec::new(),
            table_count: 0,
            globals: Vec::new(),
            global_count: 0,
            tag_count: 0,
            start: None,
            data: Segments::default(),
            elements: Elements::default(),
            code: CodeScan::new(),
            graph: None,
            function_globals: Vec::new(),
            reference_globals: Vec::new(),
            tables_initialised: false,
            element_section: None,
            code_range: None,
            customs: Customs::default(),
            content: ContentScan::default(),
            encoding: EncodingScan::new(file, offset),
            sections: Vec::new(),
            section_count: 0,
            problems: Vec::new(),
            proposals: Vec::new(),
        }
    }

    /// Takes the next section.
    pub(crate) fn take(&mut self, payload: Payload<'a>, budget: &mut Budget) -> wasmparser::Result<()> {
        self.layout(&payload, budget);
        match payload {
            Payload::TypeSection(section) => self.types = Types::read(section)?,
            Payload::ImportSection(section) => self.imports(section, budget)?,
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.type_of.push(ty?);
                }
            }
            Payload::TableSection(section) => self.tables(section, budget)?,
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory(&memory?, false, budget);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    tag?;
                    self.tag_count = self.tag_count.saturating_add(1);
                }
            }
            Payload::GlobalSection(section) => self.globals(section, budget)?,
            Payload::ExportSection(section) => self.exports(section)?,
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                self.element_section = Some(section.clone());
                self.elements(section, budget)?;
            }
            Payload::CodeSectionStart { unchecked_range, .. } => self.code_range = Some(unchecked_range),
            Payload::DataSection(section) => self.data(section, budget)?,
            Payload::CustomSection(section) => {
                let first = self.section_count == 1;
                self.customs.take(&section, first, budget, &mut self.problems);
                self.search_section(&section, budget);
            }
            Payload::UnknownSection { id, range, .. } => self.problem(
                ProblemKind::UnknownSection,
                Some(range.start),
                format!("section id {id} belongs to no known proposal"),
                budget,
            ),
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn problem(
        &mut self,
        kind: ProblemKind,
        offset: Option<u64>,
        message: String,
        budget: &mut Budget,
    ) {
        if budget.take() {
            self.problems.push(Problem { kind, offset, message });
        }
    }

    pub(crate) fn uses(&mut self, proposal: &'static str, condition: bool) {
        if condition && !self.proposals.contains(&proposal) {
            self.proposals.push(proposal);
        }
    }

    /// The graph, which begins when the number of functions is known.
    pub(crate) fn graph(&mut self) -> &mut GraphBuilder {
        let (imported, functions) = (self.imported_functions, self.type_of.len() as u32);
        self.graph.get_or_insert_with(|| GraphBuilder::new(imported, functions))
    }

    fn imports(&mut self, section: ImportSectionReader<'a>, budget: &mut Budget) -> wasmparser::Result<()> {
        self.imports = Some(section.clone());
        for import in section.into_imports() {
            match import?.ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                    self.imported_functions = self.imported_functions.saturating_add(1);
                    self.type_of.push(ty);
                }
                TypeRef::Table(ty) => self.table(&ty, true, budget),
                TypeRef::Memory(ty) => self.memory(&ty, true, budget),
                TypeRef::Global(ty) => {
                    self.uses("mutable-global", ty.mutable);
                    self.global(&ty, true, None, budget);
                }
                TypeRef::Tag(_) => self.tag_count = self.tag_count.saturating_add(1),
            }
        }
        Ok(())
    }

    fn tables(&mut self, section: TableSectionReader<'a>, budget: &mut Budget) -> wasmparser::Result<()> {
        for table in section {
            let table = table?;
            let index = self.table_count;
            self.table(&table.ty, false, budget);
            if let TableInit::Expr(init) = table.init {
                self.uses("function-references", true);
                self.tables_initialised = true;
                let graph = self.graph();
                match constexpr::value(&init, |function| graph.element(index, function)) {
                    constexpr::Value::Function(_) | constexpr::Value::Null => {}
                    _ => graph.open_table(index),
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, ty: &wasmparser::TableType, imported: bool, budget: &mut Budget) {
        self.uses("memory64", ty.table64);
        self.uses("reference-types", self.table_count > 0 || ty.element_type != wasmparser::RefType::FUNCREF);
        if budget.take() {
            self.tables.push(storage::table(self.table_count, ty, imported));
        }
        self.table_count = self.table_count.saturating_add(1);
    }

    fn memory(&mut self, ty: &wasmparser::MemoryType, imported: bool, budget: &mut Budget) {
        self.uses("memory64", ty.memory64);
        self.uses("threads", ty.shared);
        self.uses("custom-page-sizes", ty.page_size_log2.is_some());
        self.uses("multi-memory", self.memory_count > 0);
        if budget.take() {
            self.memories.push(storage::memory(self.memory_count, ty, imported));
        }
        self.memory_count = self.memory_count.saturating_add(1);
    }

    fn globals(&mut self, section: GlobalSectionReader<'a>, budget: &mut Budget) -> wasmparser::Result<()> {
        for global in section {
            let global = global?;
            let index = self.global_count;
            let mut functions = Vec::new();
            let value = constexpr::value(&global.init_expr, |function| functions.push(function));
            for function in functions {
                self.graph().take(function);
                self.function_globals.push((index, function));
            }
            self.global(&global.ty, false, Some(value), budget);
        }
        Ok(())
    }

    fn global(
        &mut self,
        ty: &wasmparser::GlobalType,
        imported: bool,
        value: Option<constexpr::Value>,
        budget: &mut Budget,
    ) {
        self.types.vectors |= ty.content_type == ValType::V128;
        if ty.content_type.is_reference_type() {
            self.reference_globals.push(self.global_count);
        }
        if budget.take() {
            self.globals.push(storage::global(self.global_count, ty, imported, value));
        }
        self.global_count = self.global_count.saturating_add(1);
    }

    fn exports(&mut self, section: ExportSectionReader<'a>) -> wasmparser::Result<()> {
        use wasmparser::ExternalKind;
        self.exports = Some(section.clone());
        for export in section {
            let export = export?;
            match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => self.graph().take(export.index),
                ExternalKind::Table => self.graph().open_table(export.index),
                ExternalKind::Global => {
                    // Listed in order from the first: a place is an index.
                    let global = self.globals.get(export.index as usize);
                    let mutable = global.is_some_and(|g| g.mutable);
                    self.uses("mutable-global", mutable);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the next function body.
    ///
    /// # Errors
    ///
    /// The validator's, if there is one.
    pub(crate) fn body(
        &mut self,
        body: &FunctionBody<'a>,
        validator: Option<&mut FuncValidator<ValidatorResources>>,
    ) -> wasmparser::Result<()> {
        let index = self.imported_functions.saturating_add(self.code.functions.defined);
        let (imported, functions) = (self.imported_functions, self.type_of.len() as u32);
        let graph = self.graph.get_or_insert_with(|| GraphBuilder::new(imported, functions));
        self.encoding.body(body);
        self.code.body(index, body, &mut self.types, graph, validator)
    }
}
