//! Patterns on names of files, imports and exports.

use super::values;
use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer};

/// Patterns become regular expressions without backtracking, so that no hostile name takes long.
fn compile(text: &str, separated: bool) -> Result<GlobMatcher, String> {
    let glob: Glob = GlobBuilder::new(text)
        .literal_separator(separated)
        .backslash_escape(false)
        .build()
        .map_err(|error| format!("{text:?} is no pattern: {}", error.kind()))?;
    Ok(glob.compile_matcher())
}

/// A pattern on the names of files. Without a slash it is for the last part of a path, in any directory; with one for
/// the whole path, where `**` stands for any number of directories.
#[derive(Debug, Clone)]
pub(crate) struct NamePattern {
    pub(crate) text: String,
    matcher: GlobMatcher,
}

impl NamePattern {
    /// Does it fit a name that is already [`normal`]?
    pub(crate) fn fits(&self, name: &str) -> bool {
        match self.text.contains('/') {
            true => self.matcher.is_match(name),
            false => self.matcher.is_match(name.rsplit('/').next().unwrap_or(name)),
        }
    }
}

impl<'de> Deserialize<'de> for NamePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::text(deserializer, |text| {
            let text = text.strip_prefix("./").unwrap_or(text);
            Ok(Self { text: text.to_owned(), matcher: compile(text, true)? })
        })
    }
}

/// The path without `.`, without empty parts and, as far as that can be told, without `..`: otherwise
/// `plugins/../other.wasm` would be taken for a plugin.
pub(crate) fn normal(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if name.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if name.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The pattern that fits just this name of a file.
pub(crate) fn escape_name(name: &str) -> String {
    globset::escape(&normal(name))
}

/// Was the name cut when it was read (`limits::NAME_BYTES`)? Then it stands for many names, and no pattern can tell which.
/// A name that really ends so is refused with them.
fn cut(name: &str) -> bool {
    name.ends_with('…')
}

/// A pattern on a name that has no parts: an export's.
#[derive(Debug, Clone)]
pub(crate) enum ItemPattern {
    /// Nothing in it is special. Most are so, and a module can have 100,000 imports to compare with each.
    Exact(String),
    /// Everything that begins so; with nothing, also names that were cut.
    Begin(String),
    /// Has to be matched.
    Glob(GlobMatcher),
}

impl ItemPattern {
    fn read(text: &str) -> Result<Self, String> {
        let plain = |text: &str| !text.contains(['*', '?', '[', ']', '{', '}']);
        Ok(match text.strip_suffix('*') {
            Some(begin) if plain(begin) => Self::Begin(begin.to_owned()),
            None if plain(text) => Self::Exact(text.to_owned()),
            _ => Self::Glob(compile(text, false)?),
        })
    }

    pub(crate) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Begin(begin) if begin.is_empty() => true,
            _ if cut(name) => false,
            Self::Begin(begin) => name.starts_with(begin),
            Self::Exact(text) => text == name,
            Self::Glob(glob) => glob.is_match(name),
        }
    }
}

impl<'de> Deserialize<'de> for ItemPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::text(deserializer, Self::read)
    }
}

/// A pattern on imports: of a namespace or interface, and after a `#` of a name in it: `wasi:io/*`, `env#log_*`.
///
/// Both parts are compared for themselves: joined, the namespace `a.b` with the name `c` could not be told from `a`
/// with `b.c`.
#[derive(Debug, Clone)]
pub(crate) struct ImportPattern {
    namespace: ItemPattern,
    name: Option<ItemPattern>,
}

impl ImportPattern {
    /// Does it allow everything in the namespace?
    pub(crate) fn fits_all(&self, namespace: &str) -> bool {
        self.name.is_none() && self.namespace.fits(namespace)
    }

    pub(crate) fn fits_some(&self, namespace: &str) -> bool {
        self.namespace.fits(namespace)
    }

    pub(crate) fn fits(&self, namespace: &str, name: &str) -> bool {
        self.namespace.fits(namespace) && self.name.as_ref().is_none_or(|pattern| pattern.fits(name))
    }
}

impl<'de> Deserialize<'de> for ImportPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        values::text(deserializer, |text| {
            // `[#]` is the character itself.
            let hash = text.match_indices('#').map(|(at, _)| at).find(|at| !text[..*at].ends_with('['));
            let (namespace, name) = match hash {
                Some(at) => (&text[..at], Some(&text[at + 1..])),
                None => (text, None),
            };
            let name = name.map(ItemPattern::read).transpose()?;
            Ok(Self { namespace: ItemPattern::read(namespace)?, name })
        })
    }
}

/// The pattern that fits just this import, or this namespace; `None` if its names were cut.
pub(crate) fn literal_import(namespace: &str, name: Option<&str>) -> Option<String> {
    if cut(namespace) || name.is_some_and(cut) {
        return None;
    }
    let namespace = globset::escape(namespace).replace('#', "[#]");
    Some(match name {
        Some(name) => format!("{namespace}#{}", globset::escape(name)),
        None => namespace,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::value::{Error, StrDeserializer};

    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> T {
        T::deserialize(StrDeserializer::<Error>::new(text)).unwrap()
    }

    #[test]
    fn names_of_files_fit_as_in_gitignore_but_cannot_climb() {
        let fits = |pattern, name| read::<NamePattern>(pattern).fits(&normal(name));
        assert!(fits("*.wasm", "a/b/c.wasm") && fits("plugins/*.wasm", "./plugins//a.wasm"));
        assert!(fits("plugins/**", "plugins/deep/a.wasm") && fits("**/a.wasm", "/srv/a.wasm"));
        assert!(
            !fits("plugins/*.wasm", "plugins/deep/a.wasm") && !fits("plugins/*.wasm", "x/plugins/a.wasm")
        );
        assert!(!fits("plugins/**", "plugins/../a.wasm") && !fits("/srv/**", "/srv/x/../../etc/a"));
        assert_eq!(normal("../a/./b/../../../c"), "../../c");
        assert_eq!(normal("/../a"), "/a");
    }

    #[test]
    fn imports_fit_by_namespace_and_name_each_for_itself() {
        let fits = |pattern, namespace, name| read::<ImportPattern>(pattern).fits(namespace, name);
        assert!(
            fits("env", "env", "x")
                && fits("env#log_*", "env", "log_it")
                && fits("wasi:io/*", "wasi:io/poll@0.2.0", "p")
        );
        assert!(
            !fits("env#log_*", "env", "exit") && !fits("env", "env.log", "x") && !fits("env#a", "env#a", "x")
        );
        assert!(fits("a[#]b#c#d", "a#b", "c#d"));
    }

    #[test]
    fn a_literal_pattern_fits_its_name_and_no_other() {
        let odd =
            ["", "*", "a#b", "#", "[#", "[", "[resource-drop]tcp", "{a,b}", "a\\b", "!x", "\n", "ü?", "[!a]"];
        for namespace in odd {
            for name in odd {
                let pattern = literal_import(namespace, Some(name)).unwrap();
                let pattern = read::<ImportPattern>(&pattern);
                for (n, m) in odd.iter().flat_map(|n| odd.iter().map(move |m| (*n, *m))) {
                    assert_eq!(pattern.fits(n, m), (n, m) == (namespace, name), "{namespace} {name} {n} {m}");
                }
            }
        }
    }

    #[test]
    fn a_name_that_was_cut_is_fitted_by_nothing_but_everything() {
        let long = format!("{}…", "a".repeat(256));
        let fits = |pattern, name: &str| read::<ItemPattern>(pattern).fits(name);
        assert!(fits("*", &long) && !fits("a*", &long) && fits("a*", &long[..256]));
        assert_eq!(literal_import("env", Some(&long)), None);
    }
}
