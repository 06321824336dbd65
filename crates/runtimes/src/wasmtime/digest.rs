//! What joins a code image to a module file: a digest over the guest functions' symbols.
//!
//! Wasmtime names each compiled guest function `wasm[M]::function[I]`, followed by `::name` where the
//! module's name section has one. Both sides compute the same digest: the image from its symbol table,
//! the module file from its import count, function count and name section.
//!
//! A component also holds adapter modules that Wasmtime generates itself. They stand in no file and have
//! no names, so for components only modules with at least one named function count.
//!
//! A module without any names has a digest too, but a weak one: it tells only the number of imported and
//! defined functions.

use sha2::{Digest, Sha256 as Hasher};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use wasmscope_model::Sha256;

/// Most characters that Wasmtime keeps of a function's name in a symbol (`MAX_SYMBOL_LEN`).
const MAX_NAME: usize = 96;

/// Gathers the functions of one image or one module file.
#[derive(Debug, Default)]
pub(crate) struct SymbolDigest {
    modules: BTreeMap<u32, Module>,
}

#[derive(Debug, Default)]
struct Module {
    functions: BTreeSet<(u32, Vec<u8>)>,
    named: bool,
}

impl SymbolDigest {
    /// Adds a defined function with its cleaned name, empty for none.
    pub(crate) fn add(&mut self, module: u32, index: u32, name: &[u8]) {
        let module = self.modules.entry(module).or_default();
        module.named |= !name.is_empty();
        module.functions.insert((index, name.to_vec()));
    }

    /// Number of modules that have a function.
    pub(crate) fn modules(&self) -> u32 {
        u32::try_from(self.modules.len()).unwrap_or(u32::MAX)
    }

    /// The digest; `None` where no function counts.
    pub(crate) fn finish(&self, component: bool) -> Option<Sha256> {
        let mut hasher = Hasher::new();
        let mut empty = true;
        for (module, content) in self.modules.iter().filter(|(_, m)| m.named || !component) {
            for (index, name) in &content.functions {
                hasher.update(module.to_le_bytes());
                hasher.update(index.to_le_bytes());
                hasher.update((name.len() as u64).to_le_bytes());
                hasher.update(name);
                empty = false;
            }
        }
        (!empty).then(|| Sha256(hasher.finalize().into()))
    }
}

/// The form in which Wasmtime writes a function's name into a symbol: graphic ASCII only, runs of
/// anything else become one `?`, at most 96 characters (`clean_symbol` in `src/compile.rs`).
pub(crate) fn clean(name: &str) -> Cow<'_, str> {
    if name.chars().all(|c| c.is_ascii_graphic()) {
        return Cow::Borrowed(name.get(..MAX_NAME).unwrap_or(name));
    }
    let mut last = '\0';
    let kept = name
        .chars()
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .filter(|c| {
            let repeated = last == '?' && *c == '?';
            last = *c;
            !repeated
        })
        .take(MAX_NAME);
    Cow::Owned(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_wasmtime_does() {
        assert_eq!(clean("a<b>::c"), "a<b>::c");
        assert_eq!(clean("a b\n\u{e9}c"), "a?b?c");
        // Only a name that needs cleaning has its own question marks joined as well.
        assert_eq!(clean("a??b"), "a??b");
        assert_eq!(clean("a??b c"), "a?b?c");
        assert_eq!(clean(&"x".repeat(200)).len(), 96);
        assert_eq!(clean(&" x".repeat(200)).len(), 96);
    }

    #[test]
    fn the_digest_knows_order_nowhere_but_borders_everywhere() {
        let of = |functions: &[(u32, u32, &str)], component| {
            let mut digest = SymbolDigest::default();
            functions.iter().for_each(|(m, i, n)| digest.add(*m, *i, n.as_bytes()));
            digest.finish(component)
        };
        assert_eq!(of(&[(0, 1, "a"), (0, 2, "b")], false), of(&[(0, 2, "b"), (0, 1, "a")], false));
        assert_ne!(of(&[(0, 1, "a"), (0, 2, "b")], false), of(&[(0, 1, "ab"), (0, 2, "")], false));
        assert_eq!(of(&[(0, 1, "a"), (1, 2, "")], true), of(&[(0, 1, "a")], true));
        assert_ne!(of(&[(0, 1, "a"), (1, 2, "")], false), of(&[(0, 1, "a")], false));
        assert_eq!(of(&[(0, 1, "")], true), None);
        assert_eq!(of(&[], false), None);
    }
}
