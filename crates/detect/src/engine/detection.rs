//! From a match to what is told of it.

use crate::{
    rules::{Limit, Rule},
    window::Full,
};
use wasmscope_model::{Confidence, Detection, Event, Workload};

/// What a detection is made under.
pub(super) struct Circumstances<'a> {
    pub(super) facts: Option<&'a Workload>,
    pub(super) lossy: bool,
    pub(super) suppressed: u64,
}

/// Of a rule whose window has a hole, so much of its confidence is left, in percent.
const LOSSY_PERCENT: u8 = 80;
/// How much a finding about the module adds, as evidence of its own.
const FINDING: Confidence = Confidence::percent(40);

/// How much a rule has told lately.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    since: u64,
    told: u32,
}

impl Limiter {
    pub(super) fn allows(&mut self, now: u64, limit: Limit) -> bool {
        if now < self.since || now - self.since >= limit.per {
            (self.since, self.told) = (now, 0);
        }
        let allowed = self.told < limit.detections;
        self.told += u32::from(allowed);
        allowed
    }
}

/// What `rule` states, `event` being the last it needed.
pub(super) fn detection(rule: &Rule, full: Full, event: &Event, about: &Circumstances<'_>) -> Detection {
    let (confidence, reasons) = confidence(rule, about);
    let module = about.facts.and_then(Workload::module);
    let recognition = about.facts.map(|facts| &facts.recognition);
    let mut evidence = full.events;
    evidence.push(event.clone());
    let (id, pid) = who(event);
    Detection {
        id,
        pid,
        rule: rule.id.clone(),
        title: rule.title.clone(),
        severity: rule.severity,
        confidence,
        reasons,
        maturity: rule.maturity,
        attack: rule.attack.clone(),
        cwe: rule.cwe.clone(),
        threats: rule.threats.clone(),
        advice: rule.advice.clone(),
        count: full.count,
        since_ns: full.since,
        suppressed: about.suppressed,
        lossy: about.lossy,
        evidence,
        runtime: recognition.and_then(|r| r.runtime.clone()),
        runtime_version: recognition.and_then(|r| r.version.clone()),
        module_path: module.and_then(|m| m.path.clone()),
        module_sha256: module.and_then(|m| m.sha256),
        stack: event.kind.actor().map(|actor| actor.stack.clone()).unwrap_or_default(),
    }
}

/// The rule's own confidence, and what changes it.
fn confidence(rule: &Rule, about: &Circumstances<'_>) -> (Confidence, Vec<String>) {
    let (mut confidence, mut reasons) = (rule.confidence, Vec::new());
    let findings = about.facts.and_then(Workload::module).map(|m| m.findings.as_slice()).unwrap_or_default();
    let supporting = findings.iter().filter(|id| rule.raised_by.iter().any(|other| other == id.as_ref()));
    for id in supporting {
        confidence = Confidence::combine([confidence, FINDING]);
        reasons.push(format!("surer: scan finds {id} in the module"));
    }
    if about.lossy && rule.window.is_some() {
        let left = u16::from(confidence.get()) * u16::from(LOSSY_PERCENT) / 100;
        confidence = Confidence::percent(left as u8);
        reasons.push("less sure: events were lost or withheld within the window".into());
    }
    (confidence, reasons)
}

fn who(event: &Event) -> (wasmscope_model::WorkloadId, wasmscope_model::Pid) {
    let of = "rules look at events of workloads only";
    (event.kind.workload().expect(of), event.kind.pid().expect(of))
}
