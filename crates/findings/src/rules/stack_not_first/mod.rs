use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::Segment;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "stack-not-first",
    title: "stack lies above the data",
    severity: Severity::Low,
    confidence: Confidence::percent(75),
    threat: "A1",
    cwe: &[121, 787],
    attack: &[],
    sources: &[
        "https://lld.llvm.org/WebAssembly.html",
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
    ],
    description: "The stack in linear memory grows down towards the module's static data. A stack that \
        overflows, by deep recursion or a large local array, writes over that data without a trap. Were it \
        the first thing in memory, the overflow would trap at address 0.",
    remediation: "Link with -Wl,--stack-first (wasm-ld), and choose the size on purpose: \
        -Wl,-z,stack-size=BYTES. rustc does both by itself.",
    false_positives: "Harmless where the depth of calls is bounded, and where the program checks its stack \
        (Emscripten -sSTACK_OVERFLOW_CHECK=2). A first global that merely looks like a stack pointer is \
        taken for one in modules without names.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in &facts.modules {
        let Some(stack) = module.hardening.stack_pointer.as_ref().filter(|s| s.mutable) else { continue };
        let Some(top) = stack.initial.and_then(|n| u64::try_from(n).ok()) else { continue };
        let ends = module.data.list.iter().filter_map(|data| match data.segment {
            Segment::Active { target: 0, start: Some(start) } => Some(start.saturating_add(data.size)),
            _ => None,
        });
        // Data on both sides of the top is a snapshot of a running program (Wizer), which holds its stack as well.
        if let Some(end) = ends.max().filter(|end| *end <= top) {
            let message =
                format!("the stack begins at {top:#x} and grows down to data that ends at {end:#x}");
            let place = found.in_module(module, message);
            if !stack.named {
                place.less_sure(Confidence::percent(50));
            }
        }
    }
}
