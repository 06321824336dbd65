//! The language and toolchain a module seems to come from: by what compilers say, and by how they name things.

use crate::facts::{Interface, Origin, Recognised};
use crate::module::ModuleReader;
use crate::ports::Ports;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use wasmscope_model::recognition::Confidence;

/// What a clue speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Language,
    Toolchain,
    Allocator,
    Libc,
    /// `__stack_chk_fail` is called.
    StackProtector,
    /// `__stack_chk_guard` exists.
    StackGuard,
}

/// Where a text must stand in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Whole,
    Inside,
}

use Kind::*;
use Place::*;

/// Text in the name of a function, import, export or global; what it speaks for; how much it weighs alone.
#[rustfmt::skip]
const NAMES: &[(Place, &str, Kind, &str, u8)] = &[
    (Inside, "__rust_alloc", Language, "Rust", 90),
    (Inside, "rust_begin_unwind", Language, "Rust", 90),
    (Inside, "rust_panic", Language, "Rust", 80),
    (Start, "core::fmt::", Language, "Rust", 80),
    (Start, "_ZN4core3fmt", Language, "Rust", 90),
    (Inside, "_RNv", Language, "Rust", 60),
    (Inside, "std::__2::", Language, "C++", 90),
    (Start, "_ZNSt3__2", Language, "C++", 90),
    (Start, "operator new(", Language, "C++", 80),
    (Whole, "_Znwm", Language, "C++", 80),
    (Start, "__cxa_", Language, "C++", 50),
    (Whole, "__main_void", Language, "C", 50),
    (Whole, "__main_argc_argv", Language, "C", 60),
    (Start, "runtime.mallocgc", Language, "Go", 90),
    (Start, "wasm_pc_f_loop", Language, "Go", 90),
    (Start, "runtime.goexit", Language, "Go", 60),
    (Start, "tinygo_", Toolchain, "TinyGo", 90),
    (Start, "runtime.runtimePanic", Toolchain, "TinyGo", 60),
    (Start, "~lib/", Language, "AssemblyScript", 90),
    (Start, "mono_", Language, ".NET", 70),
    (Inside, "System_Private_CoreLib", Language, ".NET", 90),
    (Start, "kotlin.", Language, "Kotlin", 90),
    (Start, "swift_retain", Language, "Swift", 90),
    (Start, "$ss", Language, "Swift", 60),
    (Start, "heap.WasmAllocator", Language, "Zig", 80),
    (Start, "debug.panicExtra", Language, "Zig", 60),
    (Inside, "teavm", Language, "Java", 80),
    (Start, "stg_", Language, "Haskell", 60),
    (Start, "moonbit", Language, "MoonBit", 80),
    (Start, "caml_", Language, "OCaml", 60),
    (Start, "emscripten_", Toolchain, "Emscripten", 70),
    (Start, "_emscripten_", Toolchain, "Emscripten", 70),
    (Start, "__wbindgen_", Toolchain, "wasm-bindgen", 90),
    (Start, "cabi_realloc", Toolchain, "wit-bindgen", 60),
    (Whole, "dlmalloc", Allocator, "dlmalloc", 90),
    (Inside, "dlmalloc8dlmalloc", Allocator, "dlmalloc (Rust)", 90),
    (Inside, "dlmalloc::dlmalloc", Allocator, "dlmalloc (Rust)", 90),
    (Start, "dlmalloc_", Allocator, "dlmalloc", 60),
    (Whole, "dlfree", Allocator, "dlmalloc", 70),
    (Inside, "wee_alloc", Allocator, "wee_alloc", 90),
    (Start, "emmalloc_", Allocator, "emmalloc", 90),
    (Inside, "talc::", Allocator, "talc", 80),
    (Inside, "4talc", Allocator, "talc", 70),
    (Start, "mi_malloc", Allocator, "mimalloc", 80),
    (Start, "mi_heap_", Allocator, "mimalloc", 80),
    (Inside, "lol_alloc", Allocator, "lol_alloc", 90),
    (Start, "~lib/rt/tlsf", Allocator, "AssemblyScript tlsf", 90),
    (Start, "~lib/rt/stub", Allocator, "AssemblyScript stub", 90),
    (Start, "heap.WasmAllocator", Allocator, "Zig WasmAllocator", 80),
    (Start, "runtime.mallocgc", Allocator, "Go runtime", 80),
    (Start, "__wasilibc_", Libc, "wasi-libc", 90),
    (Start, "__wasi_", Libc, "wasi-libc", 60),
    (Start, "__wasm_call_ctors", Libc, "wasi-libc", 10),
    (Start, "emscripten_stack_get", Libc, "Emscripten musl", 80),
    (Start, "__syscall_", Libc, "Emscripten musl", 60),
    (Start, "_emscripten_stack_restore", Libc, "Emscripten musl", 80),
    (Start, "__stack_chk_fail", StackProtector, "", 99),
    (Whole, "__stack_chk_guard", StackGuard, "", 99),
];

/// What the `producers` section names: field, beginning of the name, what it speaks for.
const PRODUCERS: &[(&str, &str, Kind, &str)] = &[
    ("language", "Rust", Language, "Rust"),
    ("language", "C_plus_plus", Language, "C++"),
    ("language", "C++", Language, "C++"),
    ("language", "C#", Language, ".NET"),
    ("language", "C", Language, "C"),
    ("language", "Go", Language, "Go"),
    ("language", "TinyGo", Language, "Go"),
    ("language", "Zig", Language, "Zig"),
    ("language", "Swift", Language, "Swift"),
    ("language", "Kotlin", Language, "Kotlin"),
    ("processed-by", "rustc", Toolchain, "rustc"),
    ("processed-by", "clang", Toolchain, "clang"),
    ("processed-by", "TinyGo", Toolchain, "TinyGo"),
    ("processed-by", "Go cmd/compile", Toolchain, "Go"),
    ("processed-by", "walrus", Toolchain, "walrus"),
    ("processed-by", "wasm-bindgen", Toolchain, "wasm-bindgen"),
    ("processed-by", "wit-component", Toolchain, "wit-component"),
    ("processed-by", "wit-bindgen", Toolchain, "wit-bindgen"),
    ("processed-by", "binaryen", Toolchain, "Binaryen"),
    ("processed-by", "wizer", Toolchain, "Wizer"),
    ("sdk", "Emscripten", Toolchain, "Emscripten"),
];

static MATCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let patterns = NAMES.iter().map(|(_, text, ..)| text);
    AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok()
});

/// Everything that speaks for something.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Weights and words, by what they speak for and for which name.
    clues: BTreeMap<(Kind, &'static str), Vec<(u8, String)>>,
    /// Is there anything to tell names by?
    pub(crate) has_names: bool,
}

impl Evidence {
    pub(crate) fn gather(module: &ModuleReader<'_>, ports: &Ports) -> Self {
        let mut evidence = Self::default();
        let mut seen = vec![false; NAMES.len()];
        if let Some(names) = &module.customs.names {
            for (_, name) in names.functions().chain(names.globals()) {
                evidence.has_names = true;
                evidence.name(name, "name", &mut seen);
            }
        }
        for import in &ports.imports {
            evidence.name(&import.name, "import", &mut seen);
        }
        for export in &ports.exports {
            evidence.name(&export.name, "export", &mut seen);
        }
        for producer in module.customs.producers.iter().flatten() {
            let text = format!("producers: {} {} {}", producer.field, producer.name, producer.version);
            let known = PRODUCERS
                .iter()
                .find(|(field, name, ..)| producer.field == *field && producer.name.starts_with(name));
            if let Some((_, _, kind, what)) = known {
                evidence.add(*kind, what, 90, crate::text::name(&text));
            }
        }
        for used in &ports.interfaces {
            let (kind, what) = match used.interface {
                Interface::GoJs => (Language, "Go"),
                Interface::AssemblyScript => (Language, "AssemblyScript"),
                Interface::Emscripten => (Toolchain, "Emscripten"),
                Interface::WasmBindgen => (Toolchain, "wasm-bindgen"),
                Interface::Wasix => (Toolchain, "WASIX"),
                _ => continue,
            };
            evidence.add(kind, what, 60, format!("imports from {}", used.namespace));
        }
        if module.customs.go {
            evidence.add(Language, "Go", 90, "section go:buildid".into());
        }
        if module.customs.dependencies.is_some() {
            evidence.add(Language, "Rust", 90, "section .dep-v0".into());
        }
        if module.customs.dynamic {
            evidence.add(Toolchain, "wasm-ld", 50, "section dylink".into());
        }
        evidence
    }

    /// `seen`: the clues that were found already; one of each is enough.
    fn name(&mut self, name: &str, what: &str, seen: &mut [bool]) {
        let Some(matcher) = MATCHER.as_ref() else { return };
        // Names may be megabytes long; what tells stands near their beginning.
        let head = name.as_bytes().get(..256).unwrap_or(name.as_bytes());
        for found in matcher.find_overlapping_iter(head) {
            let n = found.pattern().as_usize();
            let (place, _, kind, speaks_for, weight) = NAMES[n];
            let fits = match place {
                Start => found.start() == 0,
                Whole => found.start() == 0 && found.end() == name.len(),
                Inside => true,
            };
            if fits && !seen[n] {
                seen[n] = true;
                self.add(kind, speaks_for, weight, format!("{what} {}", crate::text::name(name)));
            }
        }
    }

    fn add(&mut self, kind: Kind, what: &'static str, weight: u8, text: String) {
        self.clues.entry((kind, what)).or_default().push((weight, text));
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.clues.keys().any(|(k, _)| *k == kind)
    }

    /// What is recognised of a kind, the surest first.
    pub(crate) fn recognised(&self, kind: Kind) -> Vec<Recognised> {
        let clues = self.clues.iter().filter(|((k, _), _)| *k == kind);
        let mut list: Vec<Recognised> = clues
            .map(|((_, name), clues)| Recognised {
                name: (*name).to_owned(),
                confidence: Confidence::combine(clues.iter().map(|(weight, _)| Confidence::percent(*weight))),
                evidence: clues.iter().map(|(_, text)| text.clone()).collect(),
            })
            .collect();
        list.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.name.cmp(&b.name)));
        list
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin { languages: self.recognised(Language), toolchains: self.recognised(Toolchain) }
    }
}
