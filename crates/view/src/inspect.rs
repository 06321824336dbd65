//! `inspect`: everything about one workload.

use crate::{runtime, table::place};
use wasmscope_model::{
    Function, ImageKind, LimitSource, ModuleOrigin, Verdict, Workload,
    text::{bytes, shown, shown_within},
};

/// Characters of a function's name that are shown.
const NAME_CHARS: usize = 80;

/// Functions of one image, and how many there are in all.
#[derive(Debug, Clone)]
pub struct ImageFunctions {
    /// Those to show; [`CodeImage::functions`](wasmscope_model::CodeImage) says how many there are.
    pub functions: Vec<Function>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// What an instrumented module counts of itself.
#[derive(Debug, Clone)]
pub struct Counted<'a> {
    /// Address of the memory that holds it.
    pub memory: u64,
    /// SHA-256 of the module before it was instrumented.
    pub original: &'a str,
    /// What was put into it.
    pub passes: &'a [String],
    /// Its numbers by name.
    pub results: &'a [(String, u64)],
    /// Kind, function, offset in the original module, value.
    pub violations: Vec<(&'a str, u32, u32, u64)>,
}

/// A section of the page, for one instrumented module.
pub fn counted(counted: &Counted<'_>) -> String {
    let mut page = Page(String::new());
    page.section(&format!("Counted by the module itself, at 0x{:x}", counted.memory));
    page.row("passes", shown(&counted.passes.join(", ")).to_string());
    page.row("original", format!("sha256:{}", shown_within(counted.original, 64)));
    for (name, value) in counted.results {
        page.0 += &format!("  {value:>20}  {}\n", shown_within(name, NAME_CHARS));
    }
    for (kind, function, offset, value) in &counted.violations {
        page.0 += &format!(
            "  VIOLATION {} in function {function} at {offset:#x}: {value:#x}\n",
            shown_within(kind, NAME_CHARS)
        );
    }
    page.0
}

/// A page about `workload`; `functions` has one entry per code image.
pub fn page(workload: &Workload, functions: &[ImageFunctions]) -> String {
    let mut page = Page(String::new());
    heading(&mut page, workload);
    evidence(&mut page, workload);
    modules(&mut page, workload);
    memories(&mut page, workload);
    for (image, functions) in workload.images.iter().zip(functions) {
        page.section(&format!("Code image at 0x{:x}", image.base));
        page.row("kind", kind(image.kind));
        page.row(
            "compiled by",
            image.engine_version.as_deref().map_or("unknown".into(), |v| shown(v).to_string()),
        );
        page.row(
            "size",
            format!(
                "{}, {} of it code at 0x{:x}",
                bytes(image.size_bytes),
                bytes(image.text_bytes),
                image.text_base
            ),
        );
        page.row("holds", format!("{} module(s), {} functions", image.modules, image.functions));
        if let Some(file) = &image.file {
            page.row("file", shown(file).to_string());
        }
        let later = functions.problems.iter().filter(|p| !image.problems.contains(p));
        for problem in image.problems.iter().chain(later) {
            page.row("problem", shown(problem).to_string());
        }
        list_functions(&mut page, &functions.functions, image.functions as usize, image.modules > 1);
    }
    if !workload.unknown.is_empty() {
        page.section("Not known");
        for item in &workload.unknown {
            page.0 += &format!("  {}\n", shown(item));
        }
    }
    page.0
}

struct Page(String);

impl Page {
    fn section(&mut self, title: &str) {
        self.0 += &format!("\n{title}\n");
    }

    fn row(&mut self, name: &str, value: impl AsRef<str>) {
        self.0 += &format!("  {name:<12} {}\n", value.as_ref());
    }
}

fn heading(page: &mut Page, w: &Workload) {
    let what = match w.recognition.verdict {
        Verdict::Workload => format!("runs Wasm in {}", runtime(w)),
        Verdict::Host => format!("{}: a runtime that runs no Wasm now", runtime(w)),
        Verdict::None => "no sign of Wasm".into(),
    };
    page.0 += &format!("Process {}: {what}, sure {}\n", w.pid, w.recognition.confidence);
    page.row("workload", w.id.to_string());
    page.row("executable", w.executable.as_deref().map_or("unknown".into(), |e| shown(e).to_string()));
    page.row("parent", w.parent_pid.to_string());
    page.row("user", w.uid.to_string());
    if let Some(pid) = w.namespace_pid {
        page.row("inner pid", pid.to_string());
    }
    if place(w) != "-" {
        page.row("in", place(w));
    }
}

fn evidence(page: &mut Page, w: &Workload) {
    page.section("Evidence");
    if w.recognition.evidence.is_empty() {
        page.0 += "  none\n";
    }
    for e in &w.recognition.evidence {
        let weight = format!("{}", e.weight);
        let says = e.runtime.as_deref().map(|r| format!("{}: ", shown(r))).unwrap_or_default();
        page.0 += &format!("  {:<12} {weight:>5}  {says}{}\n", e.signal.as_str(), shown(&e.detail));
    }
}

fn modules(page: &mut Page, w: &Workload) {
    if w.modules.is_empty() {
        return;
    }
    page.section("Modules");
    for m in &w.modules {
        let path = m.path.as_deref().map_or("path unknown".into(), |p| shown(p).to_string());
        let name = m.name.as_deref().map(|n| format!(" ({})", shown(n))).unwrap_or_default();
        page.0 += &format!("  {path}{name}\n");
        if let Some(hash) = m.sha256 {
            page.0 += &format!("    sha256 {hash}\n");
        }
        let size = m.size_bytes.map(|s| format!(", {}", bytes(s))).unwrap_or_default();
        page.0 += &format!("    {}{size}\n", origin(m.origin));
    }
}

fn origin(origin: ModuleOrigin) -> &'static str {
    match origin {
        ModuleOrigin::CodeImage => "its functions are those of a code image in memory",
        ModuleOrigin::Mapped => "the process has it mapped",
        ModuleOrigin::Open => "the process has it open",
        ModuleOrigin::Read => "the kernel saw the process read it",
        ModuleOrigin::CommandLine => "named on the command line; not confirmed",
    }
}

fn memories(page: &mut Page, w: &Workload) {
    if w.memories.is_empty() {
        return;
    }
    page.section("Linear memories");
    for m in &w.memories {
        let limit = match (m.limit_bytes, m.limit_source) {
            (Some(limit), Some(LimitSource::Module)) => {
                format!("at most {} (declared by the module)", bytes(limit))
            }
            (Some(limit), _) => format!("at most {} (reserved)", bytes(limit)),
            (None, _) => "no limit known".into(),
        };
        page.0 += &format!("  0x{:<14x} {:>10} now, {limit}\n", m.base, bytes(m.size_bytes));
    }
}

fn kind(kind: ImageKind) -> String {
    match kind {
        ImageKind::Module => "core module".into(),
        ImageKind::Component => "component".into(),
        ImageKind::PulleyModule => "core module, Pulley bytecode".into(),
        ImageKind::PulleyComponent => "component, Pulley bytecode".into(),
        ImageKind::Unknown(flags) => format!("unknown (e_flags {flags:#x})"),
    }
}

fn list_functions(page: &mut Page, functions: &[Function], total: usize, many_modules: bool) {
    if functions.is_empty() {
        return;
    }
    page.0 += &format!("    {:<18} {:>8}  {:>6}  FUNCTION\n", "ADDRESS", "SIZE", "INDEX");
    for f in functions {
        let name = f.name.as_deref().unwrap_or(&f.symbol);
        let module = if many_modules { format!("{}:", f.module_index) } else { String::new() };
        page.0 += &format!(
            "    0x{:<16x} {:>8}  {module}{:>6}  {}\n",
            f.address,
            f.size_bytes,
            f.index,
            shown_within(name, NAME_CHARS)
        );
    }
    if total > functions.len() {
        page.0 += &format!("    … {} more (--functions all)\n", total - functions.len());
    }
}
