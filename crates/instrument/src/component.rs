//! Components: every core module in them is rewritten where it stands.
//!
//! A component's own sections refer to core modules by index and to their exports by name, and neither changes. Only the
//! sizes around a module do (<https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md>).

use crate::error::Refused;
use crate::plan::Plan;
use crate::rewrite;
use crate::{Instrumented, OffsetMap, Report};
use std::ops::Range;
use wasm_encoder::Encode;
use wasmparser::{BinaryReader, Validator, WasmFeatures};

/// Nested deeper than this, a component is refused.
const DEEPEST: usize = 100;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
/// Magic, and the version with the layer.
const HEAD: usize = 8;

/// An instrumented component.
#[derive(Debug)]
pub struct Component {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its core modules, in the order in which they stand in the file.
    pub modules: Vec<Nested>,
}

/// What was done to a core module of a component.
#[derive(Debug)]
pub struct Nested {
    /// Where it stood in the original file. Offsets in its map are counted from its begin.
    pub original: Range<usize>,
    /// `None`: it was left as it was.
    pub report: Option<Report>,
    /// Where its code went.
    pub map: Option<OffsetMap>,
    /// Passes that found nothing to do in it, or why it was left as it was.
    pub skipped: Vec<Refused>,
}

/// Whether bytes begin as a component does.
pub fn is_component(bytes: &[u8]) -> bool {
    bytes.get(..HEAD).is_some_and(|head| head == b"\0asm\x0d\0\x01\0")
}

/// Instruments every core module of a component.
///
/// `plan` is asked for each module, because passes remember what they see. What one pass needs and a module does not have
/// (a stack pointer, an allocator) makes it skip that module; it is an error if no module has it.
///
/// # Errors
///
/// See [`Refused`]. Nothing is made then.
pub fn instrument_component(
    bytes: &[u8],
    plan: &mut dyn FnMut() -> Result<Plan, Refused>,
) -> Result<Component, Refused> {
    let mut walk = Walk { plan, modules: Vec::new() };
    let made = walk.component(bytes, 0, 0)?;
    for pass in &(walk.plan)()?.passes {
        let skips = |nested: &Nested| {
            let skips =
                |reason: &Refused| matches!(reason, Refused::Pass { pass: p, .. } if p == pass.name());
            nested.report.is_none() || nested.skipped.iter().any(skips)
        };
        if walk.modules.iter().all(skips) {
            let reasons = walk.modules.into_iter().flat_map(|nested| nested.skipped);
            let most = reasons
                .max_by_key(|reason| matches!(reason, Refused::Pass { pass: p, .. } if p == pass.name()));
            return Err(
                most.unwrap_or_else(|| Refused::Unsupported("a component without core modules".into()))
            );
        }
    }
    let validate = |bytes| Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
    if let Err(error) = validate(&made) {
        return Err(match validate(bytes) {
            Err(original) => Refused::Invalid(original.to_string()),
            Ok(_) => Refused::Defect(error.to_string()),
        });
    }
    Ok(Component { bytes: made, modules: walk.modules })
}

struct Walk<'p> {
    plan: &'p mut dyn FnMut() -> Result<Plan, Refused>,
    modules: Vec<Nested>,
}

impl Walk<'_> {
    fn component(&mut self, bytes: &[u8], base: usize, depth: usize) -> Result<Vec<u8>, Refused> {
        if depth > DEEPEST {
            let (count, limit) = (depth as u64, DEEPEST as u64);
            return Err(Refused::TooMany { what: "components within each other", count, limit });
        }
        let mut out = Vec::with_capacity(bytes.len() * 2);
        out.extend_from_slice(bytes.get(..HEAD).unwrap_or_default());
        let mut reader = BinaryReader::new(bytes.get(HEAD..).unwrap_or_default(), (base + HEAD) as u64);
        while !reader.eof() {
            let id = reader.read_u8()?;
            let size = reader.read_var_u32()?;
            let at = reader.original_position() as usize;
            let content = reader.read_bytes(size as usize)?;
            out.push(id);
            match id {
                CORE_MODULE => self.module(content, at)?.as_slice().encode(&mut out),
                COMPONENT => self.component(content, at, depth + 1)?.as_slice().encode(&mut out),
                _ => content.encode(&mut out),
            }
        }
        Ok(out)
    }

    fn module(&mut self, bytes: &[u8], at: usize) -> Result<Vec<u8>, Refused> {
        let mut nested =
            Nested { original: at..at + bytes.len(), report: None, map: None, skipped: Vec::new() };
        let made = loop {
            let mut plan = (self.plan)()?;
            let skips = |name: &str| {
                nested
                    .skipped
                    .iter()
                    .any(|reason| matches!(reason, Refused::Pass { pass, .. } if pass == name))
            };
            plan.passes.retain(|pass| !skips(pass.name()));
            if plan.passes.is_empty() {
                break None;
            }
            match rewrite::core(bytes, &mut plan) {
                Ok(Instrumented { bytes, report, map }) => {
                    nested.report = Some(report);
                    nested.map = Some(map);
                    break Some(bytes);
                }
                Err(reason @ Refused::Pass { .. }) => nested.skipped.push(reason),
                // Another module may have the function that was asked for.
                Err(reason @ Refused::UnknownFunction { .. }) => {
                    nested.skipped.push(reason);
                    break None;
                }
                Err(reason) => return Err(reason),
            }
        };
        self.modules.push(nested);
        Ok(made.unwrap_or_else(|| bytes.to_vec()))
    }
}
