//! The samples, and what the findings say of each.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::fs;
use wasm_mutate::WasmMutate;
use wasmscope_findings::find;
use wasmscope_model::Severity;
use wasmscope_testkit::{target_dir, variants};

use super::Options;
use crate::real_modules::HELD_OUT;

/// The rules that speak of miners.
const RULES: [&str; 4] = ["miner-constants", "miner-instruction-mix", "mining-texts", "randomx"];

/// One module.
#[derive(Serialize)]
pub(super) struct Sample {
    /// Which part of the set.
    pub(super) group: Group,
    pub(super) name: String,
    /// The worst finding about miners.
    pub(super) worst: Option<Severity>,
    /// The rules that found something.
    pub(super) rules: Vec<String>,
}

/// A part of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Group {
    /// Like a miner, as clang made it.
    Plain,
    /// Like a miner, with constants computed or encrypted.
    Hidden,
    /// `Plain`, changed by wasm-mutate.
    PlainChanged,
    /// `Hidden`, changed by wasm-mutate.
    HiddenChanged,
    /// Hashes, ciphers and compression of our own.
    Kernel,
    /// The same, changed by wasm-mutate.
    KernelChanged,
    /// Modules of public packages that the rules were tuned on.
    Package,
    /// Modules of public packages that were first read when the rules stood.
    HeldOut,
}

impl Group {
    pub(super) const ALL: [(Self, bool, &'static str); 8] = [
        (Self::Plain, true, "like miners"),
        (Self::PlainChanged, true, "like miners, changed by wasm-mutate"),
        (Self::Hidden, true, "like miners, constants computed or encrypted"),
        (Self::HiddenChanged, true, "the same, changed by wasm-mutate"),
        (Self::Kernel, false, "hashes, ciphers, compression of our own"),
        (Self::KernelChanged, false, "the same, changed by wasm-mutate"),
        (Self::Package, false, "modules of public packages"),
        (Self::HeldOut, false, "modules of other public packages, held out"),
    ];
}

/// Builds, changes, reads and judges everything.
pub(super) fn all(options: &Options) -> Result<Vec<Sample>> {
    let mut samples = guests(options)?;
    let packages = target_dir().join("real-modules");
    for (group, folder) in [(Group::HeldOut, packages.join(HELD_OUT)), (Group::Package, packages)] {
        let pattern = folder.join("*.wasm");
        let paths: Vec<_> = glob::glob(&pattern.to_string_lossy())?.collect::<Result<_, _>>()?;
        ensure!(!paths.is_empty(), "{} is empty: cargo xtask real-modules", folder.display());
        for path in paths {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            samples.push(judge(group, name, &fs::read(&path)?)?);
        }
    }
    Ok(samples)
}

/// Our own guests, and their changed copies.
pub(super) fn guests(options: &Options) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for (guest, group, changed) in
        [("miner-like", Group::Plain, Group::PlainChanged), ("kernels", Group::Kernel, Group::KernelChanged)]
    {
        for (variant, path) in variants(guest)? {
            let hidden = variant.starts_with("hidden-");
            let (group, changed) =
                if hidden { (Group::Hidden, Group::HiddenChanged) } else { (group, changed) };
            let bytes = fs::read(path)?;
            samples.push(judge(group, variant.clone(), &bytes)?);
            for seed in 0..options.copies {
                let bytes = change(&bytes, seed, options.changes);
                samples.push(judge(changed, format!("{variant}, seed {seed}"), &bytes)?);
            }
        }
    }
    Ok(samples)
}

/// Changes a module step by step so that it still computes the same. A step that wasm-mutate cannot make is left out.
fn change(module: &[u8], seed: u64, steps: u64) -> Vec<u8> {
    let mut bytes = module.to_vec();
    for step in 0..steps {
        let mut mutate = WasmMutate::default();
        mutate.seed(seed * steps + step).preserve_semantics(true).fuel(1_000);
        let next = mutate.run(&bytes).ok().and_then(|mut changed| changed.next()?.ok());
        bytes = next.unwrap_or(bytes);
    }
    bytes
}

fn judge(group: Group, name: String, bytes: &[u8]) -> Result<Sample> {
    let facts = wasmscope_analyze::analyze(bytes, &Default::default()).with_context(|| name.clone())?;
    let findings = find(&facts).list;
    let about = || findings.iter().filter(|finding| RULES.contains(&finding.rule.as_str()));
    let rules = about().map(|finding| format!("{} ({})", finding.rule, finding.severity)).collect();
    Ok(Sample { group, name, worst: about().map(|finding| finding.severity).max(), rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of the set that needs no download; the whole is `cargo xtask miner-set`.
    #[test]
    fn miners_are_found_and_other_kernels_are_not() {
        let samples = guests(&Options { copies: 0, changes: 0 }).unwrap();
        let of = |group| samples.iter().filter(move |sample| sample.group == group);
        assert!(of(Group::Plain).count() >= 12 && of(Group::Kernel).count() >= 8);
        // Halves of constants that lie apart, without anything but Keccak and AES, are only seen by their mix.
        for sample in of(Group::Plain).filter(|sample| sample.name != "halves-core-o2") {
            assert!(sample.worst >= Some(Severity::Medium), "{} is not found", sample.name);
        }
        for sample in of(Group::Kernel) {
            assert!(sample.worst < Some(Severity::Medium), "{}: {:?}", sample.name, sample.rules);
        }
    }
}
