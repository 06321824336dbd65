//! Element and data segments: what tables and memories are filled with.

use crate::constexpr;
use crate::content::{Source, SourcePlace};
use crate::custom;
use crate::entropy::entropy;
use crate::facts::{DataSegment, ElementSegment, Segment};
use crate::graph::GraphBuilder;
use crate::limits::Budget;
use crate::module::ModuleReader;
use wasmparser::{
    CustomSectionReader, DataKind, DataSectionReader, ElementItems, ElementKind, ElementSectionReader,
};

impl<'a> ModuleReader<'a> {
    pub(crate) fn elements(
        &mut self,
        section: ElementSectionReader<'a>,
        budget: &mut Budget,
    ) -> wasmparser::Result<()> {
        for element in section {
            let element = element?;
            let (segment, table) = match element.kind {
                ElementKind::Active { table_index, offset_expr } => {
                    let target = table_index.unwrap_or(0);
                    let is_64 = self.tables.get(target as usize).is_some_and(|t| t.table64);
                    let start = constexpr::address(constexpr::value(&offset_expr, |_| {}), is_64);
                    (Segment::Active { target, start }, Some(target))
                }
                ElementKind::Passive => (Segment::Passive, None),
                ElementKind::Declared => (Segment::Declared, None),
            };
            let graph = self.graph();
            let hold = |graph: &mut GraphBuilder, function| match table {
                Some(table) => graph.element(table, function),
                None => graph.take(function),
            };
            let mut elements = 0u32;
            let mut expressions = false;
            match element.items {
                ElementItems::Functions(functions) => {
                    for function in functions {
                        hold(graph, function?);
                        elements = elements.saturating_add(1);
                    }
                }
                ElementItems::Expressions(_, list) => {
                    expressions = true;
                    for expression in list {
                        let value = constexpr::value(&expression?, |function| hold(graph, function));
                        if let (constexpr::Value::Unknown, Some(table)) = (value, table) {
                            graph.open_table(table);
                        }
                        elements = elements.saturating_add(1);
                    }
                }
            }
            self.uses("reference-types", expressions || segment == Segment::Declared);
            self.uses("bulk-memory", segment == Segment::Passive);
            if budget.take() {
                let index = self.elements.count;
                self.elements.list.push(ElementSegment { index, elements, segment });
            }
            self.elements.count = self.elements.count.saturating_add(1);
            self.elements.elements = self.elements.elements.saturating_add(u64::from(elements));
        }
        Ok(())
    }

    pub(crate) fn data(
        &mut self,
        section: DataSectionReader<'a>,
        budget: &mut Budget,
    ) -> wasmparser::Result<()> {
        for data in section {
            let data = data?;
            let size = data.data.len() as u64;
            let segment = match data.kind {
                DataKind::Active { memory_index: target, offset_expr } => {
                    let is_64 = self.memories.get(target as usize).is_some_and(|m| m.memory64);
                    let start = constexpr::address(constexpr::value(&offset_expr, |_| {}), is_64);
                    self.data.active_bytes = self.data.active_bytes.saturating_add(size);
                    Segment::Active { target, start }
                }
                DataKind::Passive => Segment::Passive,
            };
            self.uses("bulk-memory", segment == Segment::Passive);
            let offset = data.range.end.saturating_sub(size);
            // Compilers align tables in memory; of a passive segment the beginning is taken to be aligned.
            let skip = match segment {
                Segment::Active { start: Some(start), .. } => (start.wrapping_neg() % 4) as usize,
                _ => 0,
            };
            self.code.constants.data(data.data, offset, skip);
            let source = Source { bytes: data.data, offset, place: SourcePlace::Data(self.data.count) };
            self.content.search(source, &mut self.code.constants, budget);
            if budget.take() {
                let entropy = entropy(data.data);
                let index = self.data.count;
                self.data.list.push(DataSegment {
                    index,
                    offset,
                    size,
                    segment,
                    entropy,
                    name: None,
                    read_only: None,
                });
            }
            self.data.count = self.data.count.saturating_add(1);
            self.data.bytes = self.data.bytes.saturating_add(size);
        }
        Ok(())
    }

    /// Searches a custom section; of one that tools fill, only its beginning.
    pub(crate) fn search_section(&mut self, section: &CustomSectionReader<'a>, budget: &mut Budget) {
        let place = SourcePlace::Custom(section.name());
        let source = Source { bytes: section.data(), offset: section.data_offset(), place };
        match custom::is_known(section.name()) {
            true => self.content.beginning(source, budget),
            false => self.content.search(source, &mut self.code.constants, budget),
        }
    }
}
