//! What the rules say of themselves, and the catalogues that they refer to.

use super::{text, violation};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
    ReportingDescriptorReference, ReportingDescriptorRelationship, ResultLevel, ToolComponent,
    ToolComponentReference,
};
use std::collections::BTreeMap;
use wasmscope_findings::Rule;
use wasmscope_model::{Confidence, Severity};

/// Notifications: the place in this list is their index.
pub(super) const NOTIFICATIONS: [(&str, &str); 2] = [
    ("not-scanned", "The file could not be read or analysed: nothing is known of it."),
    ("left-out", "Something of the file was left out, because a bound was reached."),
];

/// How a finding of this severity is shown.
pub(super) fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Info | Severity::Low => ResultLevel::Note,
        Severity::Medium => ResultLevel::Warning,
        Severity::High | Severity::Critical => ResultLevel::Error,
    }
}

/// The middle of the range that GitHub reads as this severity
/// (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
fn security_severity(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Info => None,
        Severity::Low => Some("2.0"),
        Severity::Medium => Some("5.5"),
        Severity::High => Some("8.0"),
        Severity::Critical => Some("9.5"),
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "recommendation",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence.get() {
        90.. => "very-high",
        70.. => "high",
        40.. => "medium",
        _ => "low",
    }
}

fn plain(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text::message(text)).build()
}

fn cwe_id(number: u16) -> String {
    format!("CWE-{number}")
}

/// The tool with its rules.
pub(super) fn driver(rules: &[&Rule], catalogues: &[ToolComponent]) -> ToolComponent {
    // GitHub wants all three texts of a descriptor.
    let notifications: Vec<_> = NOTIFICATIONS
        .iter()
        .map(|(id, text)| {
            let text = plain(text);
            ReportingDescriptor::builder()
                .id(*id)
                .short_description(text.clone())
                .full_description(text.clone())
                .help(text)
                .build()
        })
        .collect();
    let rules = rules.iter().map(|rule| descriptor(rule, catalogues));
    let rules: Vec<_> = rules.chain(violation::rules()).collect();
    let supported: Vec<_> = (0..catalogues.len()).map(|index| reference(catalogues, index)).collect();
    ToolComponent::builder()
        .name("wasmscope")
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .short_description(plain("What a WebAssembly module can do, before it runs."))
        .notifications(notifications)
        .supported_taxonomies(supported)
        .rules(rules)
        .build()
}

/// The catalogues of weaknesses and techniques, as far as the rules refer to them.
pub(super) fn catalogues(rules: &[&Rule]) -> Vec<ToolComponent> {
    let mut weaknesses: Vec<_> = rules.iter().flat_map(|rule| rule.cwe).copied().collect();
    weaknesses.sort_unstable();
    weaknesses.dedup();
    let mut techniques: Vec<_> = rules.iter().flat_map(|rule| rule.attack).copied().collect();
    techniques.sort_unstable();
    techniques.dedup();
    let taxon = |id: String, page: String| ReportingDescriptor::builder().id(id).help_uri(page).build();
    let weaknesses = weaknesses
        .into_iter()
        .map(|number| taxon(cwe_id(number), format!("https://cwe.mitre.org/data/definitions/{number}.html")));
    let techniques = techniques.into_iter().map(|id| {
        taxon(id.to_owned(), format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/")))
    });
    let catalogue = |name: &str, page: &str, taxa: Vec<_>| {
        ToolComponent::builder()
            .name(name)
            .organization("MITRE")
            .information_uri(page)
            .is_comprehensive(false)
            .taxa(taxa)
            .build()
    };
    vec![
        catalogue("CWE", "https://cwe.mitre.org/", weaknesses.collect()),
        catalogue("MITRE ATT&CK", "https://attack.mitre.org/", techniques.collect()),
    ]
}

fn reference(catalogues: &[ToolComponent], index: usize) -> ToolComponentReference {
    ToolComponentReference::builder().name(&catalogues[index].name).index(index as i64).build()
}

/// What a rule refers to, wherever it is in a catalogue.
fn relationships(rule: &Rule, catalogues: &[ToolComponent]) -> Vec<ReportingDescriptorRelationship> {
    let ids = rule.cwe.iter().map(|number| cwe_id(*number)).chain(rule.attack.iter().map(|id| (*id).into()));
    let relation = |id: String| {
        catalogues.iter().enumerate().find_map(|(catalogue, component)| {
            let at = component.taxa.as_ref()?.iter().position(|taxon| taxon.id == id)?;
            let target = ReportingDescriptorReference::builder()
                .id(&id)
                .index(at as i64)
                .tool_component(reference(catalogues, catalogue))
                .build();
            let kinds = ["relevant".to_owned()];
            Some(ReportingDescriptorRelationship::builder().target(target).kinds(kinds).build())
        })
    };
    ids.filter_map(relation).collect()
}

fn descriptor(rule: &Rule, catalogues: &[ToolComponent]) -> ReportingDescriptor {
    let configuration = ReportingConfiguration::builder()
        .level(json!(level(rule.severity)))
        .rank(f64::from(rule.confidence.get()))
        .build();
    ReportingDescriptor::builder()
        .id(rule.id)
        .name(text::pascal_case(rule.id))
        .short_description(plain(rule.title))
        .full_description(plain(rule.description))
        .help(help(rule))
        .default_configuration(configuration)
        .relationships(relationships(rule, catalogues))
        .properties(properties(rule))
        .build()
}

fn help(rule: &Rule) -> MultiformatMessageString {
    let sources = rule.sources.join("\n");
    let parts =
        [("What to do", rule.remediation), ("When it is wrong", rule.false_positives), ("Sources", &sources)];
    let (mut words, mut marked) = (text::message(rule.description), text::markdown(rule.description));
    for (title, part) in parts {
        let lines: Vec<_> = part.lines().map(source_or_text).collect();
        words.push_str(&format!("\n\n{title}: {}", text::message(part)));
        marked.push_str(&format!("\n\n## {title}\n\n{}", lines.join("  \n")));
    }
    MultiformatMessageString::builder().text(words).markdown(marked).build()
}

/// An address becomes a link.
fn source_or_text(line: &str) -> String {
    if line.starts_with("https://") && !line.contains([' ', '<', '>']) {
        format!("<{line}>")
    } else {
        text::markdown(line)
    }
}

fn properties(rule: &Rule) -> PropertyBag {
    let mut tags = vec!["security".to_owned()];
    tags.extend(rule.cwe.iter().map(|number| cwe_id(*number)));
    // The form in which GitHub looks for weaknesses.
    tags.extend(rule.cwe.iter().map(|number| format!("external/cwe/cwe-{number:03}")));
    tags.extend(rule.attack.iter().map(|id| (*id).to_owned()));
    let mut bag = BTreeMap::from([
        ("precision".to_owned(), Value::from(precision(rule.confidence))),
        ("problem.severity".to_owned(), Value::from(problem_severity(rule.severity))),
        ("threat".to_owned(), Value::from(rule.threat)),
    ]);
    if let Some(score) = security_severity(rule.severity) {
        bag.insert("security-severity".to_owned(), score.into());
    }
    PropertyBag::builder().tags(tags).additional_properties(bag).build()
}
