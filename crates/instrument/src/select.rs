//! Which functions are instrumented.

use crate::error::{Refused, closest};
use crate::module::Module;
use std::collections::BTreeSet;
use wasmparser::{ExternalKind, Operator};

/// Which functions passes look at: those that every criterion given allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names, with `*` for any text; one must match. Empty: any name.
    pub only: Vec<String>,
    /// Names, with `*`; none may match.
    pub except: Vec<String>,
    /// Only what can be reached by direct calls from these functions, with them. Whatever stands in a table counts as
    /// reached once an indirect call is.
    pub reachable_from: Vec<String>,
    /// Only functions whose body has at least so many bytes.
    pub min_size: Option<u64>,
    /// Only functions whose body has at most so many bytes.
    pub max_size: Option<u64>,
}

impl Selection {
    /// The selected functions among the defined ones, sorted.
    ///
    /// # Errors
    ///
    /// When a name or pattern fits no function.
    pub fn functions(&self, module: &Module<'_>) -> Result<Vec<u32>, Refused> {
        for pattern in self.only.iter().chain(&self.except) {
            let all = 0..module.functions.len() as u32;
            if !all.into_iter().any(|function| fits(pattern, module, function)) {
                return Err(unknown(module, pattern));
            }
        }
        let reached = self.reached(module)?;
        let first = module.imported_functions();
        let selected = (first..module.functions.len() as u32).filter(|&function| {
            let size = module.body(function).map_or(0, |body| body.len() as u64);
            (self.only.is_empty() || self.only.iter().any(|pattern| fits(pattern, module, function)))
                && !self.except.iter().any(|pattern| fits(pattern, module, function))
                && self.min_size.is_none_or(|min| size >= min)
                && self.max_size.is_none_or(|max| size <= max)
                && reached.as_ref().is_none_or(|reached| reached.contains(&function))
        });
        Ok(selected.collect())
    }

    fn reached(&self, module: &Module<'_>) -> Result<Option<BTreeSet<u32>>, Refused> {
        if self.reachable_from.is_empty() {
            return Ok(None);
        }
        let mut waiting = Vec::new();
        for name in &self.reachable_from {
            waiting.push(module.function_named(name).ok_or_else(|| unknown(module, name))?);
        }
        let (mut reached, mut indirect) = (BTreeSet::new(), false);
        while let Some(function) = waiting.pop() {
            let new = reached.insert(function);
            let Some(range) = module.body(function).filter(|_| new) else { continue };
            for operator in module.body_reader(&range).get_operators_reader()? {
                match operator? {
                    Operator::Call { function_index }
                    | Operator::ReturnCall { function_index }
                    | Operator::RefFunc { function_index } => waiting.push(function_index),
                    Operator::CallIndirect { .. } | Operator::ReturnCallIndirect { .. } if !indirect => {
                        indirect = true;
                        waiting.extend(module.table_contents(usize::MAX).into_iter().map(|(.., f)| f));
                    }
                    _ => {}
                }
            }
        }
        Ok(Some(reached))
    }
}

fn unknown(module: &Module<'_>, name: &str) -> Refused {
    let exports = module.exports.iter().filter(|export| export.kind == ExternalKind::Func);
    let names =
        module.names.functions().iter().map(|(_, name)| *name).chain(exports.map(|export| export.name));
    Refused::UnknownFunction { name: name.to_owned(), close: closest(name, names) }
}

/// Whether a function has a name that the pattern fits; `#12` is the function with that index.
fn fits(pattern: &str, module: &Module<'_>, function: u32) -> bool {
    if let Some(index) = pattern.strip_prefix('#') {
        return index.parse() == Ok(function);
    }
    let exported = module.exports.iter().filter(|e| e.kind == ExternalKind::Func && e.index == function);
    let names = module.names.function(function).into_iter().chain(exported.map(|export| export.name));
    names.into_iter().any(|name| matches(pattern, name))
}

/// Whether `text` is `pattern`, where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "main2", false),
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "ab", false),
            ("*lloc", "malloc", true),
            ("dl*al*c", "dlmalloc", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
