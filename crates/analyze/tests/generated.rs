//! Valid modules with every proposal that wasm-smith knows: nothing in them may surprise.

use arbitrary::{Arbitrary, Unstructured};
use wasm_smith::{Component, Config, Module};
use wasmscope_analyze::{Options, analyze};

/// Enough to fill a module, from a seed (xorshift64).
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..4096).map(|_| step()).collect()
}

#[test]
fn generated_modules_have_consistent_facts() {
    let mut seen = 0;
    let proposals = wasmscope_analyze::proposals();
    for seed in 0..500 {
        let noise = noise(seed);
        let mut source = Unstructured::new(&noise);
        let Ok(mut config) = Config::arbitrary(&mut source) else { continue };
        config.gc_enabled = true;
        config.reference_types_enabled = true;
        config.max_memories = 4;
        let Ok(module) = Module::new(config, &mut source) else { continue };
        let bytes = module.to_bytes();
        let facts = analyze(&bytes, &Options::default()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert!(facts.validation.valid, "seed {seed}: {:?}", facts.validation.error);
        seen += 1;
        let m = &facts.modules[0];
        assert_eq!(m.functions.undecoded, 0, "seed {seed}");
        assert!(
            m.proposals.iter().all(|used| proposals.contains(&used.name)),
            "seed {seed}: {:?}",
            m.proposals
        );
        assert_eq!(m.instructions.opcodes.values().sum::<u64>(), m.instructions.total, "seed {seed}");
        assert!(m.reachability.analysed && m.reachability.reachable_functions <= m.functions.defined);
        for import in &m.reachability.imports {
            let path = import.path.as_ref();
            assert_eq!(path.is_some(), import.distance.is_some(), "seed {seed}");
            assert!(path.is_none_or(|p| p.steps.last().map(|s| s.function) == Some(import.function)));
            assert!(!import.direct || path.is_some_and(|p| p.approximate == 0), "seed {seed}");
        }
    }
    assert!(seen > 300, "only {seen} modules could be generated");
}

#[test]
fn generated_components_are_linked_or_say_why_not() {
    let mut linked = 0;
    for seed in 0..500 {
        let noise = noise(seed);
        let mut source = Unstructured::new(&noise);
        let Ok(config) = Config::arbitrary(&mut source) else { continue };
        let Ok(component) = Component::new(config, &mut source) else { continue };
        let bytes = component.to_bytes();
        let facts = analyze(&bytes, &Options::default()).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let all = facts.linked.unwrap_or_else(|| panic!("seed {seed}: a component"));
        assert!(all.analysed, "seed {seed}: {:?}", facts.problems);
        if facts.validation.valid {
            assert_eq!((all.unresolved, all.not_followed), (0, 0), "seed {seed}");
        }
        for import in &all.imports {
            let path = import.path.as_ref();
            let told = import.distance.is_some() && !import.capabilities.is_empty();
            assert_eq!(path.is_some(), told, "seed {seed}");
            assert!(!import.direct || path.is_none_or(|p| p.approximate == 0), "seed {seed}");
        }
        linked += 1;
    }
    assert!(linked > 100, "only {linked} components could be generated");
}
