//! From bytes to a [`Module`].

use super::{Elements, Export, Global, Import, Module, Names, Section, Segment};
use crate::error::Refused;
use std::ops::Range;
use wasmparser::{
    BinaryReader, ConstExpr, DataKind, FunctionBody, Operator, Parser, Payload, TypeRef, WasmFeatures,
};

/// The custom section that marks an instrumented module, and holds the schema of its results.
pub(crate) const MARK: &str = "wasmscope.instrumented";

impl<'a> Module<'a> {
    /// Reads a core module.
    ///
    /// # Errors
    ///
    /// When its structure is broken, or it is something that cannot be instrumented.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut module = Self {
            bytes,
            types: Vec::new(),
            functions: Vec::new(),
            function_imports: Vec::new(),
            tables: Vec::new(),
            memories: Vec::new(),
            imported_memories: 0,
            globals: Vec::new(),
            exports: Vec::new(),
            start: None,
            names: Names::default(),
            data: Vec::new(),
            bodies: Vec::new(),
            sections: Vec::new(),
            type_groups: 0,
            elements: Elements(Vec::new()),
            code_start: 0,
        };
        let mut parser = Parser::new(0);
        parser.set_features(WasmFeatures::all());
        let mut defined = 0_u64;
        for payload in parser.parse_all(bytes) {
            let payload = payload?;
            module.section(&payload)?;
            match payload {
                Payload::FunctionSection(_) => defined = module.functions.len() as u64,
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    module.bodies.push(range.start as usize..range.end as usize);
                }
                _ => {}
            }
        }
        let expected = defined.saturating_sub(module.function_imports.len() as u64);
        if module.bodies.len() as u64 != expected {
            return Err(Refused::Invalid("functions and their code differ in number".into()));
        }
        Ok(module)
    }

    fn section(&mut self, payload: &Payload<'a>) -> Result<(), Refused> {
        if let Some((id, range)) = payload.as_section() {
            let content = slice(self.bytes, &range)?;
            let name = match payload {
                Payload::CustomSection(custom) => Some(custom.name()),
                _ => None,
            };
            self.sections.push(Section { id, name, content });
        }
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
                return Err(Refused::Unsupported("a component inside a module".into()));
            }
            Payload::TypeSection(types) => {
                self.type_groups = types.count();
                for group in types.clone() {
                    for ty in group?.types() {
                        self.types.push(match &ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(function) => Some(function.clone()),
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    let from = Import { module: import.module, name: import.name };
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.functions.push(ty);
                            self.function_imports.push(from);
                        }
                        TypeRef::Table(ty) => self.tables.push(ty),
                        TypeRef::Memory(ty) => {
                            self.memories.push(ty);
                            self.imported_memories += 1;
                        }
                        TypeRef::Global(ty) => {
                            self.globals.push(Global { ty, import: Some(from), initial: None });
                        }
                        TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions.clone() {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    let global = global?;
                    let initial = constant(&global.init_expr);
                    self.globals.push(Global { ty: global.ty, import: None, initial });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    self.exports.push(Export { name: export.name, kind: export.kind, index: export.index });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(*func),
            Payload::ElementSection(elements) => {
                for element in elements.clone() {
                    self.elements.0.push(element?);
                }
            }
            Payload::CodeSectionStart { unchecked_range, .. } => {
                self.code_start = unchecked_range.start as usize;
            }
            Payload::DataSection(segments) => {
                for segment in segments.clone() {
                    let segment = segment?;
                    let active = match segment.kind {
                        DataKind::Active { memory_index, offset_expr } => {
                            Some((memory_index, constant(&offset_expr).map(i64::cast_unsigned)))
                        }
                        DataKind::Passive => None,
                    };
                    self.data.push(Segment { active, len: segment.data.len() as u64 });
                }
            }
            Payload::CustomSection(custom) => self.custom(custom.name(), custom.data())?,
            _ => {}
        }
        Ok(())
    }

    fn custom(&mut self, name: &str, data: &'a [u8]) -> Result<(), Refused> {
        match name {
            "name" => self.names = Names::read(data),
            MARK => {
                let schema: Option<serde_json::Value> = serde_json::from_slice(data).ok();
                let passes = schema.as_ref().and_then(|schema| schema.get("passes")?.as_array().cloned());
                let names = passes.iter().flatten().filter_map(|pass| pass.as_str());
                let passes = names.collect::<Vec<_>>().join(", ");
                return Err(Refused::AlreadyInstrumented { passes });
            }
            "linking" | "reloc.CODE" | "reloc.DATA" => {
                return Err(Refused::Unsupported(format!(
                    "a relocatable object file (section {name:?}): link it first"
                )));
            }
            _ => {}
        }
        Ok(())
    }

    /// The body of a function, to be decoded.
    pub(crate) fn body_reader(&self, range: &Range<usize>) -> FunctionBody<'a> {
        let mut reader = BinaryReader::new(&self.bytes[range.clone()], 0);
        reader.set_features(WasmFeatures::all());
        FunctionBody::new(reader)
    }
}

fn slice<'a>(bytes: &'a [u8], range: &Range<u64>) -> Result<&'a [u8], Refused> {
    let (start, end) = (range.start as usize, range.end as usize);
    bytes
        .get(start..end)
        .ok_or(Refused::Malformed { offset: range.start, reason: "a section ends outside".into() })
}

/// The value of a constant expression that is one integer constant.
pub(crate) fn constant(expression: &ConstExpr<'_>) -> Option<i64> {
    let mut operators = expression.get_operators_reader().into_iter();
    let value = match operators.next()?.ok()? {
        Operator::I32Const { value } => i64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value,
        _ => return None,
    };
    matches!(operators.next()?.ok()?, Operator::End).then_some(value)
}
