//! `scan --diff`: what an update changed, the most important first.

use std::fmt::Write as _;
use wasmscope_admission::{Change, Difference, GainedCapability, ModuleDifference, Worse};
use wasmscope_model::Severity;
use wasmscope_model::text::{shown, shown_within};

/// Most of a list that the page shows; the JSON form has all.
const SHOWN: usize = 20;
/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// The page of two versions. `at_least`: from which severity on a new finding is a reason to look.
pub fn page(old: &str, new: &str, difference: &Difference, at_least: Severity) -> String {
    let mut out = format!("{} -> {}\n", shown(old), shown(new));
    if difference.sha256.old == difference.sha256.new {
        out.push_str("  the same file\n");
        return out;
    }
    if difference.is_empty() {
        out.push_str("  different bytes, but nothing that analysis knows of has changed\n");
    }
    let worse: Vec<_> = difference.worse(at_least).iter().map(reason).collect();
    list(&mut out, "look at it", &worse);
    capabilities(&mut out, difference);
    findings(&mut out, difference);
    changes(&mut out, "file", &difference.file);
    changes(&mut out, "interfaces", &difference.interfaces);
    changes(&mut out, "imports", &difference.imports);
    changes(&mut out, "exports", &difference.exports);
    for module in difference.modules.iter().take(SHOWN) {
        one_module(&mut out, module);
    }
    more(&mut out, difference.modules.len());
    out
}

fn reason(worse: &Worse) -> String {
    match worse {
        Worse::CapabilityGained { capability } => format!("it can {capability} now"),
        Worse::CapabilityNowReachable { capability } => format!("{capability} can be reached now"),
        Worse::FindingGained { rule, severity } => format!("a new finding: {rule} ({severity})"),
        Worse::SignatureChanged { module } => {
            format!("the signature of {} is gone or another", shown(module))
        }
        Worse::NoLongerValid => "it is no longer known to be valid".into(),
        Worse::Incomplete { what } => format!("not everything was compared: {}", shown(what)),
    }
}

fn capabilities(out: &mut String, difference: &Difference) {
    let capabilities = &difference.capabilities;
    let gain = |gained: &GainedCapability| {
        let how = match (gained.reachable, gained.path.as_slice()) {
            (false, _) => "nothing leads to it".to_owned(),
            (true, []) => format!("through {}", names(&gained.through, ", ")),
            (true, path) => names(path, " > "),
        };
        format!("+ {}: {how}", gained.capability)
    };
    let mut lines: Vec<_> = capabilities.gained.iter().map(gain).collect();
    lines.extend(capabilities.now_reachable.iter().map(|g| format!("{} (imported before)", gain(g))));
    lines.extend(capabilities.lost.iter().map(|c| format!("- {c}")));
    lines.extend(
        capabilities
            .no_longer_reachable
            .iter()
            .map(|c| format!("- {c}: imported, but nothing leads to it any more")),
    );
    for change in &capabilities.paths {
        lines.push(format!("~ {}: was {}", change.capability, names(&change.path.old, " > ")));
        lines.push(format!(
            "  {:width$}  is {}",
            "",
            names(&change.path.new, " > "),
            width = change.capability.as_str().len()
        ));
    }
    list(out, "capabilities", &lines);
}

fn names(names: &[String], between: &str) -> String {
    let names: Vec<_> = names.iter().map(|name| shown_within(name, NAME_CHARS).to_string()).collect();
    if names.is_empty() { "no known way".into() } else { names.join(between) }
}

fn findings(out: &mut String, difference: &Difference) {
    let findings = &difference.findings;
    let mut lines = Vec::new();
    for (sign, list) in [('+', &findings.gained), ('-', &findings.lost)] {
        for finding in list {
            let module = finding.module.as_deref().map(|module| format!(" in {}", shown(module)));
            let (rule, message) = (shown(&finding.rule), shown(&finding.message));
            lines.push(format!(
                "{sign} {} {rule}: {message}{}",
                finding.severity,
                module.unwrap_or_default()
            ));
        }
    }
    lines.extend(
        findings.more_omitted.iter().map(|(rule, count)| format!("+ {count} more of {}", shown(rule))),
    );
    list(out, "findings", &lines);
}

fn one_module(out: &mut String, module: &ModuleDifference) {
    let name = module.name.as_deref().map(|name| format!(" ({})", shown_within(name, NAME_CHARS)));
    let title = match (&module.old, &module.new) {
        (Some(old), Some(new)) if old == new => shown(new).to_string(),
        (Some(old), Some(new)) => format!("{}, before {}", shown(new), shown(old)),
        (None, Some(new)) => format!("{}, new", shown(new)),
        (Some(old), None) => format!("{}, gone", shown(old)),
        (None, None) => String::new(),
    };
    let _ = writeln!(out, "  {title}{}", name.unwrap_or_default());
    // Of a module that came or went the file's own lists tell enough.
    if module.old.is_some() && module.new.is_some() {
        let parts = [&module.protection, &module.storage, &module.dependencies, &module.origin, &module.code];
        let lines: Vec<_> = parts.into_iter().flatten().map(line).collect();
        lines.iter().take(SHOWN).for_each(|line| {
            let _ = writeln!(out, "    {line}");
        });
        more(out, lines.len());
    }
}

fn changes(out: &mut String, title: &str, changes: &[Change]) {
    list(out, title, &changes.iter().map(line).collect::<Vec<_>>());
}

fn line(change: &Change) -> String {
    let what = shown_within(&change.what, NAME_CHARS);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("~ {what}: {} -> {}", shown(old), shown(new)),
        (None, Some(new)) => format!("+ {what}: {}", shown(new)),
        (Some(old), None) => format!("- {what}: {}", shown(old)),
        (None, None) => format!("~ {what}"),
    }
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {title}");
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(out, "    {line}");
    }
    more(out, lines.len());
}

fn more(out: &mut String, count: usize) {
    if count > SHOWN {
        let _ = writeln!(out, "    … {} more", count - SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::page;
    use wasmscope_admission::difference;
    use wasmscope_analyze::{Facts, analyze};
    use wasmscope_findings::find;
    use wasmscope_model::Severity;

    fn facts(text: &str) -> Facts {
        analyze(&wat::parse_str(text).unwrap(), &Default::default()).unwrap()
    }

    #[test]
    fn what_an_update_gained_comes_first_and_names_stay_on_their_line() {
        let old = facts(r#"(module (memory (export "memory") 1) (func (export "run")))"#);
        let new = facts(
            r#"(module (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32)))
                (import "env" "x\n  + fine\1b[2J" (func))
                (memory (export "memory") 2)
                (func (export "run") (drop (call $r (i32.const 0) (i32.const 1)))))"#,
        );
        let change = difference((&old, &find(&old)), (&new, &find(&new)));
        let page = page("old.wasm", "new.wasm", &change, Severity::High);
        let begin = "old.wasm -> new.wasm\n  look at it\n    it can random now\n    it can custom-host-function now\n  \
            capabilities\n    + random: export run > wasi_snapshot_preview1.random_get\n    \
            + custom-host-function: nothing leads to it\n";
        assert!(page.starts_with(begin), "{page}");
        assert!(
            page.contains("    ~ memory 0: 65536 B to no limit, exported as memory -> 131072 B to no limit"),
            "{page}"
        );
        assert!(page.contains("    + env#x\\n  + fine\\u{1b}[2J: () -> ()\n"), "{page}");
        assert!(!page.contains('\u{1b}'));
    }
}
