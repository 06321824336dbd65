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
    /// Where the next file of a ZIP archive would begin.
    zip_end: Option<u64>,
}

impl ContentScan {
    /// Searches some bytes.
    pub(crate) fn search(&mut self, source: Source<'_>, constants: &mut Constants, budget: &mut Budget) {
        let bytes = source.bytes;
        SEARCH.each(bytes, |rule, range| match rule {
            Rule::File(row) => self.file(row, &source, range.start, budget),
            Rule::Text(row) => {
                if let Some((class, text)) = texts::check(row, bytes, range.clone()) {
                    self.text(class, &source, range, text, budget);
                }
            }
            Rule::Secret(row) => {
                if let Some((kind, secret)) = secrets::check(row, bytes, range) {
                    self.secret(kind, &source, secret.start, budget);
                }
            }
            Rule::Library(row) => {
                if let Some(version) = libraries::check(row, bytes, range.clone()) {
                    let row = &libraries::LIBRARIES[row];
                    self.add_library(row.name, row.interpreter, version, source.at(range.start));
                }
            }
            Rule::Constant(n) => {
                let tail = bytes.get(range.start..).unwrap_or_default();
                constants.pattern(n, tail, source.at(range.start));
            }
        });
        for (row, finder) in files::SHORT.iter().enumerate() {
            // An iterator would copy the finder, which takes longer than to search a small segment.
            let mut from = 0;
            while let Some(n) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
                self.file(row, &source, from + n, budget);
                from += n + 1;
            }
        }
        // What has no fixed beginning is found by a sign in it.
        for sign in memchr::memchr2_iter(b':', b'%', bytes) {
            if bytes[sign] == b'%' {
                if let Some(range) = texts::format_that_writes(bytes, sign) {
                    self.text(TextClass::FormatWrites, &source, range.clone(), range, budget);
                }
            } else if let Some(range) = address::around(bytes, sign) {
                self.text(TextClass::Address, &source, range.clone(), range, budget);
            } else if let Some((start, version)) = libraries::sqlite(bytes, sign) {
                self.add_library("SQLite", false, Some(version), source.at(start));
            }
        }
    }

    fn file(&mut self, row: usize, source: &Source<'_>, at: usize, budget: &mut Budget) {
        let Some((format, begin)) = files::check(row, source.bytes, at) else { return };
        let offset = source.at(begin);
        if format == FileFormat::Zip {
            // An archive is one file, however many it holds.
            let inside = self.zip_end == Some(offset);
            self.zip_end = files::after_zip_entry(source.bytes, begin).map(|end| source.at(end));
            if inside {
                return;
            }
        }
        let file = || EmbeddedFile { format, offset, place: source.place() };
        count(&mut self.content.payloads, budget, file);
    }

    /// Looks only at the beginning: for sections that tools fill with what is like anything.
    pub(crate) fn beginning(&mut self, source: Source<'_>, budget: &mut Budget) {
        for (row, (magic, _)) in files::MAGIC.iter().enumerate() {
            if source.bytes.starts_with(magic) {
                self.file(row, &source, 0, budget);
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

    fn add_library(&mut self, name: &'static str, interpreter: bool, version: Option<String>, offset: u64) {
        let new = || Library { name: name.to_owned(), version: None, offset, interpreter };
        let known = self.libraries.entry(name).or_insert_with(new);
        if known.version.is_none() {
            known.version = version;
        }
    }

    /// Everything that was found.
    pub(crate) fn finish(mut self) -> Content {
        self.content.libraries = self.libraries.into_values().collect();
        // Each segment is searched in three ways, one after the other.
        self.content.payloads.list.sort_by_key(|file| file.offset);
        self.content.secrets.list.sort_by_key(|secret| secret.offset);
        self.content.texts.values_mut().for_each(|texts| texts.list.sort_by_key(|text| text.offset));
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
