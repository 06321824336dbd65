//! What can be reached from where, told as facts.

use crate::callgraph::{CallGraph, Ways};
use crate::facts::{CapabilityReach, ExportReach, ImportReach, Path, Reachability, Root, Step, Via};
use crate::limits::{Budget, PATH_STEPS};
use crate::{Capabilities, Capability};

/// Where control enters a module.
#[derive(Default)]
pub(crate) struct Roots {
    /// Exported functions in the order of the exports, then the start function.
    pub(crate) entries: Vec<(Root, u32)>,
    /// Exported functions beyond what is listed, by index alone.
    pub(crate) unlisted: Vec<u32>,
    /// Functions that the host finds in tables and globals.
    pub(crate) shared: Vec<u32>,
}

/// `given`: the capabilities of each imported function. Names are filled in later.
pub(crate) fn reachability(
    graph: &CallGraph,
    roots: Roots,
    given: &[Capabilities],
    budget: &mut Budget,
) -> Reachability {
    let entries = || roots.entries.iter().map(|(_, f)| *f).chain(roots.unlisted.iter().copied());
    let certain = graph.ways(entries(), true);
    let mut possible = graph.ways(entries(), false);
    graph.extend(&mut possible, roots.shared.iter().copied(), false);

    let mut imports = Vec::new();
    let mut nearest: Vec<(u32, u32)> = Vec::new(); // rank and import, by capability
    nearest.resize(Capability::ALL.len(), (u32::MAX, u32::MAX));
    for (function, capabilities) in (0u32..).zip(given) {
        let direct = certain.reaches(function);
        let ways = if direct { &certain } else { &possible };
        let distance = ways.distance(function);
        // Any direct way goes before any other.
        let rank = distance.map_or(u32::MAX - 1, |d| d | u32::from(!direct) << 30);
        for (place, _) in Capability::ALL.iter().enumerate().filter(|(_, c)| capabilities.contains(**c)) {
            nearest[place] = nearest[place].min((rank, function));
        }
        if budget.take() {
            let path = distance.and_then(|_| path(graph, ways, &roots, function, budget));
            imports.push(ImportReach { function, distance, direct, path });
        }
    }
    let capabilities = Capability::ALL.iter().zip(&nearest).filter(|(_, (_, import))| *import != u32::MAX);
    let capabilities = capabilities.map(|(&capability, &(rank, import))| CapabilityReach {
        capability,
        reachable: rank < u32::MAX - 1,
        direct: rank < 1 << 30,
        import: (rank < u32::MAX - 1).then_some(import),
    });
    let capabilities = capabilities.collect();

    let marks: Vec<u32> = given.iter().map(|c| c.bits()).collect();
    let reached = graph.reachable_marks(&marks);
    let reachable = (graph.imported()..graph.functions()).filter(|f| possible.reaches(*f)).count();
    let mut exports = Vec::new();
    for (root, function) in roots.entries {
        if !budget.take() {
            break;
        }
        let bits = reached.get(function as usize).copied().unwrap_or(0);
        exports.push(ExportReach { root, function, capabilities: Capabilities::from_bits(bits) });
    }
    Reachability {
        analysed: true,
        incomplete: false,
        reachable_functions: reachable as u32,
        shared_roots: roots.shared.len() as u32,
        capabilities,
        imports,
        exports,
    }
}

/// The last [`PATH_STEPS`] steps of the way to `import`, and where it begins; `None` if the budget is spent.
fn path(graph: &CallGraph, ways: &Ways, roots: &Roots, import: u32, budget: &mut Budget) -> Option<Path> {
    let length = ways.distance(import)?.saturating_add(1);
    let mut steps = Vec::new();
    for (function, via) in graph.steps_back(ways, import).take(PATH_STEPS) {
        if !budget.take() {
            return None;
        }
        steps.push(Step { function, module: None, name: None, via });
    }
    let omitted = length.saturating_sub(steps.len() as u32);
    if omitted > 0 {
        let first = ways.root(import)?;
        steps.push(Step { function: first, module: None, name: None, via: Via::Entry });
    }
    steps.reverse();
    let first = steps.first()?.function;
    let root = roots.entries.iter().find(|(_, f)| *f == first).map(|(root, _)| root.clone());
    let root = match root {
        Some(root) => root,
        // An export whose name is not listed: the name of the function tells it.
        None if roots.unlisted.contains(&first) => Root::Export { name: String::new() },
        None => Root::Shared,
    };
    let approximate = steps.iter().filter(|s| !matches!(s.via, Via::Entry | Via::Call)).count() as u32;
    Some(Path { root, steps, omitted: omitted.saturating_sub(1), approximate })
}
