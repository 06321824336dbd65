//! Which capabilities a file has, through what, and whether they can be reached.

use wasmscope_analyze::facts::{Facts, Linked, ModuleFacts, Path, Root, Step};
use wasmscope_analyze::{Capabilities, Capability};

/// Most names that are told for one capability.
const NAMED: usize = 4;

/// Can a capability be reached?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By direct calls.
    Certain,
    /// By calls that are over-approximated.
    Possible,
    /// Nothing leads to it.
    Never,
    /// Cannot be told; why.
    Unknown(&'static str),
}

impl Reach {
    /// What is not known to be unreachable counts as reachable.
    pub(crate) fn counts(&self) -> bool {
        *self != Self::Never
    }

    /// What could not be proven.
    pub(crate) fn doubt(&self) -> Option<String> {
        match self {
            Self::Certain | Self::Never => None,
            Self::Possible => Some(
                "the way to it is not certain: some of its calls go through a table or a reference".into(),
            ),
            Self::Unknown(why) => Some(format!("whether it can be reached could not be told: {why}")),
        }
    }
}

/// One capability of a file.
#[derive(Debug, Clone)]
pub(crate) struct Use<'f> {
    pub(crate) capability: Capability,
    /// Through which imports and exports, the first few: `namespace#name`.
    pub(crate) through: Vec<String>,
    /// How many more.
    pub(crate) more: usize,
    pub(crate) reach: Reach,
    /// The module that imports it, if it is a core module's own.
    pub(crate) module: Option<&'f ModuleFacts>,
    pub(crate) path: Option<&'f Path>,
}

impl Use<'_> {
    /// `through env#log, env#warn and 3 more`.
    pub(crate) fn means(&self) -> String {
        match (self.through.as_slice(), self.more) {
            ([], _) => "by something that is not listed".to_owned(),
            (names, 0) => format!("through {}", names.join(", ")),
            (names, more) => format!("through {} and {more} more", names.join(", ")),
        }
    }
}

/// `namespace#name`, as policies write it.
pub(crate) fn import_name(namespace: &str, name: &str) -> String {
    format!("{namespace}#{name}")
}

/// The capabilities of the file as a whole, in the order of the vocabulary.
pub(crate) fn uses(facts: &Facts) -> Vec<Use<'_>> {
    let module = facts.modules.first().filter(|_| facts.components.is_empty());
    facts.capabilities.iter().map(|capability| one(facts, module, capability)).collect()
}

fn one<'f>(facts: &'f Facts, module: Option<&'f ModuleFacts>, capability: Capability) -> Use<'f> {
    let mut through: Vec<String> = match module {
        Some(module) => {
            let giving = module.imports.iter().filter(|import| import.capabilities.contains(capability));
            giving.map(|import| import_name(&import.module, &import.name)).collect()
        }
        None => {
            let outermost = facts.components.first();
            let items = outermost
                .into_iter()
                .flat_map(|component| component.imports.iter().chain(&component.exports));
            items
                .filter(|item| item.capabilities.contains(capability))
                .map(|item| item.name.clone())
                .collect()
        }
    };
    let more = through.len().saturating_sub(NAMED);
    through.truncate(NAMED);
    let (reach, path) = match module {
        _ if !facts.validation.valid => (Reach::Unknown("the file is not valid or was not validated"), None),
        Some(module) => within(module, capability),
        None => match &facts.linked {
            Some(linked) if linked.analysed => across(linked, capability),
            _ => (Reach::Unknown("calls between the modules of a component were not followed"), None),
        },
    };
    Use { capability, through, more, reach, module, path }
}

fn within(module: &ModuleFacts, capability: Capability) -> (Reach, Option<&Path>) {
    let reachability = &module.reachability;
    let reach = match reachability.capabilities.iter().find(|reach| reach.capability == capability) {
        _ if !reachability.analysed => Reach::Unknown("no call graph was made"),
        None => Reach::Unknown("it does not come from an imported function"),
        Some(reach) if reach.direct => Reach::Certain,
        Some(reach) if reach.reachable => Reach::Possible,
        Some(_) if reachability.incomplete => Reach::Unknown("some functions could not be decoded"),
        Some(_) => Reach::Never,
    };
    (reach, reachability.path_to(capability))
}

fn across(linked: &Linked, capability: Capability) -> (Reach, Option<&Path>) {
    let reach = match linked.capabilities.iter().find(|reach| reach.capability == capability) {
        None => Reach::Unknown("it does not come from an imported function"),
        Some(reach) if reach.direct => Reach::Certain,
        Some(reach) if reach.reachable => Reach::Possible,
        Some(_) if linked.incomplete => Reach::Unknown("some functions could not be decoded"),
        Some(_) => Reach::Never,
    };
    (reach, linked.path_to(capability))
}

/// Those that are not known to be out of reach.
pub(crate) fn reachable(facts: &Facts) -> Capabilities {
    uses(facts).into_iter().filter(|used| used.reach.counts()).map(|used| used.capability).collect()
}

/// The functions on a path as names: `export _start`, `main`, `env.log`. A function without a name is `?`, because its index
/// changes with every build, and names are [`lasting`].
pub(crate) fn steps(path: &Path) -> Vec<String> {
    let root = match &path.root {
        Root::Export { name } => format!("export {name}"),
        Root::Start => "the start function".to_owned(),
        Root::Shared => "the host, by a reference".to_owned(),
        Root::Destructor => "the destructor of a resource".to_owned(),
    };
    let mut names = vec![root];
    let step = |step: &Step| step.name.as_deref().map_or("?", lasting).to_owned();
    // An exported function without another name is named after its export.
    let same = |step: &&Step| matches!(&path.root, Root::Export { name } if step.name.as_ref() == Some(name));
    let first = path.steps.first().filter(|first| !same(first));
    names.extend(first.into_iter().chain(path.steps.iter().skip(1)).map(step));
    if path.omitted > 0 {
        let place = 1 + usize::from(first.is_some());
        names.insert(place, format!("({} left out)", path.omitted));
    }
    names
}

/// The part of a function's name that another build of the same code keeps: Rust's mangled names end with a hash
/// (`17h` and 16 digits, RFC 2603 tells of both schemes), LLVM adds a number to what it copies between units.
pub(crate) fn lasting(name: &str) -> &str {
    let name = name.split(".llvm.").next().unwrap_or(name);
    let hash = |end: &str| end.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.strip_prefix("_ZN").and_then(|rest| rest.strip_suffix('E')?.rsplit_once("17h")) {
        Some((path, end)) if end.len() == 16 && hash(end) => &name[..3 + path.len()],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn names_last_without_what_every_build_changes() {
        let mangled = "_ZN3std2fs4read5inner17h8e588ba7e575277bE";
        assert_eq!(lasting(mangled), "_ZN3std2fs4read5inner");
        assert_eq!(lasting(&format!("{mangled}.llvm.2528854369365803814")), "_ZN3std2fs4read5inner");
        for name in [
            "main",
            "",
            "_ZN",
            "_ZN17hE",
            "_ZN1a17h8e588ba7e575277zE",
            "_RNvC7mycrate3foo",
            "a17h8e588ba7e575277bE",
        ] {
            assert_eq!(lasting(name), name);
        }
    }
}
