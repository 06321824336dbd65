//! The sections of the new module, in their order.

use super::{CodeSection, customs, names};
use crate::additions::Additions;
use crate::code::Place;
use crate::error::Refused;
use crate::module::{Module, Section};
use crate::results::EXPORTS;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ConstExpr, Encode, SectionId, ValType};
use wasmparser::{BinaryReader, SectionLimited, WasmFeatures};

/// The order of sections by id (<https://webassembly.github.io/spec/core/binary/modules.html#binary-module>).
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
/// A run of so many zeros ends a data segment: those of an active segment's head would cost more.
const GAP: usize = 24;

/// Puts the new module together.
pub(crate) struct Sections<'s, 'a> {
    module: &'s Module<'a>,
    additions: &'s Additions,
    getters: [u32; 2],
    schema: &'s str,
    /// Names of sections that were left out.
    pub(crate) dropped: Vec<String>,
}

impl<'s, 'a> Sections<'s, 'a> {
    pub(crate) fn new(
        module: &'s Module<'a>,
        additions: &'s Additions,
        getters: [u32; 2],
        schema: &'s str,
    ) -> Self {
        Self { module, additions, getters, schema, dropped: Vec::new() }
    }

    pub(crate) fn write(&mut self, code: &mut CodeSection) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::with_capacity(self.module.bytes.len() * 2);
        out.extend_from_slice(b"\0asm\x01\0\0\0");
        let mut next = 0;
        let mut named = false;
        for section in &self.module.sections {
            if section.id == 0 {
                let name = section.name.unwrap_or_default();
                if customs::is_stale(name) {
                    self.dropped.push(name.to_owned());
                    continue;
                }
                if name == "name" {
                    // Names come after all that they name.
                    self.until(ORDER.len(), &mut next, &mut out, code)?;
                    named = true;
                    self.put(0, &names::section(section, self.module, self.additions), &mut out);
                } else {
                    self.put(0, section.content, &mut out);
                }
                continue;
            }
            let place = ORDER.iter().position(|id| *id == section.id);
            let place =
                place.ok_or_else(|| Refused::Unsupported(format!("a section of kind {}", section.id)))?;
            self.until(place, &mut next, &mut out, code)?;
            self.section(section.id, Some(section), &mut out, code)?;
            next = next.max(place + 1);
        }
        self.until(ORDER.len(), &mut next, &mut out, code)?;
        if !named {
            self.put(0, &names::new(self.module, self.additions), &mut out);
        }
        let mut mark = Vec::new();
        crate::module::MARK.encode(&mut mark);
        mark.extend_from_slice(self.schema.as_bytes());
        self.put(0, &mark, &mut out);
        Ok(out)
    }

    /// New sections that the original does not have, up to a place in the order.
    fn until(
        &mut self,
        place: usize,
        next: &mut usize,
        out: &mut Vec<u8>,
        code: &mut CodeSection,
    ) -> Result<(), Refused> {
        while *next < place {
            let id = ORDER[*next];
            *next += 1;
            if !self.module.sections.iter().any(|section| section.id == id) {
                self.section(id, None, out, code)?;
            }
        }
        Ok(())
    }

    fn section(
        &self,
        id: u8,
        old: Option<&Section<'a>>,
        out: &mut Vec<u8>,
        code: &mut CodeSection,
    ) -> Result<(), Refused> {
        let additions = self.additions;
        let shifted = !additions.imports.is_empty();
        let (added, entries) = match id {
            1 => (additions.types.len(), self.types()),
            2 => (additions.imports.len(), self.imports()),
            3 => (additions.functions.len(), self.functions()),
            5 => self.memory(),
            6 => (additions.globals.len(), self.globals()),
            7 => self.exports(),
            10 => return self.code(old, out, code),
            11 => self.data(),
            12 if old.is_some() => {
                let mut count = Vec::new();
                (self.module.data.len() + self.data().0).encode(&mut count);
                self.put(id, &count, out);
                return Ok(());
            }
            _ => (0, Vec::new()),
        };
        let (count, rest) = match old {
            Some(old) if shifted && matches!(id, 4 | 6 | 7 | 8 | 9) => {
                let content = self.shift(old)?;
                if id == 8 {
                    self.put(id, &content, out);
                    return Ok(());
                }
                split(&content).map(|(count, rest)| (count, rest.to_vec()))?
            }
            Some(old) if added > 0 => split(old.content).map(|(count, rest)| (count, rest.to_vec()))?,
            Some(old) => {
                self.put(id, old.content, out);
                return Ok(());
            }
            None if added == 0 => return Ok(()),
            None => (0, Vec::new()),
        };
        let mut content = Vec::with_capacity(rest.len() + entries.len() + 5);
        (count as usize + added).encode(&mut content);
        content.extend_from_slice(&rest);
        content.extend_from_slice(&entries);
        self.put(id, &content, out);
        Ok(())
    }

    fn put(&self, id: u8, content: &[u8], out: &mut Vec<u8>) {
        out.push(id);
        content.encode(out);
    }

    fn types(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (params, results) in &self.additions.types {
            bytes.push(0x60);
            params.as_slice().encode(&mut bytes);
            results.as_slice().encode(&mut bytes);
        }
        bytes
    }

    fn imports(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for import in &self.additions.imports {
            import.module.encode(&mut bytes);
            import.name.encode(&mut bytes);
            bytes.push(0);
            self.additions.type_of(&import.params, &import.results).encode(&mut bytes);
        }
        bytes
    }

    fn functions(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.additions.functions.iter().for_each(|function| function.ty.encode(&mut bytes));
        bytes
    }

    fn memory(&self) -> (usize, Vec<u8>) {
        if !matches!(self.additions.place, Place::Memory { .. }) {
            return (0, Vec::new());
        }
        let pages = self.additions.image.len().div_ceil(1 << 16) as u32;
        let mut bytes = vec![1];
        pages.encode(&mut bytes);
        pages.encode(&mut bytes);
        (1, bytes)
    }

    fn globals(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (ty, initial) in &self.additions.globals {
            ty.encode(&mut bytes);
            bytes.push(1);
            match ty {
                ValType::I32 => ConstExpr::i32_const(*initial as i32).encode(&mut bytes),
                _ => ConstExpr::i64_const(*initial).encode(&mut bytes),
            }
        }
        bytes
    }

    fn exports(&self) -> (usize, Vec<u8>) {
        let mut bytes = Vec::new();
        let [count, value] = self.getters;
        let mut added = 0;
        let mut put = |name: &str, kind: u8, index: u32| {
            name.encode(&mut bytes);
            bytes.push(kind);
            index.encode(&mut bytes);
            added += 1;
        };
        put(EXPORTS[0], 0, count);
        put(EXPORTS[1], 0, value);
        if let Place::Memory { index } = self.additions.place {
            put(EXPORTS[2], 2, index);
        }
        (added, bytes)
    }

    fn code(
        &self,
        old: Option<&Section<'a>>,
        out: &mut Vec<u8>,
        code: &mut CodeSection,
    ) -> Result<(), Refused> {
        debug_assert!(old.is_some() || self.module.bodies.is_empty());
        let additions = self.additions;
        let mut head = Vec::new();
        (self.module.bodies.len() + additions.functions.len()).encode(&mut head);
        // Wrappers take the places of the functions whose bodies have moved, from the last to the first.
        let mut tail = Vec::new();
        let mut moved_at = Vec::new();
        for (n, function) in additions.functions.iter().enumerate() {
            let index = additions.new_function(n);
            let moved = additions.wrapped.iter().find(|wrapped| wrapped.moved == index);
            let of = moved
                .and_then(|wrapped| code.moved.iter().find(|(function, _)| *function == wrapped.function));
            let body = match (of, &function.body) {
                (Some((function, body)), _) => {
                    body.len().encode(&mut tail);
                    moved_at.push((*function, tail.len()));
                    body
                }
                (None, Some(body)) => {
                    body.len().encode(&mut tail);
                    body
                }
                (None, None) => return Err(Refused::Defect(format!("no body for {}", function.name))),
            };
            tail.extend_from_slice(body);
        }
        let mut wrappers = Vec::new();
        for map in &code.maps {
            if let Some(wrapped) = additions.wrapped.iter().find(|wrapped| wrapped.function == map.function) {
                wrappers.push((map.at, &wrapped.body));
            }
        }
        let mut bodies = Vec::with_capacity(code.bytes.len());
        let mut from = 0;
        let mut shifts = Vec::new();
        for (at, body) in wrappers {
            bodies.extend_from_slice(&code.bytes[from..at]);
            from = at;
            let before = bodies.len();
            body.as_slice().encode(&mut bodies);
            shifts.push((at, bodies.len() - before));
        }
        bodies.extend_from_slice(&code.bytes[from..]);
        let size = head.len() + bodies.len() + tail.len();
        out.push(SectionId::Code as u8);
        size.encode(out);
        let start = out.len() + head.len();
        for map in &mut code.maps {
            let moved = moved_at.iter().find(|(function, _)| *function == map.function);
            map.at = match moved {
                Some((_, at)) => start + bodies.len() + at,
                None => {
                    let shift: usize =
                        shifts.iter().filter(|(at, _)| *at <= map.at).map(|(_, length)| length).sum();
                    start + map.at + shift
                }
            };
        }
        out.extend_from_slice(&head);
        out.extend_from_slice(&bodies);
        out.extend_from_slice(&tail);
        Ok(())
    }

    /// Active segments for what is not zero in the appended memory.
    fn data(&self) -> (usize, Vec<u8>) {
        let Place::Memory { index } = self.additions.place else { return (0, Vec::new()) };
        let image = &self.additions.image;
        let (mut count, mut bytes, mut at) = (0, Vec::new(), 0);
        while let Some(start) = image[at..].iter().position(|byte| *byte != 0).map(|n| n + at) {
            let mut end = start;
            loop {
                let run = image[end..].iter().position(|byte| *byte == 0).map_or(image.len(), |n| n + end);
                match image[run..].iter().position(|byte| *byte != 0) {
                    Some(zeros) if zeros < GAP => end = run + zeros,
                    _ => {
                        end = run;
                        break;
                    }
                }
            }
            match index {
                0 => bytes.push(0),
                _ => {
                    bytes.push(2);
                    index.encode(&mut bytes);
                }
            }
            ConstExpr::i32_const(start as i32).encode(&mut bytes);
            image[start..end].encode(&mut bytes);
            count += 1;
            at = end;
        }
        (count, bytes)
    }

    /// A section with function indices in it, encoded anew because those have moved.
    fn shift(&self, section: &Section<'a>) -> Result<Vec<u8>, Refused> {
        let mut shift = Shift(self.additions);
        let mut reader = BinaryReader::new(section.content, 0);
        reader.set_features(WasmFeatures::all());
        let failed =
            |error: reencode::Error| Refused::Unsupported(format!("section {}: {error}", section.id));
        let encoded = match section.id {
            4 => {
                let mut made = wasm_encoder::TableSection::new();
                shift.parse_table_section(&mut made, SectionLimited::new(reader)?).map_err(failed)?;
                encoded(&made)
            }
            6 => {
                let mut made = wasm_encoder::GlobalSection::new();
                shift.parse_global_section(&mut made, SectionLimited::new(reader)?).map_err(failed)?;
                encoded(&made)
            }
            7 => {
                let mut made = wasm_encoder::ExportSection::new();
                shift.parse_export_section(&mut made, SectionLimited::new(reader)?).map_err(failed)?;
                encoded(&made)
            }
            9 => {
                let mut made = wasm_encoder::ElementSection::new();
                shift.parse_element_section(&mut made, SectionLimited::new(reader)?).map_err(failed)?;
                encoded(&made)
            }
            _ => {
                let start = self.module.start.unwrap_or_default();
                let mut made = Vec::new();
                self.additions.function_index(start).encode(&mut made);
                made
            }
        };
        Ok(encoded)
    }
}

struct Shift<'s>(&'s Additions);

impl Reencode for Shift<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(self.0.function_index(function))
    }
}

/// The content of a section without its size.
fn encoded(section: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    let mut reader = BinaryReader::new(&bytes, 0);
    let size = reader.read_var_u32().unwrap_or_default();
    bytes.split_off(bytes.len() - size as usize)
}

fn split(content: &[u8]) -> Result<(u32, &[u8]), Refused> {
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32()?;
    Ok((count, &content[reader.original_position() as usize..]))
}
