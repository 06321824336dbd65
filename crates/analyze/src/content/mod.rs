//! What lies in data segments and custom sections: files of other formats, texts, secrets, libraries, constants.

mod address;
mod bytes;
mod files;
mod libraries;
mod search;
mod secrets;
mod texts;

use crate::constants::Constants;
use crate::facts::*;
use crate::limits::{Budget, CONTENT, NAME_BYTES};
use search::{Rule, SEARCH};
use std::collections::BTreeMap;
use std::ops::Range;
use wasmscope_model::text::lossy_within;

/// Some bytes of the file.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    /// Where in the file.
    pub(crate) offset: u64,
    pub(crate) place: SourcePlace<'a>,
}

/// What the bytes are.
#[derive(Clone, Copy)]
pub(crate) enum SourcePlace<'a> {
    /// The data segment of this index.
    Data(u32),
    /// The custom section of this name.
    Custom(&'a str),
}

impl Source<'_> {
    fn at(&self, position: usize) -> u64 {
        self.offset.saturating_add(position as u64)
    }

    fn place(&self) -> Place {
        match self.place {
            SourcePlace::Data(segment) => Place::Data { segment },
            SourcePlace::Custom(name) => Place::Custom { section: crate::text::name(name) },
        }
    }
}

/// What has been found in one module.
#[derive(Default)]
pub(crate) struct ContentScan {
    content: Content,
    libraries: BTreeMap<&'static str, Library>,
}

impl ContentScan {
    /// Searches some bytes.
    pub(crate) fn search(&mut self, source: Source<'_>, constants: &mut Constants, budget: &mut Budget) {
        let Some(search) = SEARCH.as_ref() else { return };
        let bytes = source.bytes;
        for found in search.automaton.find_overlapping_iter(bytes) {
            let range = found.range();
            match search.rules.get(found.pattern().as_usize()) {
                Some(Rule::File(row)) => {
                    if let Some(format) = files::check(*row, bytes, range.start) {
                        let offset = source.at(range.start);
                        let file = || EmbeddedFile { format, offset, place: source.place() };
                        count(&mut self.content.payloads, budget, file);
                    }
                }
                Some(Rule::Text(row)) => {
                    if let Some((class, text)) = texts::check(*row, bytes, range.clone()) {
                        self.text(class, &source, range, text, budget);
                    }
                }
                Some(Rule::Secret(row)) => {
                    if let Some((kind, secret)) = secrets::check(*row, bytes, range) {
                        self.secret(kind, &source, secret.start, budget);
                    }
                }
                Some(Rule::Library(row)) => {
                    if let Some(version) = libraries::check(*row, bytes, range.clone()) {
                        let row = &libraries::LIBRARIES[*row];
                        self.library(row.name, row.interpreter, version, source.at(range.start));
                    }
                }
                Some(Rule::Constant(n)) => {
                    let tail = bytes.get(range.start..).unwrap_or_default();
                    constants.pattern(*n, tail, source.at(range.start));
                }
                None => {}
            }
        }
        // What has no fixed beginning is found by its colons.
        for colon in memchr::memchr_iter(b':', bytes) {
            if let Some(range) = address::around(bytes, colon) {
                self.text(TextClass::Address, &source, range.clone(), range, budget);
            } else if let Some((start, version)) = libraries::sqlite(bytes, colon) {
                self.library("SQLite", false, Some(version), source.at(start));
            }
        }
    }

    /// Looks only at the beginning: for sections that tools fill with what is like anything.
    pub(crate) fn beginning(&mut self, source: Source<'_>, budget: &mut Budget) {
        for (row, (magic, _)) in files::MAGIC.iter().enumerate() {
            if source.bytes.starts_with(magic)
                && let Some(format) = files::check(row, source.bytes, 0)
            {
                let file = || EmbeddedFile { format, offset: source.offset, place: source.place() };
                count(&mut self.content.payloads, budget, file);
            }
        }
    }

    fn text(
        &mut self,
        class: TextClass,
        source: &Source<'_>,
        found: Range<usize>,
        text: Range<usize>,
        budget: &mut Budget,
    ) {
        let user =
            (class == TextClass::Url).then(|| secrets::user_of(source.bytes, found.end..text.end)).flatten();
        if let Some(user) = &user
            && source.bytes[user.clone()].iter().position(|c| *c == b':').is_some_and(|n| n + 2 < user.len())
        {
            self.secret(SecretKind::UrlPassword, source, user.start, budget);
        }
        let counted = self.content.texts.entry(class).or_default();
        if counted.list.len() >= CONTENT || budget.is_spent() {
            counted.count = counted.count.saturating_add(1);
            return;
        }
        let shown = secrets::without(source.bytes, text.clone());
        let bytes = source.bytes;
        let mut value = match user {
            Some(user) => {
                [&bytes[shown.start..user.start.min(shown.end)], &bytes[user.end.min(shown.end)..shown.end]]
                    .concat()
            }
            None => bytes[shown.clone()].to_vec(),
        };
        if class == TextClass::Url {
            value.truncate(value.iter().position(|c| *c == b'?').unwrap_or(value.len()));
        }
        let value = lossy_within(&value, NAME_BYTES);
        if counted.list.iter().any(|text| text.value == value) {
            counted.count = counted.count.saturating_add(1);
            return;
        }
        count(counted, budget, || Text { value, offset: source.at(text.start), place: source.place() });
    }

    fn secret(&mut self, kind: SecretKind, source: &Source<'_>, start: usize, budget: &mut Budget) {
        let secret = || Secret { kind, offset: source.at(start), place: source.place() };
        count(&mut self.content.secrets, budget, secret);
    }

    fn library(&mut self, name: &'static str, interpreter: bool, version: Option<String>, offset: u64) {
        let new = || Library { name: name.to_owned(), version: None, offset, interpreter };
        let known = self.libraries.entry(name).or_insert_with(new);
        if known.version.is_none() {
            known.version = version;
        }
    }

    /// Everything that was found.
    pub(crate) fn finish(mut self) -> Content {
        self.content.libraries = self.libraries.into_values().collect();
        self.content
    }
}

/// Counts one more, and lists it while there is room.
pub(crate) fn count<T>(counted: &mut Counted<T>, budget: &mut Budget, item: impl FnOnce() -> T) {
    counted.count = counted.count.saturating_add(1);
    if counted.list.len() < CONTENT && budget.take() {
        counted.list.push(item());
    }
}
