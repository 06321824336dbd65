//! Imports, exports, proposals and origin: what has to be on a list.

use super::{incomplete, left_out, not_read};
use crate::policy::{ImportPattern, Rules, Said};
use crate::uses::import_name;
use crate::violation::{Verdict, Violation, ViolationKind};
use wasmscope_analyze::facts::{Facts, ModuleFacts, Recognised};

pub(super) fn check(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    imports(rules, facts, verdict);
    exports(rules, facts, verdict);
    proposals(rules, facts, verdict);
    let languages = rules.get("languages", |entry| entry.languages.as_ref());
    origin(languages, facts, ViolationKind::Language, |module| &module.origin.languages, verdict);
    let toolchains = rules.get("toolchains", |entry| entry.toolchains.as_ref());
    origin(toolchains, facts, ViolationKind::Toolchain, |module| &module.origin.toolchains, verdict);
}

/// What the host has to give: of a component, only what the outermost one imports.
fn imports(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    let Some(said) = rules.get("imports", |entry| entry.imports.as_ref()) else { return };
    let patterns = said.value.as_slice();
    let mut refuse = |label: String| {
        let remedy = "leave out what needs it, or add it to the imports of this module's entry";
        let violation =
            Violation::new(ViolationKind::Import, said.clause(), format!("it imports {label}"), remedy);
        verdict.add(violation.subject(label));
    };
    let (listed, count) = if let Some(component) = facts.components.first() {
        for item in component.imports.iter().filter(|item| item.kind != "type") {
            match &item.functions {
                Some(functions) if !functions.is_empty() => {
                    let refused = |name: &&String| !patterns.iter().any(|p| p.fits(&item.name, name));
                    functions.iter().filter(refused).for_each(|name| refuse(import_name(&item.name, name)));
                }
                // An instance of types alone, or a function without an interface.
                Some(_) if patterns.iter().any(|p| p.fits_some(&item.name)) => {}
                _ if patterns.iter().any(|p: &ImportPattern| p.fits_all(&item.name)) => {}
                _ => refuse(item.name.clone()),
            }
        }
        (component.imports.len(), component.import_count)
    } else if let Some(module) = facts.modules.first() {
        let refused = module.imports.iter().filter(|i| !patterns.iter().any(|p| p.fits(&i.module, &i.name)));
        refused.for_each(|import| refuse(import_name(&import.module, &import.name)));
        (module.imports.len(), module.import_count)
    } else {
        (0, 0)
    };
    if listed < count as usize {
        verdict.add(not_read(
            said.clause(),
            "imports",
            format!("only {listed} of {count} imports were read"),
        ));
    }
}

fn exports(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    let Some(said) = rules.get("exports", |entry| entry.exports.as_ref()) else { return };
    let (names, count): (Vec<&str>, u32) = match (facts.components.first(), facts.modules.first()) {
        (Some(c), _) => (c.exports.iter().map(|item| item.name.as_str()).collect(), c.export_count),
        (None, Some(m)) => (m.exports.iter().map(|export| export.name.as_str()).collect(), m.export_count),
        (None, None) => (Vec::new(), 0),
    };
    for name in names.iter().filter(|name| !said.value.iter().any(|pattern| pattern.fits(name))) {
        let remedy = "do not export it, or add it to the exports of this module's entry";
        let message = format!("it exports {name}");
        verdict.add(Violation::new(ViolationKind::Export, said.clause(), message, remedy).subject(*name));
    }
    if names.len() < count as usize {
        let what = format!("only {} of {count} exports were read", names.len());
        verdict.add(not_read(said.clause(), "exports", what));
    }
}

fn proposals(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    let allowed = rules.get("proposals", |entry| entry.proposals.as_ref());
    let denied = rules.get("deny-proposals", |entry| entry.deny_proposals.as_ref());
    for module in &facts.modules {
        for used in &module.proposals {
            let listed = |said: &Said<'_, Vec<_>>| {
                said.value.iter().any(|word: &crate::policy::ProposalWord| word.0 == used.name)
            };
            let clause = match (&denied, &allowed) {
                (Some(denied), _) if listed(denied) => denied.clause(),
                (_, Some(allowed)) if !listed(allowed) => allowed.clause(),
                _ => continue,
            };
            let message = match used.instructions {
                0 => format!("it uses {}", used.name),
                n => format!("it uses {} ({n} instructions)", used.name),
            };
            let remedy = "switch it off in the compiler (-mno-… or -C target-feature=-…), or allow it";
            let violation = Violation::new(ViolationKind::Proposal, clause, message, remedy);
            verdict.add(violation.subject(&used.name).module(&module.path));
        }
    }
    for (key, said) in [("proposals", allowed), ("deny-proposals", denied)] {
        let Some(said) = said else { continue };
        if let Some(what) = incomplete(facts) {
            verdict.add(not_read(said.clause(), key, what));
        }
    }
}

/// Everything that is recognised has to be on the list, and something has to be recognised.
fn origin<'f>(
    said: Option<Said<'_, Vec<String>>>,
    facts: &'f Facts,
    kind: ViolationKind,
    recognised: impl Fn(&'f ModuleFacts) -> &'f [Recognised],
    verdict: &mut Verdict,
) {
    let Some(said) = said else { return };
    let remedy = "build it with an approved one; what is recognised is a hint that can be forged";
    for module in facts.modules.iter().filter(|module| module.functions.defined > 0) {
        let recognised = recognised(module);
        if recognised.is_empty() {
            let message = format!("no {} is recognised", kind.as_str());
            verdict.add(Violation::new(kind, said.clause(), message, remedy).module(&module.path));
        }
        for one in recognised.iter().filter(|one| !said.value.contains(&one.name)) {
            let message = format!("it seems to be made with {} ({} sure)", one.name, one.confidence);
            let violation = Violation::new(kind, said.clause(), message, remedy);
            verdict.add(violation.subject(&one.name).module(&module.path));
        }
    }
    if let Some(what) = left_out(facts) {
        verdict.add(not_read(said.clause(), said.key, what));
    }
}
