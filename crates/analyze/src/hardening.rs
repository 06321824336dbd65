//! What the guest's memory safety rests on: allocator, libc, stack pointer, stack protector.

use crate::facts::{Global, Hardening, StackPointer};
use crate::origin::{Evidence, Kind};
use crate::ports::Ports;

pub(crate) fn hardening(evidence: &Evidence, globals: &[Global], ports: &Ports) -> Hardening {
    let called = evidence.has(Kind::StackProtector);
    Hardening {
        allocators: evidence.recognised(Kind::Allocator),
        libcs: evidence.recognised(Kind::Libc),
        stack_pointer: stack_pointer(globals, ports),
        stack_protector: (called || evidence.has_names).then_some(called),
        stack_guard: evidence.has(Kind::StackGuard),
        guard: None,
        stack_first: None,
    }
}

/// The global `__stack_pointer`; else the first global, if it is as linkers lay it out: defined, mutable, an integer, and
/// it begins at a multiple of 16 above zero (<https://github.com/WebAssembly/tool-conventions/blob/main/BasicCABI.md>).
fn stack_pointer(globals: &[Global], ports: &Ports) -> Option<StackPointer> {
    let is = |name: &Option<String>| name.as_deref() == Some("__stack_pointer");
    let imported = ports
        .imports
        .iter()
        .find(|i| i.ty.kind == crate::facts::ItemKind::Global && i.name == "__stack_pointer");
    let named = globals
        .iter()
        .find(|g| is(&g.name) || is(&g.exported) || imported.is_some_and(|i| i.ty.index == g.index));
    let looks_like_one = |g: &&Global| {
        let start = g.initial.is_some_and(|n| n > 0 && n % 16 == 0);
        g.mutable && !g.imported && matches!(g.ty.as_str(), "i32" | "i64") && start
    };
    let global = named.or_else(|| globals.iter().find(|g| !g.imported).filter(looks_like_one))?;
    Some(StackPointer {
        global: global.index,
        mutable: global.mutable,
        exposed: global.exported.is_some() || global.imported,
        initial: global.initial,
        named: named.is_some(),
    })
}
