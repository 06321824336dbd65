//! `doctor`: what the host lets us see.

use wasmscope_model::{ProbeReport, ProbeState};

/// One section of probes.
pub fn section(title: &str, reports: &[ProbeReport]) -> String {
    let width = reports.iter().map(|r| r.name.len()).max().unwrap_or(0);
    let mut text = format!("{title}\n");
    for report in reports {
        let state = match report.state {
            ProbeState::Active => "active  ",
            ProbeState::Degraded => "DEGRADED",
            ProbeState::Refused => "REFUSED ",
        };
        text += &format!("  {state}  {:width$}  {}\n", report.name, headline(report));
        let indent = " ".repeat(14 + width);
        if !report.reason.is_empty() {
            text += &format!("{indent}because {}\n", report.reason);
        }
        if !report.remedy.is_empty() {
            text += &format!("{indent}to do: {}\n", report.remedy);
        }
    }
    text
}

fn headline(report: &ProbeReport) -> String {
    match report.state {
        ProbeState::Active => format!("sees {}", report.visibility),
        ProbeState::Degraded | ProbeState::Refused => format!("without it: {}", report.visibility),
    }
}

/// The last line.
pub fn verdict(usable: bool) -> &'static str {
    if usable {
        "wasmscope works here.\n"
    } else {
        "`wasmscope watch` does not work here: a required probe is missing (see above).\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_why_what_it_costs_and_what_to_do() {
        let refused = ProbeReport {
            name: "lsm".into(),
            state: ProbeState::Refused,
            reason: "this process lacks CAP_BPF".into(),
            visibility: "nothing can be denied".into(),
            remedy: "run as root".into(),
            required: false,
        };
        insta::assert_snapshot!(section("Kinds", &[refused]), @r"
        Kinds
          REFUSED   lsm  without it: nothing can be denied
                         because this process lacks CAP_BPF
                         to do: run as root
        ");
    }
}
