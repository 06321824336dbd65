//! A short form of `cargo xtask mutants`, which scans many more and bounds time and memory as well.

use wasmscope_trial::{Kind, Mutants, bases, check, check_same, scan};

#[test]
fn two_thousand_mutants_keep_every_promise() {
    let mutants = Mutants::new(bases().unwrap(), 1);
    let mut valid = 0;
    let mut components = 0;
    for number in 0..2000 {
        let mutant = mutants.get(number);
        let scanned = scan(&mutant.bytes);
        check(&mutant.bytes, &scanned);
        if number % 10 == 0 {
            check_same(&mutant.bytes, &scanned);
        }
        valid += u32::from(scanned.is_ok_and(|scan| scan.facts.validation.valid));
        components += u32::from(mutant.kind == Kind::Component);
    }
    assert!(valid > 800 && components > 100, "{valid} valid, {components} components");
}

#[test]
fn every_base_keeps_every_promise() {
    let bases = bases().unwrap();
    assert!(bases.len() > 80, "{}", bases.len());
    for base in bases {
        let scanned = scan(&base.bytes);
        check(&base.bytes, &scanned);
        check_same(&base.bytes, &scanned);
    }
}
