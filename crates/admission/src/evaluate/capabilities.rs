//! What the module may ask of its host.

use crate::policy::{Judge, Rules};
use crate::uses::{Reach, uses};
use crate::violation::{Verdict, Violation, ViolationKind};
use wasmscope_analyze::{Capabilities, Facts};

pub(super) fn check(rules: &Rules<'_>, facts: &Facts, verdict: &mut Verdict) {
    let Some(said) = rules.get("capabilities", |entry| entry.capabilities.as_ref()) else { return };
    let allowed: Capabilities = said.value.iter().map(|word| word.0).collect();
    let judge = rules.get("judge", |entry| entry.judge.as_ref()).map_or(Judge::Imported, |said| said.value.0);
    for used in uses(facts).iter().filter(|used| !allowed.contains(used.capability)) {
        if judge == Judge::Reachable && !used.reach.counts() {
            continue;
        }
        let message = format!("it has {} {}", used.capability, used.means());
        let remedy = match used.reach {
            Reach::Never => {
                "nothing leads to it: leave the import out of the build, or judge = \"reachable\"".to_owned()
            }
            _ => format!("leave out what needs it, or allow {:?} for this module", used.capability.as_str()),
        };
        let violation = Violation::new(ViolationKind::Capability, said.clause(), message, remedy);
        let violation = violation.subject(used.capability.as_str()).doubt(used.reach.doubt());
        verdict.add(Violation {
            module: used.module.map(|module| module.path.clone()),
            path: used.path.cloned(),
            ..violation
        });
    }
}
