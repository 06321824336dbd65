//! Calls of `printf` and its kin with a format that is not constant (CWE-134).

use crate::CallGraph;
use crate::content::count;
use crate::facts::{FormatCall, FormatCalls};
use crate::flow::{Context, Operand, UNKNOWN, Value, Watch, follow};
use crate::limits::Budget;
use crate::module::ModuleReader;
use std::collections::{BTreeMap, BTreeSet};

/// A function with a format.
#[derive(Debug, Clone, Copy)]
struct Printer {
    name: &'static str,
    /// Which parameter is the format. Clang passes `...` and `va_list` alike, as one pointer behind it.
    format: u32,
    /// Does it take a `va_list`?
    list: bool,
}

/// C library, newlib's and Emscripten's variants for integers and small floats, and BSD's errors: name, place of the
/// format.
const PRINTERS: &[(&str, u32)] = &[
    ("printf", 0),
    ("fprintf", 1),
    ("dprintf", 1),
    ("sprintf", 1),
    ("snprintf", 2),
    ("asprintf", 1),
    ("syslog", 1),
    ("iprintf", 0),
    ("fiprintf", 1),
    ("siprintf", 1),
    ("sniprintf", 2),
    ("asiprintf", 1),
    ("__small_printf", 0),
    ("__small_fprintf", 1),
    ("__small_sprintf", 1),
    ("__small_snprintf", 2),
    ("warn", 0),
    ("warnx", 0),
    ("err", 1),
    ("errx", 1),
    ("error", 2),
];

/// With a `va_list`.
const LIST_PRINTERS: &[(&str, u32)] = &[
    ("vprintf", 0),
    ("vfprintf", 1),
    ("vdprintf", 1),
    ("vsprintf", 1),
    ("vsnprintf", 2),
    ("vasprintf", 1),
    ("vsyslog", 1),
    ("viprintf", 0),
    ("vfiprintf", 1),
    ("vsiprintf", 1),
    ("vsniprintf", 2),
    ("__small_vprintf", 0),
    ("__small_vfprintf", 1),
    ("__small_vsprintf", 1),
    ("__small_vsnprintf", 2),
    ("vwarn", 0),
    ("vwarnx", 0),
    ("verr", 1),
    ("verrx", 1),
];

fn printer(name: &str) -> Option<Printer> {
    let find = |list: &'static [(&str, u32)]| list.iter().find(|(known, _)| *known == name);
    let plain = find(PRINTERS).map(|row| (row, false));
    let (&(name, format), list) = plain.or_else(|| find(LIST_PRINTERS).map(|row| (row, true)))?;
    Some(Printer { name, format, list })
}

/// The calls of one function.
struct Calls<'p> {
    printers: &'p BTreeMap<u32, Printer>,
    found: Vec<Call>,
}

struct Call {
    callee: Printer,
    format: Operand,
    at: u64,
}

/// Calls that are kept of one function.
const CALLS: usize = 100_000;

impl Watch for Calls<'_> {
    fn call(&mut self, function: u32, operands: &[Operand], at: u64) {
        let Some(callee) = self.printers.get(&function).filter(|_| self.found.len() < CALLS) else { return };
        // One operand stands behind the format, and the last are those that are known.
        let format = operands.len().checked_sub(2).and_then(|n| operands.get(n));
        self.found.push(Call { callee: *callee, format: format.copied().unwrap_or(UNKNOWN), at });
    }
}

impl Calls<'_> {
    /// Does it matter whether locals that hold a constant always do?
    fn rests_on_locals(&self) -> bool {
        self.found.iter().any(|call| matches!(call.format.value, Value::Constant(_)))
    }
}

impl ModuleReader<'_> {
    /// Calls of printers that are known by name. `bytes`: the module's.
    pub(crate) fn format_calls(&self, bytes: &[u8], graph: &CallGraph, budget: &mut Budget) -> FormatCalls {
        let mut facts = FormatCalls::default();
        let mut printers = self.functions_named(printer);
        if printers.is_empty() {
            return facts;
        }
        let signatures = self.signatures_of_all();
        // Another language's function of the same name has another type.
        printers.retain(|index, printer| {
            signatures.function(*index).is_some_and(|(n, _)| n == printer.format + 2)
        });
        facts.functions = printers.len() as u32;
        for (caller, body) in self.callers(bytes, graph, printers.keys().copied()) {
            // The C library's own functions pass on what they got.
            if printers.contains_key(&caller) {
                continue;
            }
            let parameters = signatures.parameters(caller);
            let follow = |variable: &BTreeSet<u32>| {
                let mut calls = Calls { printers: &printers, found: Vec::new() };
                let variable = follow(&body, parameters, &signatures, variable, &mut calls).ok()?;
                Some((calls, variable))
            };
            let Some((mut calls, variable)) = follow(&BTreeSet::new()) else { continue };
            // Whether a local is constant wherever it is set is known after the first pass only.
            if calls.rests_on_locals() {
                let Some((again, _)) = follow(&variable) else { continue };
                calls = again;
            }
            for Call { callee, format, at: offset } in calls.found {
                match format.value {
                    Value::Constant(_) => facts.constant += 1,
                    _ if callee.list => facts.forwarded += 1,
                    _ => {
                        let callee = callee.name.to_owned();
                        let call = || FormatCall { caller, name: None, callee, offset };
                        count(&mut facts.variable, budget, call);
                    }
                }
            }
        }
        facts
    }
}
