//! The rewriting: functions one after the other, then the sections around them.
//!
//! Whatever does not change is copied byte by byte, so proposals that no pass knows of survive.

mod customs;
mod function;
mod names;
mod sections;

pub(crate) use function::Spliced;

use crate::additions::Additions;
use crate::body::Decoder;
use crate::edits::{Changes, Edits};
use crate::error::Refused;
use crate::map::{FunctionMap, OffsetMap};
use crate::module::Module;
use crate::passes::Pass;
use crate::plan::{OnViolation, Plan};
use crate::report::Report;
use crate::results::{EXPORTS, Schema};
use crate::violation::CALLBACK;
use crate::{Instrumented, additions::ImportedFunction};
use wasm_encoder::{Encode, ValType};
use wasmparser::{Validator, WasmFeatures};

/// Rewrites a core module.
pub(crate) fn core(bytes: &[u8], plan: &mut Plan) -> Result<Instrumented, Refused> {
    let module = Module::read(bytes)?;
    for export in EXPORTS {
        if module.exports.iter().any(|e| e.name == export) {
            return Err(Refused::Unsupported(format!("it has an export {export:?} already")));
        }
    }
    let selected = plan.selection.functions(&module)?;
    let mut imports: Vec<ImportedFunction> = plan.passes.iter().flat_map(|pass| pass.imports()).collect();
    if plan.on_violation == OnViolation::Call {
        imports.push(ImportedFunction {
            module: CALLBACK.0.into(),
            name: CALLBACK.1.into(),
            params: vec![ValType::I32, ValType::I32, ValType::I32, ValType::I64],
            results: Vec::new(),
        });
    }
    let mut additions = Additions::new(&module, plan.storage, imports, plan.on_violation, selected);
    for pass in &mut plan.passes {
        pass.prepare(&module, &mut additions)?;
    }
    let mut code = functions(&module, &mut plan.passes, &mut additions)?;
    for pass in &mut plan.passes {
        pass.finish(&module, &mut additions)?;
    }
    let getters = additions.getters();
    let passes = plan.passes.iter().map(|pass| pass.name().to_owned()).collect();
    let schema = additions.schema(passes);
    let text = serde_json::to_string(&schema).expect("a schema is plain data");
    if plan.storage == crate::Storage::Memory {
        additions.header(&text);
    }
    additions.check()?;
    let mut sections = sections::Sections::new(&module, &additions, getters, &text);
    let out = sections.write(&mut code)?;
    let dropped = sections.dropped;
    validate(bytes, &out)?;
    let original = schema.original.clone();
    let report = report(&module, additions, dropped, schema, out.len());
    Ok(Instrumented { map: OffsetMap::new(original, &out, code.maps), bytes: out, report })
}

/// The code section, in the making.
#[derive(Debug, Default)]
pub(crate) struct CodeSection {
    /// Bodies with their sizes, of the functions that were there.
    pub(crate) bytes: Vec<u8>,
    pub(crate) moved: Vec<(u32, Vec<u8>)>,
    pub(crate) maps: Vec<FunctionMap>,
}

fn functions(
    module: &Module<'_>,
    passes: &mut [Box<dyn Pass>],
    additions: &mut Additions,
) -> Result<CodeSection, Refused> {
    let mut section = CodeSection::default();
    section.bytes.reserve(module.bytes.len() + module.bytes.len() / 2);
    let (mut decoder, mut changes, mut body_bytes) = (Decoder::default(), Changes::default(), Vec::new());
    let selected = additions.selected().to_vec();
    let mut selected = selected.into_iter().peekable();
    for function in module.imported_functions()..module.functions.len() as u32 {
        let is_selected = selected.next_if_eq(&function).is_some();
        let range = module.body(function).expect("defined");
        let wrapped = additions.wrapped.iter().position(|wrapped| wrapped.function == function);
        let mut map = FunctionMap::new(function, range.clone());
        body_bytes.clear();
        if !is_selected && additions.imports.is_empty() && wrapped.is_none() {
            body_bytes.extend_from_slice(&module.bytes[range.clone()]);
            map.run(range.start, 0);
        } else {
            let frame = decoder.decode(module, function)?;
            changes.clear();
            let body = decoder.body(module, function)?;
            let mut edits = Edits { additions, changes: &mut changes, first_local: frame.locals, function };
            if is_selected {
                passes.iter_mut().for_each(|pass| pass.function(&body, &mut edits));
            }
            let spliced = Spliced { body: &body, frame, to_end: decoder.branches_to_end() };
            spliced.write(&mut changes, additions, &mut body_bytes, &mut map);
        }
        map.len = body_bytes.len();
        match wrapped {
            None => {
                body_bytes.len().encode(&mut section.bytes);
                map.at = section.bytes.len();
                section.bytes.extend_from_slice(&body_bytes);
            }
            Some(at) => {
                // The wrapper is known only when all functions were seen: see `sections`.
                map.moved_to = Some(additions.wrapped[at].moved);
                section.moved.push((function, std::mem::take(&mut body_bytes)));
                map.at = section.bytes.len();
            }
        }
        section.maps.push(map);
    }
    Ok(section)
}

/// Validates what was made; if it is not valid, says whether the original was.
fn validate(original: &[u8], made: &[u8]) -> Result<(), Refused> {
    let validate = |bytes| Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
    let Err(error) = validate(made) else { return Ok(()) };
    match validate(original) {
        Err(original) => Err(Refused::Invalid(original.to_string())),
        Ok(_) => Err(Refused::Defect(error.to_string())),
    }
}

fn report(
    module: &Module<'_>,
    additions: Additions,
    dropped: Vec<String>,
    schema: Schema,
    after: usize,
) -> Report {
    let selected = additions.selected().len();
    Report {
        functions: module.bodies.len(),
        selected,
        bytes_before: module.bytes.len(),
        bytes_after: after,
        needs_multi_memory: schema.storage == "memory" && !module.memories.is_empty(),
        shifted: additions.imports.len(),
        dropped,
        notes: additions.notes,
        schema,
    }
}
