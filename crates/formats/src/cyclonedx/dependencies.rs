//! The crates that a module says it is made of, and the libraries that were recognised in it.

use super::types::{Component, Depends, Property};
use packageurl::PackageUrl;
use wasmscope_analyze::facts::{Dependency, DependencyKind};

/// Edges of one module's graph that are written. Real graphs have some thousands.
const MOST_EDGES: usize = 100_000;

/// A library by name and version, without a package URL: where it is from is not known.
pub(super) fn library(bom_ref: String, name: &str, version: Option<&str>) -> Component {
    let mut component = Component::new("library", bom_ref, name);
    component.version = version.map(ToOwned::to_owned);
    component
}

/// Components for the crates of the module `module`, its own crate included, and who depends on whom. False if edges were left out.
pub(super) fn crates(module: &str, list: &[Dependency]) -> (Vec<Component>, Vec<Depends>, bool) {
    let name = |at: usize| format!("{module}/crate[{at}]");
    let components = list.iter().enumerate().map(|(at, one)| component(name(at), one)).collect();
    let mut left = MOST_EDGES;
    let mut edges = Vec::with_capacity(list.len() + 1);
    let roots: Vec<_> = list.iter().enumerate().filter(|(_, one)| one.root).map(|(at, _)| at).collect();
    // Lists that name no root are forged or cut; then the module has them all.
    let direct = if roots.is_empty() { (0..list.len()).collect() } else { roots };
    edges.push(depends(module.to_owned(), direct, &name, &mut left));
    for (at, one) in list.iter().enumerate() {
        let known = one.dependencies.iter().map(|on| *on as usize).filter(|on| *on < list.len());
        edges.push(depends(name(at), known.collect(), &name, &mut left));
    }
    (components, edges, left > 0)
}

fn depends(from: String, mut on: Vec<usize>, name: &impl Fn(usize) -> String, left: &mut usize) -> Depends {
    on.sort_unstable();
    on.dedup();
    on.truncate(*left);
    *left -= on.len();
    Depends { from, on: on.into_iter().map(name).collect() }
}

fn component(bom_ref: String, one: &Dependency) -> Component {
    let mut component = library(bom_ref, &one.name, Some(&one.version));
    component.scope = Some(match one.kind {
        DependencyKind::Runtime => "required",
        DependencyKind::Build => "excluded",
    });
    // A crate from elsewhere may have the name of another one on crates.io, and would get its vulnerabilities.
    component.purl = (one.source == "crates.io").then(|| purl(one)).flatten();
    component.properties.push(Property { name: "wasmscope:crate-source", value: one.source.clone() });
    component
}

/// `pkg:cargo/name@version`; none if the name is not one.
fn purl(one: &Dependency) -> Option<String> {
    let mut purl = PackageUrl::new("cargo", one.name.as_str()).ok()?;
    purl.with_version(one.version.as_str()).ok()?;
    purl.validate().ok()?;
    Some(purl.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, source: &str, dependencies: Vec<u32>) -> Dependency {
        let (version, kind) = ("1.0.0".into(), DependencyKind::Runtime);
        Dependency { name: name.into(), version, source: source.into(), kind, root: false, dependencies }
    }

    #[test]
    fn only_crates_io_has_package_urls() {
        let purl = |name: &str, source: &str| component("r".into(), &dependency(name, source, vec![])).purl;
        assert_eq!(purl("serde", "crates.io").as_deref(), Some("pkg:cargo/serde@1.0.0"));
        assert_eq!(purl("a b/@?#%", "crates.io").as_deref(), Some("pkg:cargo/a%20b%2F%40%3F%23%25@1.0.0"));
        assert_eq!(purl("", "crates.io"), None);
        assert_eq!(purl("serde", "git"), None);
    }

    #[test]
    fn forged_edges_are_dropped_and_bounded() {
        let list = vec![dependency("a", "local", vec![1, 1, 7]), dependency("b", "local", vec![0])];
        let (components, edges, complete) = crates("m", &list);
        assert!(complete && components.len() == 2);
        let written: Vec<_> = edges.iter().map(|edge| (edge.from.as_str(), edge.on.join(" "))).collect();
        let all = |text: &str| text.to_owned();
        assert_eq!(
            written,
            [
                ("m", all("m/crate[0] m/crate[1]")),
                ("m/crate[0]", all("m/crate[1]")),
                ("m/crate[1]", all("m/crate[0]"))
            ]
        );
        let many: Vec<_> = (0..1000).map(|_| dependency("x", "local", (0..1000).collect())).collect();
        let (_, edges, complete) = crates("m", &many);
        assert!(!complete);
        assert_eq!(edges.iter().map(|edge| edge.on.len()).sum::<usize>(), MOST_EDGES);
    }
}
