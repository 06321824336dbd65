//! One module against one policy.

mod capabilities;
mod findings;
pub(crate) mod limits;
mod ports;
mod presence;

use crate::policy::{Invalid, Policy, Rules};
use crate::violation::{Verdict, Violation, ViolationKind};
use crate::{Clause, Date};
use wasmscope_analyze::Facts;
use wasmscope_findings::Findings;

/// Holds a module against a policy: what it violates, the gravest kinds first, otherwise in the order of the file.
/// Empty if it may run.
///
/// `name` is the path of the file as the caller knows it; entries are chosen by it, never by a name that the
/// module gives itself. `today` ends exceptions. Of each kind at most [`MOST_PER_KIND`](crate::MOST_PER_KIND) are listed.
///
/// Nothing passes because it could not be read: then there is a violation that says so.
pub fn evaluate(
    policy: &Policy,
    name: &str,
    facts: &Facts,
    findings: &Findings,
    today: Date,
) -> Vec<Violation> {
    let mut verdict = Verdict::default();
    match policy.rules(name) {
        Some(rules) => {
            file(&rules, facts, &mut verdict);
            capabilities::check(&rules, facts, &mut verdict);
            findings::check(&rules, facts, findings, today, &mut verdict);
            ports::check(&rules, facts, &mut verdict);
            limits::check(&rules, facts, &mut verdict);
            presence::check(&rules, facts, &mut verdict);
        }
        None => {
            let says = "no [[module]] matches, and there is no [default]".to_owned();
            let clause = Clause { entry: String::new(), line: 0, says };
            verdict.add(Violation::new(
                ViolationKind::NoEntry,
                clause,
                format!("no entry of the policy is for {name}"),
                "add an entry for it, or a [default]",
            ));
        }
    }
    verdict.finish()
}

/// The file as a whole: is it the approved one, is it valid?
fn file(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    if let Some(said) = rules.get("sha256", |entry| entry.sha256.as_ref())
        && !said.value.0.contains(&facts.sha256)
    {
        let message = format!("the file is {}, which is not approved", facts.sha256);
        let remedy = "look at what has changed (scan --diff), then approve the new hash";
        let violation = Violation::new(ViolationKind::Hash, said.clause(), message, remedy);
        verdict.add(violation.subject(facts.sha256.to_string()));
    }
    let said = rules.get("invalid", |entry| entry.invalid.as_ref());
    if !facts.validation.valid && said.as_ref().is_none_or(|said| said.value.0 == Invalid::Deny) {
        let error = facts.validation.error.as_ref();
        let message = match error {
            Some(error) => format!("the file is not valid, or not known to be: {}", error.message),
            None => "the file is not known to be valid".to_owned(),
        };
        let clause = said.map_or_else(|| rules.clause(), |said| said.clause());
        let remedy = "build it again; what analysis tells of an invalid file is not to be relied on";
        let violation = Violation::new(ViolationKind::Invalid, clause, message, remedy);
        verdict.add(violation.at(error.and_then(|error| error.offset)));
    }
}

/// A violation for a key that cannot be judged.
fn not_read(clause: Clause, key: &str, what: String) -> Violation {
    let remedy = format!("split the module, or leave {key} out of its entry and say why");
    Violation::new(ViolationKind::NotRead, clause, what, remedy).subject(key)
}

/// Is the code of every module known as well? Otherwise, why not.
pub(crate) fn incomplete(facts: &Facts) -> Option<String> {
    let undecoded: u64 = facts.modules.iter().map(|module| u64::from(module.functions.undecoded)).sum();
    left_out(facts).or_else(|| (undecoded > 0).then(|| format!("{undecoded} functions could not be decoded")))
}

/// Are the lists of storage, imports and the like of every module complete? Otherwise, why not.
pub(crate) fn left_out(facts: &Facts) -> Option<String> {
    use wasmscope_analyze::facts::ProblemKind;
    let listed = facts.modules.len() as u64;
    let missing = u64::from(facts.module_count).saturating_sub(listed);
    if missing > 0 {
        return Some(format!("{missing} of {} modules were not read", facts.module_count));
    }
    let problems = facts.modules.iter().flat_map(|module| &module.problems);
    let left_out = problems.filter(|problem| problem.kind == ProblemKind::LeftOut);
    left_out.map(|problem| format!("not everything was read: {}", problem.message)).next()
}
