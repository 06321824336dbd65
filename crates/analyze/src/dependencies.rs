//! `.dep-v0`: the dependency list that cargo-auditable embeds
//! (<https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>): JSON, compressed with zlib.

use crate::facts::{Dependency, DependencyKind};
use crate::limits::{Budget, DEPENDENCY_BYTES};
use crate::text;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    dependencies: Vec<u32>,
    #[serde(default)]
    root: bool,
}

/// Reads the contents of the section.
///
/// # Errors
///
/// With a sentence that says what is wrong.
pub(crate) fn read(section: &[u8], budget: &mut Budget) -> Result<Vec<Dependency>, String> {
    let json = decompress_to_vec_zlib_with_limit(section, DEPENDENCY_BYTES)
        .map_err(|e| format!("does not inflate within {DEPENDENCY_BYTES} bytes: {:?}", e.status))?;
    let list: List =
        serde_json::from_slice(&json).map_err(|e| text::name(&format!("not the expected JSON: {e}")))?;
    let dependencies = list.packages.into_iter().take_while(|_| budget.take()).map(|package| Dependency {
        name: text::name(&package.name),
        version: text::name(&package.version),
        source: text::name(&package.source),
        kind: if package.kind.as_deref() == Some("build") {
            DependencyKind::Build
        } else {
            DependencyKind::Runtime
        },
        root: package.root,
        dependencies: package.dependencies,
    });
    Ok(dependencies.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec_zlib;

    #[test]
    fn a_list_and_what_is_none() {
        let json = br#"{"packages":[
            {"name":"adler","version":"0.2.3","source":"registry","kind":"build"},
            {"name":"guest","version":"0.1.0","source":"local","dependencies":[0],"root":true}]}"#;
        let list = read(&compress_to_vec_zlib(json, 6), &mut Budget::new()).unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].kind, list[1].root), (DependencyKind::Build, true));
        assert_eq!(list[1].dependencies, [0]);
        assert!(read(b"not zlib", &mut Budget::new()).is_err());
        assert!(read(&compress_to_vec_zlib(b"[]", 6), &mut Budget::new()).is_err());
    }

    #[test]
    fn a_bomb_stays_small() {
        let bomb = compress_to_vec_zlib(&vec![b' '; 64 << 20], 9);
        assert!(bomb.len() < 100_000);
        assert!(read(&bomb, &mut Budget::new()).unwrap_err().contains("does not inflate"));
    }
}
