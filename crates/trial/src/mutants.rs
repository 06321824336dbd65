//! Modules that nobody wrote.

use crate::bases::Base;
use crate::bytes::edit;
use arbitrary::{Arbitrary, Unstructured};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasm_mutate::WasmMutate;
use wasm_smith::{Component, Config, Module};

/// How a mutant came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A valid module, made by wasm-smith with any set of proposals.
    Module,
    /// The same with function bodies of arbitrary bytes.
    AnyBodies,
    /// A valid component, made by wasm-smith.
    Component,
    /// A base, changed by wasm-mutate, which keeps it valid.
    Mutated,
    /// A base or one of the above with some bytes changed.
    Edited,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// How it came to be.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All mutants of one seed. Each depends on its number, the seed and the bases alone.
#[derive(Debug)]
pub struct Mutants {
    bases: Vec<Base>,
    seed: u64,
}

/// What wasm-mutate may spend on one mutant, in its own unit.
const FUEL: u64 = 200;
/// It keeps the whole of a function in memory as a graph, so larger modules take it seconds.
const MUTATED_BYTES: usize = 32 << 10;
/// Bases of this size and more are taken as rarely as 1 in [`RARE`], because they take as long as thousands of others.
const LARGE_BYTES: usize = 128 << 10;
const RARE: u32 = 256;
/// Bytes of randomness for one generated module, at most.
const NOISE_BYTES: usize = 12 << 10;

impl Mutants {
    /// Of these bases.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new(bases: Vec<Base>, seed: u64) -> Self {
        assert!(bases.iter().any(|base| base.bytes.len() < LARGE_BYTES), "there is a small base");
        Self { bases, seed }
    }

    /// Mutant number `n`.
    pub fn get(&self, n: u64) -> Mutant {
        let mut random = SmallRng::seed_from_u64(self.seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let kind = match random.random_range(0..20) {
            0..6 => Kind::Module,
            6 => Kind::AnyBodies,
            7..10 => Kind::Component,
            10..13 => Kind::Mutated,
            _ => Kind::Edited,
        };
        if let Some(bytes) = self.make(kind, &mut random) {
            return Mutant { kind, bytes };
        }
        // Generators give up on some randomness; a byte can be changed always.
        let bytes = self.edited(&mut random);
        Mutant { kind: Kind::Edited, bytes }
    }

    fn make(&self, kind: Kind, random: &mut SmallRng) -> Option<Vec<u8>> {
        match kind {
            Kind::Module | Kind::AnyBodies => module(random, kind == Kind::AnyBodies),
            Kind::Component => component(random),
            Kind::Mutated => mutated(&self.base(random, MUTATED_BYTES).bytes, random.random()),
            Kind::Edited => Some(self.edited(random)),
        }
    }

    fn edited(&self, random: &mut SmallRng) -> Vec<u8> {
        let generated = match random.random_range(0..4) {
            0 => module(random, false),
            1 => component(random),
            _ => None,
        };
        let mut bytes = generated.unwrap_or_else(|| self.base(random, usize::MAX).bytes.clone());
        edit(&mut bytes, random);
        bytes
    }

    fn base(&self, random: &mut SmallRng, most_bytes: usize) -> &Base {
        loop {
            let base = &self.bases[random.random_range(0..self.bases.len())];
            let wanted = base.bytes.len() < LARGE_BYTES || random.random_range(0..RARE) == 0;
            if wanted && base.bytes.len() <= most_bytes {
                return base;
            }
        }
    }
}

fn noise(random: &mut SmallRng) -> Vec<u8> {
    let mut noise = vec![0; random.random_range(64..NOISE_BYTES)];
    random.fill_bytes(&mut noise);
    noise
}

/// Names that mean something, for generated modules to import.
const HOST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_accept" (func (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (import "wasi" "thread-spawn" (func (param i32) (result i32)))
    (import "wasix_32v1" "proc_exec" (func (param i32 i32 i32 i32)))
    (import "env" "emscripten_run_script" (func (param i32)))
    (import "env" "anything" (func))
    (import "env" "memory" (memory 1)))"#;

fn module(random: &mut SmallRng, any_bodies: bool) -> Option<Vec<u8>> {
    let noise = noise(random);
    let mut source = Unstructured::new(&noise);
    let mut config = Config::arbitrary(&mut source).ok()?;
    if random.random_range(0..3) == 0 {
        config.available_imports = Some(wat::parse_str(HOST).expect("a correct text"));
        config.max_imports = config.max_imports.max(8);
    }
    config.allow_invalid_funcs = any_bodies;
    Some(quietly(|| Module::new(config, &mut source).ok())?.to_bytes())
}

fn component(random: &mut SmallRng) -> Option<Vec<u8>> {
    let noise = noise(random);
    let mut source = Unstructured::new(&noise);
    let config = Config::arbitrary(&mut source).ok()?;
    Some(quietly(|| Component::new(config, &mut source).ok())?.to_bytes())
}

fn mutated(base: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut mutate = WasmMutate::default();
    mutate.seed(seed).fuel(FUEL);
    quietly(|| mutate.run(base).ok()?.next()?.ok())
}

/// The generators are for tests, and some sets of proposals make them panic: then there is no mutant.
fn quietly<T>(generate: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(generate)).ok().flatten()
}
