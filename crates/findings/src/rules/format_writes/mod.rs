use crate::look::quoted;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::TextClass;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "format-writes",
    title: "printf format that writes to memory",
    severity: Severity::Info,
    confidence: Confidence::percent(40),
    threat: "A5",
    cwe: &[134],
    attack: &[],
    sources: &["https://cwe.mitre.org/data/definitions/134.html"],
    description: "A text of the module is a printf format with %n, which stores how much was printed \
        through a pointer. Attacks on format strings need it; honest programs rarely do.",
    remediation: "Replace it by the result of printf or snprintf.",
    false_positives: "Scanf formats use %n honestly, as FFmpeg does; formats of other languages \
        (Oniguruma in Ruby) and code in data (a % n) look like it. Hence info, with a low confidence.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(formats) = module.content.texts.get(&TextClass::FormatWrites) else { continue };
        let texts = quoted(formats.list.iter().map(|text| &text.value));
        let place = found.in_module(module, format!("{} formats with %n: {texts}", formats.count));
        if let Some(first) = formats.list.first() {
            place.at(first.offset);
        }
    }
}
