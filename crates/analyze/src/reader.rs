//! The whole file: what it is, its modules and components, whether it is valid.

use crate::component::ComponentReader;
use crate::facts::{Facts, Kind, Problem, ProblemKind, Validation};
use crate::limits::{Budget, DEPTH, GROUP_TYPES, MODULES, VALIDATED_ITEMS};
use crate::links::{Definition, Left, Linkable, Wiring, linked};
use crate::module::ModuleReader;
use crate::{AnalyzeError, CallGraph, Capabilities, ErrorKind, Options, text, types};
use wasmparser::{
    Encoding, FuncToValidate, FuncValidator, FuncValidatorAllocations, Parser, Payload, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};
use wasmscope_model::Sha256;

/// Reads everything that the bytes of a module or component tell.
///
/// Takes less than a second for each MiB and memory of at most three times `bytes` plus 64 MiB.
///
/// # Errors
///
/// If `bytes` are no WebAssembly in binary form, or their structure is broken. A module that is merely not valid is
/// no error: [`Facts::validation`] tells.
pub fn analyze(bytes: &[u8], options: &Options) -> Result<Facts, AnalyzeError> {
    FileReader::new(bytes, options, false).read().map(|(facts, _)| facts)
}

/// Like [`analyze`], and gives the call graph of each of [`Facts::modules`]: `None` where none was made.
///
/// # Errors
///
/// As [`analyze`].
pub fn analyze_with_graphs(
    bytes: &[u8],
    options: &Options,
) -> Result<(Facts, Vec<Option<CallGraph>>), AnalyzeError> {
    FileReader::new(bytes, options, true).read()
}

struct FileReader<'a, 'o> {
    bytes: &'a [u8],
    options: &'o Options,
    keep_graphs: bool,
    budget: Budget,
    validation: Checker,
    /// Components that are open, the outermost first.
    open: Vec<ComponentReader<'a>>,
    module: Option<ModuleReader<'a>>,
    facts: Facts,
    graphs: Vec<Option<CallGraph>>,
    /// By the number of the module.
    linkables: Vec<Linkable<'a>>,
    /// By the number of the component.
    wirings: Vec<Wiring<'a>>,
    definitions: Left,
}

/// ELF, 64 bit, little endian, and OSABI 200, which Wasmtime uses for compiled modules
/// (`ELFOSABI_WASMTIME`, wasmtime-environ `src/obj.rs`).
const CWASM: &[u8] = b"\x7fELF\x02\x01\x01\xc8";

fn refuse(bytes: &[u8]) -> Result<(), AnalyzeError> {
    let (kind, reason) = if bytes.starts_with(b"\0asm") {
        return Ok(());
    } else if bytes.starts_with(CWASM) {
        (
            ErrorKind::Precompiled,
            "precompiled by Wasmtime (.cwasm): native code, the Wasm is gone; scan the module it was made from",
        )
    } else if bytes.starts_with(b"\0aot") {
        (
            ErrorKind::Precompiled,
            "precompiled for WAMR (.aot): native code, the Wasm is gone; scan the module it was made from",
        )
    } else {
        let start = bytes.trim_ascii_start();
        let looks =
            [&b"(module"[..], b"(component", b";;", b"(;"].iter().any(|begin| start.starts_with(begin));
        match looks {
            true => (ErrorKind::Text, "WebAssembly text: convert it to binary first"),
            false => (ErrorKind::NotWasm, "neither a WebAssembly module nor a component"),
        }
    };
    Err(AnalyzeError::new(0, kind, reason))
}

impl<'a, 'o> FileReader<'a, 'o> {
    fn new(bytes: &'a [u8], options: &'o Options, keep_graphs: bool) -> Self {
        Self {
            bytes,
            options,
            keep_graphs,
            budget: Budget::new(),
            validation: Checker::new(options.validate),
            open: Vec::new(),
            module: None,
            facts: Facts {
                kind: Kind::Module,
                sha256: Sha256([0; 32]),
                size: bytes.len() as u64,
                validation: Validation { valid: false, error: None },
                capabilities: Capabilities::NONE,
                modules: Vec::new(),
                components: Vec::new(),
                module_count: 0,
                linked: None,
                problems: Vec::new(),
            },
            graphs: Vec::new(),
            linkables: Vec::new(),
            wirings: Vec::new(),
            definitions: Left::default(),
        }
    }

    fn read(mut self) -> Result<(Facts, Vec<Option<CallGraph>>), AnalyzeError> {
        refuse(self.bytes)?;
        for payload in Parser::new(0).parse_all(self.bytes) {
            let payload = payload?;
            let more = self.count(&payload)?;
            let checked = self.validation.check(&payload, more);
            self.take(payload, checked)?;
        }
        self.link();
        let mut facts = self.facts;
        facts.validation = self.validation.verdict();
        facts.sha256 = match facts.modules.first() {
            // The file is this module: hashed already.
            Some(module) if facts.kind == Kind::Module && module.size == facts.size => module.sha256,
            _ => Sha256::of(self.bytes),
        };
        facts.capabilities = match (facts.components.first(), facts.modules.first()) {
            (Some(component), _) => component.capabilities,
            (None, Some(module)) => module.capabilities,
            (None, None) => Capabilities::NONE,
        };
        Ok((facts, self.graphs))
    }

    /// Follows how the modules of a component are linked.
    fn link(&mut self) {
        let (true, Some(outermost)) = (self.options.reachability, self.facts.components.first()) else {
            return;
        };
        let linked = linked(
            &self.wirings,
            &self.linkables,
            &self.graphs,
            &self.facts.modules,
            outermost,
            self.bytes.len(),
        );
        for reason in self.wirings.iter().filter_map(|wiring| wiring.stopped.as_ref()).take(1) {
            let message = format!("linking: {reason}");
            self.facts.problems.push(Problem { kind: ProblemKind::LeftOut, offset: None, message });
        }
        if linked.not_followed > 0 {
            let message = format!("linking: {} module instances not followed", linked.not_followed);
            self.facts.problems.push(Problem { kind: ProblemKind::LeftOut, offset: None, message });
        }
        self.facts.linked = Some(linked);
        if !self.keep_graphs {
            self.graphs.clear();
        }
    }

    /// How many things a section declares of which the validator keeps each.
    fn count(&self, payload: &Payload<'_>) -> Result<u32, AnalyzeError> {
        Ok(match payload {
            Payload::TypeSection(section) => types::count(section, self.bytes).map_err(|offset| {
                let reason = format!("a recursion group of more than {GROUP_TYPES} types");
                AnalyzeError::new(offset, ErrorKind::Limit, reason)
            })?,
            Payload::ImportSection(section) => section.count(),
            Payload::ExportSection(section) => section.count(),
            _ => 0,
        })
    }

    fn take(&mut self, payload: Payload<'a>, checked: Checked) -> Result<(), AnalyzeError> {
        match payload {
            Payload::CodeSectionEntry(body) => {
                if let Some(module) = &mut self.module {
                    let mut validator = checked.function.map(|f| self.validation.begin(f));
                    let result = module.body(&body, validator.as_mut());
                    self.validation.end(validator, result);
                }
            }
            Payload::Version { encoding: Encoding::Module, range, .. } => self.begin_module(range.start),
            Payload::Version { encoding: Encoding::Component, range, .. } => {
                self.begin_component(range.start)?
            }
            Payload::End(end) => self.end(end, checked.types),
            payload => match (&mut self.module, self.open.last_mut()) {
                (Some(module), _) => module.take(payload, &mut self.budget)?,
                (None, Some(component)) => {
                    component.wiring.take(&payload, self.bytes, &mut self.definitions);
                    component.take(&payload, &mut self.budget)?;
                }
                (None, None) => {}
            },
        }
        Ok(())
    }

    fn begin_module(&mut self, offset: u64) {
        let definition = Definition::Module(self.facts.module_count);
        self.facts.module_count = self.facts.module_count.saturating_add(1);
        let path = match self.open.last_mut() {
            None => "module".to_owned(),
            Some(component) => {
                let path = format!("{}/module[{}]", component.facts.path, component.modules);
                component.modules = component.modules.saturating_add(1);
                component.wiring.push(definition, 0, &mut self.definitions);
                path
            }
        };
        self.module = Some(ModuleReader::new(path, !self.open.is_empty(), offset, self.bytes));
    }

    fn begin_component(&mut self, offset: u64) -> Result<(), AnalyzeError> {
        self.facts.kind = if self.open.is_empty() { Kind::Component } else { self.facts.kind };
        if self.open.len() >= DEPTH {
            let reason = format!("components nested more than {DEPTH} deep");
            return Err(AnalyzeError::new(offset, ErrorKind::Limit, reason));
        }
        let number = self.wirings.len() as u32;
        self.wirings.push(Wiring::default());
        let path = match self.open.last_mut() {
            None => "component".to_owned(),
            Some(outer) => {
                let path = format!("{}/component[{}]", outer.facts.path, outer.components);
                outer.components = outer.components.saturating_add(1);
                outer.wiring.push(Definition::Component(number), 0, &mut self.definitions);
                path
            }
        };
        self.open.push(ComponentReader::new(path, offset, number));
        Ok(())
    }

    fn end(&mut self, end: u64, types: Option<wasmparser::types::Types>) {
        if let Some(module) = self.module.take() {
            if self.facts.modules.len() >= MODULES {
                if self.facts.modules.len() == MODULES && self.facts.module_count as usize == MODULES + 1 {
                    let message = format!("modules: more than {MODULES}");
                    self.facts.problems.push(Problem {
                        kind: ProblemKind::LeftOut,
                        offset: Some(module.offset),
                        message,
                    });
                }
                return;
            }
            let bytes = self.bytes.get(module.offset as usize..end as usize).unwrap_or_default();
            let (facts, graph, linkable) = module.finish(bytes, self.options.reachability, &mut self.budget);
            self.facts.modules.push(facts);
            let nested = !self.open.is_empty();
            if self.keep_graphs || nested {
                self.graphs.push(graph);
            }
            if nested {
                self.linkables.push(linkable);
            }
        } else if let Some(mut component) = self.open.pop() {
            if let (true, Some(types)) = (self.open.is_empty(), &types) {
                component.refine(types.as_ref(), &mut self.budget);
            }
            if let Some(wiring) = self.wirings.get_mut(component.number as usize) {
                *wiring = std::mem::take(&mut component.wiring);
            }
            self.facts.components.push(component.finish());
            if self.open.is_empty() {
                self.facts.components.sort_by_key(|c| c.offset);
            }
        }
    }
}

/// What a payload has after it was checked.
#[derive(Default)]
struct Checked {
    /// A function whose body is to be validated.
    function: Option<FuncToValidate<ValidatorResources>>,
    /// The types, when the outermost module or component ends.
    types: Option<wasmparser::types::Types>,
}

/// The validator, until it finds an error.
struct Checker {
    validator: Option<Validator>,
    allocations: FuncValidatorAllocations,
    items: u32,
    error: Option<Problem>,
}

impl Checker {
    fn new(wanted: bool) -> Self {
        let error = Problem { kind: ProblemKind::LeftOut, offset: None, message: "not asked for".into() };
        Self {
            validator: wanted.then(|| Validator::new_with_features(WasmFeatures::all())),
            allocations: FuncValidatorAllocations::default(),
            items: 0,
            error: (!wanted).then_some(error),
        }
    }

    /// Validates one payload, except for function bodies: they are validated while they are read.
    fn check(&mut self, payload: &Payload<'_>, more: u32) -> Checked {
        let Some(validator) = self.validator.as_mut() else { return Checked::default() };
        self.items = self.items.saturating_add(more);
        if self.items > VALIDATED_ITEMS {
            let message = format!("not validated: more than {VALIDATED_ITEMS} types, imports and exports");
            self.error = Some(Problem { kind: ProblemKind::LeftOut, offset: None, message });
            self.validator = None;
            return Checked::default();
        }
        match validator.payload(payload) {
            Ok(ValidPayload::Func(function, _)) => Checked { function: Some(function), types: None },
            Ok(ValidPayload::End(types)) => Checked { function: None, types: Some(types) },
            Ok(_) => Checked::default(),
            Err(error) => {
                self.fail(&error);
                Checked::default()
            }
        }
    }

    fn begin(&mut self, function: FuncToValidate<ValidatorResources>) -> FuncValidator<ValidatorResources> {
        function.into_validator(std::mem::take(&mut self.allocations))
    }

    fn end(&mut self, function: Option<FuncValidator<ValidatorResources>>, result: wasmparser::Result<()>) {
        if let Some(function) = function {
            self.allocations = function.into_allocations();
        }
        if let Err(error) = result {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &wasmparser::BinaryReaderError) {
        let message = text::message(error);
        self.error = Some(Problem { kind: ProblemKind::Invalid, offset: Some(error.offset()), message });
        self.validator = None;
    }

    fn verdict(self) -> Validation {
        Validation { valid: self.error.is_none(), error: self.error }
    }
}
