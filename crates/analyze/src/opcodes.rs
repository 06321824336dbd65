//! Every instruction wasmparser knows, with its proposal and its class: derived from wasmparser's own list.

use crate::facts::InstructionMix;

macro_rules! list {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// An instruction, as an index into [`OPCODES`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Opcode { $($op,)* }

        /// Name (`visit_i32_xor`) and proposal (`mvp`) of each instruction.
        pub(crate) const OPCODES: &[(&str, &str)] = &[$((stringify!($visit), stringify!($proposal)),)*];
    };
}
wasmparser::for_each_operator!(list);

/// Proposals that types, limits or sections show, and no instruction.
const SHOWN_OTHERWISE: [&str; 5] =
    ["custom-page-sizes", "memory64", "multi-memory", "multi-value", "mutable-global"];

/// Every name that [`ProposalUse`](crate::facts::ProposalUse) can have, sorted.
pub fn proposals() -> Vec<String> {
    let instructions = OPCODES.iter().map(|(_, proposal)| proposal.replace('_', "-"));
    let all = instructions.chain(SHOWN_OTHERWISE.map(str::to_owned)).filter(|name| name != "mvp");
    all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// The name without `visit_`.
pub(crate) fn name(opcode: usize) -> &'static str {
    let name = OPCODES.get(opcode).map_or("", |(name, _)| name);
    name.strip_prefix("visit_").unwrap_or(name)
}

/// The counter of `mix` to which the instruction `name` of `proposal` belongs.
pub(crate) fn class<'m>(mix: &'m mut InstructionMix, name: &str, proposal: &str) -> &'m mut u64 {
    match proposal {
        "simd" | "relaxed_simd" => return &mut mix.simd,
        "gc" if name == "ref_eq" => return &mut mix.reference,
        "gc" | "custom_descriptors" => return &mut mix.gc,
        "exceptions" | "legacy_exceptions" => return &mut mix.exception,
        "threads" | "shared_everything_threads" | "acquire_release_atomics" => return &mut mix.atomic,
        "wide_arithmetic" if name.contains("mul") => return &mut mix.mul,
        "wide_arithmetic" => return &mut mix.add_sub,
        _ => {}
    }
    match name {
        "memory_grow" => return &mut mix.memory_grow,
        "memory_size" => return &mut mix.memory_size,
        "table_grow" => return &mut mix.table_grow,
        "data_drop" => return &mut mix.memory_bulk,
        "elem_drop" => return &mut mix.table,
        "call" | "return_call" => return &mut mix.call,
        "call_indirect" | "call_ref" | "return_call_indirect" | "return_call_ref" => {
            return &mut mix.call_indirect;
        }
        "br_table" => return &mut mix.br_table,
        "drop" | "select" | "typed_select" | "typed_select_multi" => return &mut mix.parametric,
        "block" | "loop" | "if" | "else" | "end" | "return" | "nop" | "unreachable" => {
            return &mut mix.structure;
        }
        _ => {}
    }
    let (family, rest) = name.split_once('_').unwrap_or((name, ""));
    match family {
        "br" => &mut mix.branch,
        "local" => &mut mix.local,
        "global" => &mut mix.global,
        "memory" => &mut mix.memory_bulk,
        "table" => &mut mix.table,
        "ref" => &mut mix.reference,
        "i32" | "i64" | "f32" | "f64" => numeric(mix, family.starts_with('f'), rest),
        _ => &mut mix.other,
    }
}

fn numeric<'m>(mix: &'m mut InstructionMix, float: bool, rest: &str) -> &'m mut u64 {
    match rest {
        "const" => return &mut mix.constant,
        _ if rest.starts_with("load") => return &mut mix.load,
        _ if rest.starts_with("store") => return &mut mix.store,
        // Conversions between the two kinds name the float: i32_trunc_f32_s, i64_reinterpret_f64.
        _ if float || rest.contains("f32") || rest.contains("f64") => return &mut mix.float,
        _ => {}
    }
    match rest.split('_').next().unwrap_or("") {
        "xor" => &mut mix.xor,
        "and" | "or" => &mut mix.and_or,
        "rotl" | "rotr" => &mut mix.rotate,
        "shl" | "shr" => &mut mix.shift,
        "add" | "sub" => &mut mix.add_sub,
        "mul" => &mut mix.mul,
        "div" | "rem" => &mut mix.div_rem,
        "eqz" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" => &mut mix.integer_compare,
        _ => &mut mix.integer_other,
    }
}

/// The mix behind the `counts` of each instruction.
pub(crate) fn mix(counts: &[u64]) -> InstructionMix {
    let mut mix = InstructionMix::default();
    for (opcode, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let name = name(opcode);
        mix.total = mix.total.saturating_add(count);
        *class(&mut mix, name, OPCODES[opcode].1) += count;
        mix.opcodes.insert(name.to_owned(), count);
    }
    mix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stack_switching_has_no_class_of_its_own() {
        for (opcode, (_, proposal)) in OPCODES.iter().enumerate() {
            let mut mix = InstructionMix::default();
            *class(&mut mix, name(opcode), proposal) += 1;
            assert_eq!(mix.other == 1, *proposal == "stack_switching", "{}", name(opcode));
        }
    }

    #[test]
    fn classes_of_look_alikes() {
        let class_of = |wanted: &str| {
            let opcode = OPCODES.iter().position(|(n, _)| n.strip_prefix("visit_") == Some(wanted)).unwrap();
            let mut counts = vec![0; OPCODES.len()];
            counts[opcode] = 1;
            mix(&counts)
        };
        assert_eq!(class_of("i32_xor").xor, 1);
        assert_eq!(class_of("v128_xor").simd, 1);
        assert_eq!(class_of("i32_trunc_sat_f64_u").float, 1);
        assert_eq!(class_of("i64_load32_u").load, 1);
        assert_eq!(class_of("i64_extend32_s").integer_other, 1);
        assert_eq!(class_of("f64_ge").float, 1);
        assert_eq!(class_of("i64_ge_u").integer_compare, 1);
        assert_eq!(class_of("i64_atomic_rmw_xor").atomic, 1);
        assert_eq!(class_of("return_call_indirect").call_indirect, 1);
    }
}
