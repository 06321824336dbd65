//! Reading CEL.

use cel::{
    common::ast::SourceInfo,
    parser::{Expression, Parser},
};

/// Longest condition, in bytes.
const MOST_BYTES: usize = 16 << 10;
/// Deepest nesting; an expression of a person has less than ten.
const DEPTH: u16 = 64;

/// A place in the text of a condition: line and column in characters, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A condition as it was written.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) expression: Expression,
    source: SourceInfo,
}

impl Parsed {
    /// Where the node of this id begins.
    pub(crate) fn place(&self, id: u64) -> Place {
        let start = self.source.offset_for(id).map_or(0, |(start, _)| start as usize);
        let before = self.source.source.chars().take(start);
        before.fold(Place::default(), |place, c| match c {
            '\n' => Place { line: place.line + 1, column: 0 },
            _ => Place { column: place.column + 1, ..place },
        })
    }
}

/// Parses a condition; else says where it ceases to be one.
pub(crate) fn parse(text: &str) -> Result<Parsed, (Place, String)> {
    if text.len() > MOST_BYTES {
        return Err((Place::default(), "a condition has at most 16 KiB".into()));
    }
    match Parser::new().max_recursion_depth(DEPTH).parse_with_source_info(text) {
        Ok((expression, source)) => Ok(Parsed { expression, source }),
        Err(errors) => {
            let first = errors.errors.into_iter().next();
            let (line, column, message) = first.map_or((0, 0, String::new()), |e| (e.pos.0, e.pos.1, e.msg));
            let number = |n: isize| usize::try_from(n).unwrap_or(0);
            let place = Place { line: number(line - 1), column: number(column - 1) };
            Err((
                place,
                format!("this is no CEL: {}", message.to_lowercase().trim_start_matches("syntax error: ")),
            ))
        }
    }
}
