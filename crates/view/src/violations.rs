//! `scan --policy`: what a policy holds against a module.

use crate::scan::way;
use std::fmt::Write as _;
use wasmscope_admission::Violation;
use wasmscope_model::text::{shown, shown_within};

/// Longest name shown, in characters.
const NAME_CHARS: usize = 80;

/// The page of one file: one line if it may run.
pub fn page(path: &str, violations: &[Violation]) -> String {
    let mut out = String::new();
    let verdict = match violations.len() {
        0 => "allowed".to_owned(),
        1 => "refused, 1 violation".to_owned(),
        n => format!("refused, {n} violations"),
    };
    let _ = writeln!(out, "{}: {verdict}", shown(path));
    for violation in violations {
        one(&mut out, violation);
    }
    out
}

fn one(out: &mut String, violation: &Violation) {
    let _ = writeln!(out, "  {}: {}", violation.kind.as_str(), shown(&violation.message));
    let policy = &violation.policy;
    let line = match policy.line {
        0 => String::new(),
        line => format!("line {line}, "),
    };
    let entry = if policy.entry.is_empty() { String::new() } else { format!("{}: ", shown(&policy.entry)) };
    let _ = writeln!(out, "      policy  {line}{entry}{}", shown(&policy.says));
    let mut place = Vec::new();
    place.extend(violation.module.as_ref().map(|module| shown(module).to_string()));
    place.extend(violation.offset.map(|offset| format!("byte {offset:#x}")));
    if let Some(function) = &violation.function {
        let name = function.name.as_deref().map(|name| format!(" {}", shown_within(name, NAME_CHARS)));
        place.push(format!("function[{}]{}", function.index, name.unwrap_or_default()));
    }
    if !place.is_empty() {
        let _ = writeln!(out, "      where   {}", place.join(", "));
    }
    if let Some(path) = &violation.path {
        let _ = writeln!(out, "      way     {}", way(path));
    }
    if let Some(doubt) = &violation.doubt {
        let _ = writeln!(out, "      doubt   {}", shown(doubt));
    }
    // A rule's advice is longer than what the observed may fill a line with; it is our own text.
    let _ = writeln!(out, "      do      {}", shown_within(&violation.remedy, 1000));
}

#[cfg(test)]
mod tests {
    use super::page;
    use wasmscope_admission::{Date, Policy, evaluate};

    #[test]
    fn a_refusal_says_what_where_and_what_to_do_and_names_stay_on_their_line() {
        let module = wat::parse_str(
            r#"(module (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
                (import "env" "a\nallowed" (func))
                (func $serve (drop (call $accept (i32.const 0) (i32.const 0) (i32.const 0))))
                (func (export "run\1b[2J") (call $serve)))"#,
        );
        let facts = wasmscope_analyze::analyze(&module.unwrap(), &Default::default()).unwrap();
        let findings = wasmscope_findings::find(&facts);
        let policy = "version = 1\n[default]\ncapabilities = [\"custom-host-function\"]\nimports = []\n";
        let policy = Policy::parse(policy).unwrap();
        let violations = evaluate(&policy, "a.wasm", &facts, &findings, Date::constant(2026, 1, 1));
        let page = page("a.wasm", &violations);
        let begin = "a.wasm: refused, 3 violations\n  capability: it has listen through wasi_snapshot_preview1#sock_accept\n      \
            policy  line 3, default: capabilities = [\"custom-host-function\"]\n      where   module\n      \
            way     export run\\u{1b}[2J > run\\u{1b}[2J > serve > wasi_snapshot_preview1.sock_accept\n      do      leave out";
        assert!(page.starts_with(begin), "{page}");
        assert!(page.contains("  import: it imports env#a\\nallowed\n"), "{page}");
        assert!(!page.contains('\u{1b}'));
    }
}
