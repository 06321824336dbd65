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

    /// Where line and column (both from 0) of a text are in the file. A text in block style (`|`) is told to begin where
    /// its content does, and each of its lines is a line of the file; of other texts of several lines the first is told.
    fn place(&self, of: &Spanned<String>, line: usize, column: usize) -> (u64, u64) {
        let (first, from) = (of.referenced.line(), of.referenced.column());
        let above = (first as usize).checked_sub(2).and_then(|above| self.text.lines().nth(above));
        let block = above.is_some_and(|above| above.trim_end().trim_end_matches(['-', '+']).ends_with('|'));
        let begin = self.text.lines().nth((first as usize).saturating_sub(1));
        let sign = begin.and_then(|begin| begin.chars().nth((from as usize).saturating_sub(1)));
        let (line, column) = (line as u64, column as u64);
        match sign {
            _ if block => (first + line, from + column),
            Some('"' | '\'') if line == 0 => (first, from + 1 + column),
            _ if line == 0 => (first, from + column),
            _ => (first, from),
        }
    }
}
