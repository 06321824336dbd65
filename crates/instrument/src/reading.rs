//! Results read from outside: from the memory of an instrumented module, wherever somebody got its bytes from.
//!
//! All of it is the guest's to write: the memory is its own, and any module can carry the magic. So everything is bounded,
//! and what does not fit is an error, never a number made up.

use crate::{
    results::{MAGIC, Region, Schema, VERSION},
    violation::{KEPT, RECORD_BYTES},
};
use std::ops::Range;

/// Bytes to read first, from the memory's begin.
pub const HEAD_BYTES: usize = 72;
/// Largest schema that is read, bytes.
pub const MOST_SCHEMA_BYTES: u32 = 4 << 20;
/// Most bytes that [`Layout::spans`] ask for together.
pub const MOST_BYTES: u64 = 4 << 20;
/// Most results told.
pub const MOST_RESULTS: usize = 1024;
/// Longest name of a result, bytes.
pub const MOST_NAME_BYTES: usize = 256;

/// What the head of a memory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Address of the schema.
    pub schema_at: u32,
    /// Its length, bytes.
    pub schema_bytes: u32,
}

/// Why a memory that has the magic cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It comes from another version of this crate.
    #[error("layout version {0}; this wasmscope reads {VERSION}")]
    Version(u32),
    /// It says of itself what cannot be.
    #[error("{0}")]
    Nonsense(&'static str),
    /// The schema is no schema.
    #[error("the schema is none: {0}")]
    Schema(String),
}

/// Where results are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    schema: Schema,
    spans: Vec<Range<u32>>,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Results by name, in the schema's order. Those that only the guest's own getter can compute are left out.
    pub results: Vec<(String, u64)>,
    /// The first violations.
    pub violations: Vec<Violation>,
}

/// A violation of what a pass checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What was wrong, in the pass's words.
    pub kind: String,
    /// Function index in the original module.
    pub function: u32,
    /// Byte offset in the original module.
    pub offset: u32,
    /// What the pass saw: an address, a value.
    pub value: u64,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn wide(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

impl Head {
    /// Reads the first [`HEAD_BYTES`] of a memory; `None` if it is not one of an instrumented module's.
    ///
    /// # Errors
    /// It has the magic, and what follows cannot be.
    pub fn read(bytes: &[u8]) -> Option<Result<Self, Unreadable>> {
        if bytes.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        let (version, used) = (word(bytes, 16)?, word(bytes, 24)?);
        let head = Self { schema_at: word(bytes, 28)?, schema_bytes: word(bytes, 32)? };
        Some(match () {
            () if version != VERSION => Err(Unreadable::Version(version)),
            () if head.schema_bytes > MOST_SCHEMA_BYTES => {
                Err(Unreadable::Nonsense("its schema is too large"))
            }
            () if head.schema_at.checked_add(head.schema_bytes).is_none_or(|end| end > used) => {
                Err(Unreadable::Nonsense("its schema lies outside of it"))
            }
            () => Ok(head),
        })
    }
}

impl Layout {
    /// Reads the schema's bytes.
    ///
    /// # Errors
    /// They are no schema, or describe more than is read.
    pub fn parse(schema: &[u8]) -> Result<Self, Unreadable> {
        let mut schema: Schema =
            serde_json::from_slice(schema).map_err(|error| Unreadable::Schema(error.to_string()))?;
        schema.results.truncate(MOST_RESULTS);
        for result in &mut schema.results {
            let end = result.name.floor_char_boundary(MOST_NAME_BYTES);
            result.name.truncate(end);
        }
        let end =
            |at: u32, bytes: u32| at.checked_add(bytes).ok_or(Unreadable::Nonsense("an address has no end"));
        let mut spans = Vec::new();
        for at in schema.results.iter().filter_map(|result| result.at) {
            spans.push(at..end(at, 8)?);
        }
        for region in &schema.regions {
            if let Region::PerFunction { at, functions, .. } = region {
                spans.push(*at..end(*at, cells(functions)?)?);
            }
            let Region::Mixes(mixes) = region else { continue };
            if (mixes.stride as usize) < 8 + 2 * mixes.classes.len() {
                return Err(Unreadable::Nonsense("a record is smaller than what it holds"));
            }
            for (at, count) in &mixes.chunks {
                let bytes =
                    mixes.stride.checked_mul(*count).ok_or(Unreadable::Nonsense("a region has no end"))?;
                spans.push(*at..end(*at, bytes)?);
            }
        }
        if let Some([at, count, bytes]) = schema.records {
            if count > KEPT || bytes != RECORD_BYTES {
                return Err(Unreadable::Nonsense("its records of violations are others"));
            }
            spans.push(at..end(at, count * bytes)?);
        }
        let spans = merged(spans);
        if spans.iter().map(|span| u64::from(span.end - span.start)).sum::<u64>() > MOST_BYTES {
            return Err(Unreadable::Nonsense("its results are too many to be read from outside"));
        }
        Ok(Self { schema, spans })
    }

    /// The schema, as far as it is used.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What to read of the memory: addresses in order, which do not overlap.
    pub fn spans(&self) -> &[Range<u32>] {
        &self.spans
    }

    /// Makes results of the bytes of each of [`spans`](Self::spans), in their order. Counters of a running guest may be
    /// some instructions apart.
    ///
    /// # Errors
    /// The bytes are not those that were asked for.
    pub fn read(&self, spans: &[Vec<u8>]) -> Result<Reading, Unreadable> {
        const SHORT: Unreadable = Unreadable::Nonsense("it has become smaller");
        let at = |address: u32, bytes: u32| -> Result<&[u8], Unreadable> {
            let n = self.spans.partition_point(|span| span.end <= address);
            let (span, read) = self.spans.get(n).zip(spans.get(n)).ok_or(SHORT)?;
            let from = address.checked_sub(span.start).ok_or(SHORT)? as usize;
            read.get(from..from + bytes as usize).ok_or(SHORT)
        };
        let mut reading = Reading::default();
        for result in &self.schema.results {
            let value = match result.at {
                Some(address) => wide(at(address, 8)?, 0),
                None => match self.total(&result.name, &at)? {
                    Some(total) => Some(total),
                    None => self.mixed(&result.name, &at)?,
                },
            };
            reading.results.extend(value.map(|value| (result.name.clone(), value)));
        }
        if let Some([address, count, bytes]) = self.schema.records {
            let total = reading.results.iter().find(|(name, _)| name == "violations").map_or(0, |(_, n)| *n);
            let records = at(address, count * bytes)?.chunks_exact(bytes as usize);
            let kept = records.take(usize::try_from(total).unwrap_or(usize::MAX));
            reading.violations.extend(kept.filter_map(|record| self.violation(record)));
        }
        Ok(reading)
    }

    /// A result that is the sum of one number for each function.
    fn total<'a>(
        &self,
        name: &str,
        at: &impl Fn(u32, u32) -> Result<&'a [u8], Unreadable>,
    ) -> Result<Option<u64>, Unreadable> {
        let Some(group) = name.strip_suffix(".total") else { return Ok(None) };
        for region in &self.schema.regions {
            if let Region::PerFunction { name, at: address, functions } = region
                && name == group
            {
                let numbers = at(*address, cells(functions)?)?.chunks_exact(8);
                return Ok(Some(
                    numbers.fold(0, |sum, number| sum.wrapping_add(wide(number, 0).unwrap_or(0))),
                ));
            }
        }
        Ok(None)
    }

    /// A result that is the sum of counters times weights.
    fn mixed<'a>(
        &self,
        name: &str,
        at: &impl Fn(u32, u32) -> Result<&'a [u8], Unreadable>,
    ) -> Result<Option<u64>, Unreadable> {
        let Some((group, class)) = name.rsplit_once('.') else { return Ok(None) };
        for region in &self.schema.regions {
            let Region::Mixes(mixes) = region else { continue };
            let Some(n) = mixes.classes.iter().position(|c| c == class).filter(|_| mixes.name == group)
            else {
                continue;
            };
            let mut sum = 0_u64;
            for (address, count) in &mixes.chunks {
                let records = at(*address, mixes.stride * count)?;
                for record in records.chunks_exact(mixes.stride as usize) {
                    let weight =
                        record.get(8 + 2 * n..10 + 2 * n).map_or(0, |w| u16::from_le_bytes([w[0], w[1]]));
                    let count = wide(record, 0).unwrap_or(0);
                    sum = sum.wrapping_add(count.wrapping_mul(weight.into()));
                }
            }
            return Ok(Some(sum));
        }
        Ok(None)
    }

    fn violation(&self, record: &[u8]) -> Option<Violation> {
        let kind = word(record, 0)? as usize;
        let mut kind = self.schema.violations.get(kind)?.clone();
        kind.truncate(kind.floor_char_boundary(MOST_NAME_BYTES));
        Some(Violation {
            kind,
            function: word(record, 4)?,
            offset: word(record, 8)?,
            value: wide(record, 16)?,
        })
    }
}

/// Bytes of one number for each function of the runs.
fn cells(functions: &[[u32; 2]]) -> Result<u32, Unreadable> {
    let count = functions.iter().try_fold(0_u32, |sum, [_, count]| sum.checked_add(*count));
    count.and_then(|count| count.checked_mul(8)).ok_or(Unreadable::Nonsense("a region has no end"))
}

/// In order, without overlaps; what lies close together as one.
fn merged(mut spans: Vec<Range<u32>>) -> Vec<Range<u32>> {
    const CLOSE: u32 = 256;
    spans.retain(|span| !span.is_empty());
    spans.sort_by_key(|span| span.start);
    let mut out: Vec<Range<u32>> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end.saturating_add(CLOSE) => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Settings, instrument, passes};
    use wasmtime::{Engine, Instance, Module, Store};

    const LOOP: &str = r#"(module (memory (export "memory") 1) (func $f (param i32) (result i32)
        (local $i i32)
        (loop $again
            (i32.store8 (local.get $i) (local.get $i))
            (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
        (local.get $i)) (export "f" (func $f)))"#;

    #[test]
    fn outside_reads_what_the_getters_give() {
        let module = wat::parse_str(LOOP).unwrap();
        let named = |name| passes::named(name, &Settings::default()).unwrap();
        let plan = Plan { passes: ["calls", "instructions", "memory"].map(named).into(), ..Plan::default() };
        let instrumented = instrument(&module, plan).unwrap();
        let engine = Engine::default();
        let module = Module::new(&engine, &instrumented.bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
        assert_eq!(f.call(&mut store, 1000).unwrap(), 1000);

        let memory = instance.get_memory(&mut store, "wasmscope.memory").unwrap();
        let bytes = memory.data(&store).to_vec();
        let head = Head::read(&bytes[..HEAD_BYTES]).unwrap().unwrap();
        let schema = &bytes[head.schema_at as usize..][..head.schema_bytes as usize];
        let layout = Layout::parse(schema).unwrap();
        let spans: Vec<_> =
            layout.spans().iter().map(|s| bytes[s.start as usize..s.end as usize].to_vec()).collect();
        let reading = layout.read(&spans).unwrap();

        let get = instance.get_typed_func::<i32, i64>(&mut store, "wasmscope.result").unwrap();

        let mut read = reading.results.iter().peekable();
        for (n, named) in layout.schema().results.iter().enumerate() {
            let Some((name, value)) = read.next_if(|(name, _)| *name == named.name) else { continue };
            assert_eq!(get.call(&mut store, n as i32).unwrap() as u64, *value, "{name}");
        }
        assert!(
            read.next().is_none() && reading.results.len() + 1 >= layout.schema().results.len(),
            "{reading:?}"
        );
        let stores = reading.results.iter().find(|(name, _)| name == "memory.stores").unwrap();
        assert_eq!(stores.1, 1000);
        assert_eq!(layout.read(&spans[1..]), Err(Unreadable::Nonsense("it has become smaller")));
    }

    #[test]
    fn forged_heads_and_schemas_are_errors() {
        let mut head = vec![0_u8; HEAD_BYTES];
        assert_eq!(Head::read(&head), None);
        assert_eq!(Head::read(&MAGIC), None, "too short to say anything");
        head[..16].copy_from_slice(&MAGIC);
        assert_eq!(Head::read(&head), Some(Err(Unreadable::Version(0))));
        head[16] = 1;
        head[28..36].copy_from_slice(&[0xff; 8]);
        assert!(matches!(Head::read(&head), Some(Err(Unreadable::Nonsense(_)))));
        assert!(matches!(Layout::parse(b"{}"), Err(Unreadable::Schema(_))));
        let forged = |part: &str| {
            format!(
                r#"{{"version":1,"original":"","storage":"memory","passes":[],"violations":[],"on_violation":"trap",{part}}}"#
            )
        };
        for part in [
            r#""results":[{"name":"a","at":4294967295}],"regions":[]"#,
            r#""results":[],"regions":[{"kind":"mixes","name":"a","classes":["b"],"stride":4294967295,"chunks":[[0,4294967295]]}]"#,
            r#""results":[],"regions":[{"kind":"mixes","name":"a","classes":["b"],"stride":1,"chunks":[]}]"#,
            r#""results":[],"regions":[{"kind":"mixes","name":"a","classes":["b"],"stride":16,"chunks":[[0,100000000]]}]"#,
            r#""results":[],"regions":[{"kind":"per_function","name":"a","at":8,"functions":[[0,4294967295],[0,1]]}]"#,
            r#""results":[],"regions":[{"kind":"per_function","name":"a","at":8,"functions":[[0,536870911]]}]"#,
            r#""results":[],"regions":[],"records":[0,4294967295,24]"#,
        ] {
            assert!(matches!(Layout::parse(forged(part).as_bytes()), Err(Unreadable::Nonsense(_))), "{part}");
        }
    }
}
