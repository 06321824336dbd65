//! Which findings are too bad.

use super::{incomplete, not_read};
use crate::Date;
use crate::policy::{Exception, Rules, Said};
use crate::violation::{Verdict, Violation, ViolationKind};
use toml::Spanned;
use wasmscope_analyze::Facts;
use wasmscope_findings::{Findings, Rule, rule};

pub(super) fn check(
    rules: &Rules<'_>,
    facts: &Facts,
    findings: &Findings,
    today: Date,
    verdict: &mut Verdict,
) {
    let Some(fail_on) = rules.get("fail-on", |entry| entry.findings.fail_on.as_ref()) else { return };
    let severity = fail_on.value.0;
    if let Some(what) = incomplete(facts) {
        verdict.add(not_read(fail_on.clause(), "fail-on", what));
    }
    let sure = rules.get("minimum-confidence", |entry| entry.findings.minimum_confidence.as_ref());
    let sure = sure.map_or(0, |said| *said.value);
    let allow = rules.get("allow", |entry| entry.findings.allow.as_ref());

    for finding in &findings.list {
        if finding.severity < severity || finding.confidence.get() < sure {
            continue;
        }
        let exception = exception(allow.as_ref(), &finding.rule, today);
        if exception == Excepted::Yes {
            continue;
        }
        let message = format!("{} ({}, {} sure)", finding.message, finding.severity, finding.confidence);
        let clause = fail_on.clause();
        let remedy = remedy(rule(&finding.rule), &exception);
        let violation =
            Violation::new(ViolationKind::Finding, clause, message, remedy).subject(&finding.rule);
        verdict.add(Violation {
            module: finding.module.clone(),
            offset: finding.offset,
            function: finding.function.clone(),
            ..violation
        });
    }
    // Those that are not listed may each be as bad and as sure as their rule.
    for (id, count) in &findings.omitted {
        let rule = rule(id);
        let harmless = rule.is_some_and(|rule| rule.severity < severity || rule.confidence.get() < sure);
        let exception = exception(allow.as_ref(), id, today);
        if harmless || exception == Excepted::Yes {
            continue;
        }
        let message = format!("{count} more findings of {id}, which are not listed");
        let violation =
            Violation::new(ViolationKind::Finding, fail_on.clause(), message, remedy(rule, &exception));
        let doubt = "each may be milder or less sure than its rule";
        verdict.add(violation.subject(*id).doubt(Some(doubt.into())));
    }
}

/// Is a rule excepted?
#[derive(Debug, PartialEq, Eq)]
enum Excepted {
    Yes,
    No,
    /// No longer: since which day, and where the policy says so.
    Ended(Date),
}

fn exception(allow: Option<&Said<'_, Vec<Spanned<Exception>>>>, id: &str, today: Date) -> Excepted {
    let mut result = Excepted::No;
    let all = allow.into_iter().flat_map(|said| said.value).map(Spanned::get_ref);
    for exception in all.filter(|exception| exception.rule.0 == id) {
        match exception.until {
            Some(until) if until.0 < today => result = Excepted::Ended(until.0),
            _ => return Excepted::Yes,
        }
    }
    result
}

fn remedy(rule: Option<&Rule>, exception: &Excepted) -> String {
    let remedy = rule.map_or("look at what was found", |rule| rule.remediation);
    match exception {
        Excepted::Ended(until) => {
            format!("the exception for it ended with {until}: renew it with a reason, or act: {remedy}")
        }
        _ => remedy.to_owned(),
    }
}
