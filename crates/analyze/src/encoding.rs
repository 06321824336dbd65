//! Oddities of the encoding: lengths that take more bytes than they need, empty bodies, what stands before the header.

use crate::custom;
use crate::facts::{Encoding, UnknownCustom};
use std::ops::Range;
use wasmparser::{FunctionBody, Payload};

/// What is kept while a module is read.
pub(crate) struct EncodingScan<'a> {
    file: &'a [u8],
    /// Where the next section begins.
    section: u64,
    /// Where the next body begins.
    body: u64,
    /// A section that is not custom has come.
    begun: bool,
    /// Entropy times bytes of custom sections.
    weighed: f64,
    /// The contents of the code section.
    pub(crate) code: Option<Range<u64>>,
    facts: Encoding,
}

/// Bytes of a version.
const HEADER: u64 = 8;

impl<'a> EncodingScan<'a> {
    /// For the module at `offset` of `file`.
    pub(crate) fn new(file: &'a [u8], offset: u64) -> Self {
        Self {
            file,
            section: offset.saturating_add(HEADER),
            body: 0,
            begun: false,
            weighed: 0.0,
            code: None,
            facts: Encoding::default(),
        }
    }

    /// The next section. `entropy`: of a custom section's contents.
    pub(crate) fn section(&mut self, payload: &Payload<'_>, range: &Range<u64>, entropy: Option<f32>) {
        // The identifier, the length, the contents.
        self.length(self.section.saturating_add(1), range.start);
        self.section = range.end;
        if let Payload::CustomSection(section) = payload {
            self.facts.leading_custom_sections += u32::from(!self.begun);
            if !custom::is_known(section.name()) {
                let bytes = section.data().len() as u64;
                let unknown = &mut self.facts.unknown_custom;
                unknown.sections = unknown.sections.saturating_add(1);
                unknown.bytes = unknown.bytes.saturating_add(bytes);
                self.weighed += bytes as f64 * f64::from(entropy.unwrap_or_default());
            }
            return;
        }
        self.begun = true;
        let end = self.leb_end(range.start);
        if !matches!(payload, Payload::StartSection { .. } | Payload::UnknownSection { .. }) {
            self.length(range.start, end);
        }
        if let Payload::CodeSectionStart { .. } = payload {
            self.body = end;
            self.code = Some(range.clone());
        }
    }

    /// The next body.
    pub(crate) fn body(&mut self, body: &FunctionBody<'_>) {
        let range = body.range();
        self.length(self.body, range.start);
        self.body = range.end;
        // No locals, and `end`.
        let empty = range.end.saturating_sub(range.start) == 2 && self.byte(range.start) == Some(0);
        self.facts.empty_bodies = self.facts.empty_bodies.saturating_add(u32::from(empty));
    }

    fn byte(&self, at: u64) -> Option<u8> {
        self.file.get(at as usize).copied()
    }

    /// Where the number that begins at `at` ends: at most five bytes.
    fn leb_end(&self, at: u64) -> u64 {
        let more = (0..4).take_while(|n| self.byte(at + n).is_some_and(|byte| byte & 0x80 != 0)).count();
        at + more as u64 + 1
    }

    /// A number from `start` to `end`: it could be shorter if its last byte holds no bits.
    fn length(&mut self, start: u64, end: u64) {
        let bytes = end.saturating_sub(start);
        if bytes < 2 || self.byte(end - 1) != Some(0) {
            return;
        }
        if bytes == 5 {
            self.facts.padded_lengths += 1;
        } else {
            self.facts.overlong_lengths += 1;
            self.facts.first_overlong.get_or_insert(start);
        }
    }

    /// Everything that was found.
    pub(crate) fn facts(&self) -> Encoding {
        let unknown = &self.facts.unknown_custom;
        let mean = if unknown.bytes > 0 { self.weighed / unknown.bytes as f64 } else { 0.0 };
        let entropy = ((mean * 100.0).round() / 100.0) as f32;
        Encoding { unknown_custom: UnknownCustom { entropy, ..unknown.clone() }, ..self.facts.clone() }
    }
}
