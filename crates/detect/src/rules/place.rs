//! Where in a file something is.

use crate::{condition::Fault, error::Problem};
use serde_saphyr::{Location, Spanned};

/// A file that is being read, and what is wrong with it.
pub(super) struct Reading<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(name: String, text: &'a str) -> Self {
        Self { name, text, problems: Vec::new() }
    }

    /// Reads the whole file as `T`.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&mut self) -> Option<T> {
        let mut options = serde_saphyr::Options::default();
        options.with_snippet = false;
        match serde_saphyr::from_str_with_options(self.text, options) {
            Ok(read) => Some(read),
            Err(error) => {
                let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
                let message = error.without_snippet().to_string();
                // The place is told in front.
                let message = message.lines().next().unwrap_or_default();
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                self.problems.push(Problem { file: self.name.clone(), line, column, message });
                None
            }
        }
    }

    /// Something is wrong with this value.
    pub(super) fn wrong<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        self.at(at.referenced, message);
    }

    fn at(&mut self, at: Location, message: impl Into<String>) {
        let message = message.into();
        self.problems.push(Problem {
            file: self.name.clone(),
            line: at.line(),
            column: at.column(),
            message,
        });
    }

    /// Something is wrong in this condition.
    pub(super) fn fault(&mut self, of: &Spanned<String>, fault: Fault) {
        let (line, column) = self.place(of, fault.place.line, fault.place.column);
        self.problems.push(Problem { file: self.name.clone(), line, column, message: fault.message });
    }

    /// Where line and column (both from 0) of a text are in the file. Texts in block style (`|`) begin in the line behind
    /// the sign, indented; of folded ones (`>`) the first line is told.
    fn place(&self, of: &Spanned<String>, line: usize, column: usize) -> (u64, u64) {
        let at = of.referenced;
        let (first, from) = (at.line() as usize, at.column() as usize);
        let lines: Vec<&str> = self.text.lines().collect();
        let begin: String =
            lines.get(first.wrapping_sub(1)).map(|l| l.chars().skip(from.saturating_sub(1)).collect()).unwrap_or_default();
        let indent = |l: &str| l.chars().take_while(|c| *c == ' ').count();
        let (line, column) = match begin.chars().next() {
            Some('|') => {
                let at_line = first + line;
                // The indentation is that of the first line that has anything.
                let indented = lines[first..].iter().find(|l| !l.trim().is_empty()).map_or(0, |l| indent(l));
                (at_line + 1, indented + column + 1)
            }
            Some('"' | '\'') if line == 0 => (first, from + 1 + column),
            _ if line == 0 => (first, from + column),
            _ => (first, from),
        };
        (line as u64, column as u64)
    }
}
