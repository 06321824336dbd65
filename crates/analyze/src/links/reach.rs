//! What can be reached in a component, told as facts.

use super::graph::{Glue, Host, Joined, Place};
use super::items::Parts;
use super::ways::Ways;
use crate::facts::{
    CapabilityReach, ComponentFacts, EntryReach, HostReach, Linked, ModuleFacts, Path, Root, Step, Via,
};
use crate::limits::{Budget, PATH_STEPS};
use crate::{Capabilities, Capability, marks, names, text};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the imports of the outermost component allow.
fn imported(outermost: &ComponentFacts) -> Capabilities {
    outermost.imports.iter().fold(Capabilities::NONE, |all, import| all.union(import.capabilities))
}

/// What is told if the component could not be followed: everything may be reached.
pub(crate) fn unknown(outermost: &ComponentFacts) -> Vec<CapabilityReach> {
    let all = imported(outermost);
    let reach = |capability| CapabilityReach { capability, reachable: true, direct: false, import: None };
    Capability::ALL.iter().filter(|c| all.contains(**c)).copied().map(reach).collect()
}

/// The facts of the `joined` graph.
pub(crate) fn reach(
    joined: &Joined<'_, '_>,
    parts: Parts<'_, '_>,
    facts: &[ModuleFacts],
    outermost: &ComponentFacts,
) -> Linked {
    let mut budget = Budget::of_links();
    let roots = || joined.roots.iter().map(|(_, node)| joined.dense(*node));
    let certain = Ways::from(joined, roots(), true);
    let possible = Ways::from(joined, roots(), false);

    let mut nearest = vec![(u32::MAX, u32::MAX); Capability::ALL.len()]; // rank and host, by capability
    let mut imports = Vec::new();
    // The first of several roots with one node.
    let mut names_of_roots: HashMap<u32, &Root> = HashMap::new();
    for (root, node) in &joined.roots {
        names_of_roots.entry(joined.dense(*node)).or_insert(root);
    }
    for (place, host) in (0u32..).zip(&joined.hosts) {
        let node = joined.dense(host.node);
        let direct = certain.reaches(node);
        let ways = if direct { &certain } else { &possible };
        let distance = ways.distance(node);
        let rank = distance.map_or(u32::MAX - 1, |d| d | u32::from(!direct) << 30);
        for (at, _) in Capability::ALL.iter().enumerate().filter(|(_, c)| host.capabilities.contains(**c)) {
            nearest[at] = nearest[at].min((rank, place));
        }
        if budget.take() {
            // Of what allows nothing, such as asking a stream for its readiness, nobody asks for the path.
            let asked = host.capabilities != Capabilities::NONE;
            let path = asked.then(|| path(joined, ways, &names_of_roots, node, &mut budget)).flatten();
            let (interface, function) = host_names(joined, host);
            let capabilities = host.capabilities;
            imports.push(HostReach { interface, function, capabilities, distance, direct, path });
        }
    }
    let reachable_functions = (0..joined.functions).filter(|n| joined.is_shown(*n) && possible.reaches(*n));
    let reachable_functions = reachable_functions.count() as u32;
    drop((certain, possible));
    name_steps(joined, parts, facts, &mut imports);

    let all = joined.hosts.iter().fold(imported(outermost), |all, host| all.union(host.capabilities));
    let capabilities = Capability::ALL.iter().zip(&nearest).filter(|(c, _)| all.contains(**c));
    let capabilities = capabilities.map(|(&capability, &(rank, import))| CapabilityReach {
        capability,
        reachable: rank < u32::MAX - 1,
        direct: rank < 1 << 30,
        import: (rank < u32::MAX - 1).then_some(import),
    });
    Linked {
        analysed: true,
        incomplete: joined
            .codes
            .iter()
            .any(|code| parts.modules.get(code.module as usize).is_none_or(|module| module.incomplete)),
        instances: joined.codes.len() as u32,
        not_followed: joined.not_followed,
        unresolved: joined.unresolved,
        reachable_functions,
        capabilities: capabilities.collect(),
        imports,
        exports: entries(joined, facts, &mut budget),
    }
}

/// What each root can reach.
fn entries(joined: &Joined<'_, '_>, facts: &[ModuleFacts], budget: &mut Budget) -> Vec<EntryReach> {
    let mut marks = vec![0; joined.nodes() as usize];
    for host in &joined.hosts {
        marks[joined.dense(host.node) as usize] = host.capabilities.bits();
    }
    let roots = joined.roots.iter().map(|(_, node)| joined.dense(*node));
    // Mostly the next edge of the same node: to find the edges of a node takes a search.
    let mut last = (u32::MAX, joined.edges(u32::MAX));
    let marks = marks::reachable(marks, roots, |node, n| {
        if last.0 != node {
            last = (node, joined.edges(node));
        }
        last.1.get(n).map(|(next, _)| next)
    });
    let mut entries = Vec::new();
    for (root, node) in &joined.roots {
        if !budget.take() {
            break;
        }
        let node = joined.dense(*node);
        let bits = marks.get(node as usize).copied().unwrap_or(0);
        let entered = entered(joined, node).and_then(|node| module_of(joined, facts, node));
        let (module, function) = entered.unzip();
        let capabilities = Capabilities::from_bits(bits);
        entries.push(EntryReach { root: root.clone(), module: module.cloned(), function, capabilities });
    }
    entries
}

/// The function that is entered by way of a lifted function.
fn entered(joined: &Joined<'_, '_>, mut node: u32) -> Option<u32> {
    // As long a way through glue as a compiler may make.
    for _ in 0..PATH_STEPS {
        if joined.is_shown(node) {
            return Some(node);
        }
        node = joined.edges(node).iter().find(|(_, kind)| kind.is_exact())?.0;
    }
    None
}

fn module_of<'f>(joined: &Joined<'_, '_>, facts: &'f [ModuleFacts], node: u32) -> Option<(&'f String, u32)> {
    match joined.place(node)? {
        Place::Code(code, _, local) => facts.get(code.module as usize).map(|module| (&module.path, local)),
        Place::Glue(..) => None,
    }
}

fn host_names(joined: &Joined<'_, '_>, host: &Host<'_>) -> (String, Option<String>) {
    let interface = joined.interfaces.get(host.interface as usize).cloned().unwrap_or_default();
    (interface, host.function.map(text::name))
}

/// The last [`PATH_STEPS`] steps of the way to `node`, whose functions are nodes until [`name_steps`]; `None` if it
/// cannot be reached or the budget is spent.
fn path(
    joined: &Joined<'_, '_>,
    ways: &Ways,
    roots: &HashMap<u32, &Root>,
    node: u32,
    budget: &mut Budget,
) -> Option<Path> {
    let length = ways.distance(node)?.saturating_add(1);
    let root = roots.get(&ways.root(node)?).map_or(Root::Shared, |root| (*root).clone());
    let mut steps = Vec::new();
    for stop in ways.stops_back(joined, node).take(PATH_STEPS) {
        if !budget.take() {
            return None;
        }
        steps.push(Step { function: stop.node, module: None, name: None, via: stop.via });
    }
    steps.reverse();
    let omitted = length.saturating_sub(steps.len() as u32);
    let approximate = steps.iter().filter(|s| !matches!(s.via, Via::Entry | Via::Call | Via::Slot)).count();
    Some(Path { root, steps, omitted, approximate: approximate as u32 })
}

/// Puts modules, indices and names in the place of nodes.
fn name_steps(
    joined: &Joined<'_, '_>,
    parts: Parts<'_, '_>,
    facts: &[ModuleFacts],
    imports: &mut [HostReach],
) {
    let mut wanted: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let steps = imports.iter().filter_map(|import| import.path.as_ref()).flat_map(|path| &path.steps);
    for step in steps {
        if let Some(Place::Code(code, _, local)) = joined.place(step.function) {
            wanted.entry(code.module).or_default().insert(local);
        }
    }
    let named = wanted.iter().filter_map(|(module, functions)| {
        let linkable = parts.modules.get(*module as usize)?;
        let (imports, exports) = (linkable.imports.clone(), linkable.exports.clone());
        Some((*module, names::of_functions(imports, exports, linkable.names.as_ref(), functions)))
    });
    let named: BTreeMap<u32, BTreeMap<u32, String>> = named.collect();
    let steps = imports.iter_mut().filter_map(|import| import.path.as_mut()).flat_map(|path| &mut path.steps);
    for step in steps {
        match joined.place(step.function) {
            Some(Place::Code(code, _, local)) => {
                step.function = local;
                step.module = facts.get(code.module as usize).map(|module| module.path.clone());
                step.name = named.get(&code.module).and_then(|names| names.get(&local)).cloned();
            }
            Some(Place::Glue(_, Glue::Host(host))) => {
                step.function = host;
                step.name = joined.hosts.get(host as usize).map(|host| match host_names(joined, host) {
                    (interface, Some(function)) => text::name(&format!("{interface}#{function}")),
                    (interface, None) => interface,
                });
            }
            _ => {}
        }
    }
}
