use crate::look::faces_host;
use crate::{Found, Rule};
use wasmscope_analyze::Facts;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "stack-pointer-exposed",
    title: "stack pointer is exported or imported",
    severity: Severity::Low,
    confidence: Confidence::percent(90),
    threat: "A1",
    cwe: &[668],
    attack: &[],
    sources: &[
        "https://github.com/WebAssembly/tool-conventions/blob/main/BasicCABI.md",
        "Lehmann, Kinder, Pradel: Everything Old is New Again, USENIX Security 2020",
    ],
    description: "The global that points into the stack in linear memory can be set from outside the module. \
        Whoever sets it decides where the module writes its local variables and from where it reads them: \
        over its heap, or over data that it takes for constant.",
    remediation: "Do not link with -shared, --experimental-pic, --export-all or --export=__stack_pointer unless \
        modules are linked at run time; the default of wasm-ld keeps the global private.",
    false_positives: "Side modules of dynamic linking (Emscripten -sSIDE_MODULE, wasm-ld -shared) import it by \
        convention and cannot do without; those with a dylink.0 section are info. Toolchains for threads \
        export it so that the host can give each thread a stack.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    for module in facts.modules.iter().filter(|_| faces_host(facts)) {
        let Some(stack) = module.hardening.stack_pointer.as_ref().filter(|s| s.exposed && s.mutable) else {
            continue;
        };
        let imported = module.globals.iter().any(|g| g.index == stack.global && g.imported);
        let how = if imported { "imported" } else { "exported" };
        let place = found.in_module(module, format!("the stack pointer (global {}) is {how}", stack.global));
        if module.sections.iter().any(|s| s.id == 0 && s.name.starts_with("dylink")) {
            place.milder(Severity::Info);
        }
    }
}
