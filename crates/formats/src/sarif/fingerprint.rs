//! What stays the same of a finding when the module is built again.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wasmscope_model::Finding;

/// The fingerprints of one file's findings: equal ones are numbered in their order.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: BTreeMap<[u8; 8], u32>,
}

impl Fingerprints {
    /// A hash of rule, module, function and message without its numbers, and how many of that hash there were before, counted
    /// from 1: the form that GitHub uses for `primaryLocationLineHash`.
    ///
    /// Offsets are left out, and so is the path of the file, which viewers compare themselves (SARIF 2.1.0, 3.27.17). A
    /// function is told by its name, and only without one by its index.
    pub(super) fn of(&mut self, finding: &Finding) -> String {
        let function = match &finding.function {
            None => String::new(),
            Some(function) => function.name.clone().unwrap_or_else(|| format!("\0{}", function.index)),
        };
        let mut hash = Sha256::new();
        for part in [
            finding.rule.as_str(),
            finding.module.as_deref().unwrap_or_default(),
            &function,
            &without_numbers(&finding.message),
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut short = [0; 8];
        short.copy_from_slice(&hash.finalize()[..8]);
        let count = self.seen.entry(short).or_default();
        *count += 1;
        format!("{:016x}:{count}", u64::from_be_bytes(short))
    }
}

/// Counts and offsets in a message change with every build.
fn without_numbers(message: &str) -> String {
    let mut kept = String::with_capacity(message.len());
    let mut in_number = false;
    for c in message.chars() {
        in_number =
            c.is_ascii_digit() || in_number && (c.is_ascii_hexdigit() || matches!(c, 'x' | ',' | '.'));
        if !in_number {
            kept.push(c);
        } else if !kept.ends_with('#') {
            kept.push('#');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_model::{Confidence, FindingFunction, Severity};

    fn finding(message: &str, offset: u64, function: Option<(u32, Option<&str>)>) -> Finding {
        Finding {
            rule: "r".into(),
            severity: Severity::Low,
            confidence: Confidence::percent(50),
            message: message.into(),
            module: Some("module".into()),
            offset: Some(offset),
            function: function.map(|(index, name)| FindingFunction { index, name: name.map(Into::into) }),
        }
    }

    fn alone(finding: &Finding) -> String {
        Fingerprints::default().of(finding)
    }

    #[test]
    fn a_rebuild_that_moves_things_keeps_them() {
        let before = finding("12,345 of 0x1f bytes in 3.5 MiB", 7, Some((3, Some("main"))));
        let after = finding("99 of 0x2e0 bytes in 12 MiB", 9, Some((4, Some("main"))));
        assert_eq!(alone(&before), alone(&after));
        for other in [
            finding("99 of 0x2e0 words in 12 MiB", 9, Some((4, Some("main")))),
            finding("99 of 0x2e0 bytes in 12 MiB", 9, Some((4, Some("other")))),
            finding("99 of 0x2e0 bytes in 12 MiB", 9, Some((4, None))),
            finding("99 of 0x2e0 bytes in 12 MiB", 9, None),
        ] {
            assert_ne!(alone(&before), alone(&other));
        }
    }

    #[test]
    fn equal_ones_are_numbered() {
        let mut prints = Fingerprints::default();
        let (first, second) = (prints.of(&finding("x1", 1, None)), prints.of(&finding("x2", 2, None)));
        assert_eq!(first.strip_suffix(":1"), second.strip_suffix(":2"));
        assert!(first.ends_with(":1"));
    }
}
