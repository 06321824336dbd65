//! What an instrumented module counts of itself, read from its memory by somebody outside.

use lru::LruCache;
use std::num::NonZeroUsize;
use wasmscope_instrument::reading::{HEAD_BYTES, Head, Layout, Reading, Unreadable};
use wasmscope_model::{LinearMemory, ProcessKey};
use wasmscope_runtimes::ReadMemory;

/// Most schemas kept; others are read again.
const MOST_LAYOUTS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// What one instrumented module counted so far. The guest itself wrote all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestCounters {
    /// Native address of the memory that holds it.
    pub memory: u64,
    /// SHA-256 of the module before it was instrumented, hexadecimal.
    pub original: String,
    /// What was put into it.
    pub passes: Vec<String>,
    /// The numbers.
    pub reading: Reading,
}

/// Whether `memory` begins as one that `instrument` appended.
pub(crate) fn is_instrumented(process: &dyn ReadMemory, memory: &LinearMemory) -> bool {
    head(process, memory).is_some()
}

fn head(process: &dyn ReadMemory, memory: &LinearMemory) -> Option<Result<Head, Unreadable>> {
    if memory.size_bytes < HEAD_BYTES as u64 {
        return None;
    }
    let mut bytes = [0; HEAD_BYTES];
    let read = process.read_at(memory.base, &mut bytes).ok()?;
    Head::read(&bytes[..read])
}

/// Reads counters, and remembers where they are.
#[derive(Debug)]
pub struct CounterReader {
    layouts: LruCache<(ProcessKey, u64), Layout>,
}

impl Default for CounterReader {
    fn default() -> Self {
        Self { layouts: LruCache::new(MOST_LAYOUTS) }
    }
}

impl CounterReader {
    /// The counters in those of `memories` that are [instrumented](LinearMemory::instrumented), in their order; of those that
    /// cannot be read the address and the reason.
    pub fn read(
        &mut self,
        key: ProcessKey,
        process: &dyn ReadMemory,
        memories: &[LinearMemory],
    ) -> Vec<Result<GuestCounters, (u64, Unreadable)>> {
        let instrumented = memories.iter().filter(|memory| memory.instrumented);
        instrumented.map(|memory| self.one(key, process, memory).map_err(|why| (memory.base, why))).collect()
    }

    fn one(
        &mut self,
        key: ProcessKey,
        process: &dyn ReadMemory,
        memory: &LinearMemory,
    ) -> Result<GuestCounters, Unreadable> {
        const GONE: Unreadable = Unreadable::Nonsense("it is no longer there");
        let bytes = |at: u32, length: u32| {
            let end = u64::from(at) + u64::from(length);
            let address =
                memory.base.checked_add(at.into()).filter(|_| end <= memory.size_bytes).ok_or(GONE)?;
            let mut bytes = vec![0; length as usize];
            match process.read_at(address, &mut bytes) {
                Ok(read) if read == bytes.len() => Ok(bytes),
                _ => Err(GONE),
            }
        };
        let place = (key, memory.base);
        if !self.layouts.contains(&place) {
            let head = head(process, memory).ok_or(GONE)??;
            let layout = Layout::parse(&bytes(head.schema_at, head.schema_bytes)?)?;
            self.layouts.put(place, layout);
        }
        let layout = self.layouts.get(&place).ok_or(GONE)?;
        let spans = layout.spans().iter().map(|span| bytes(span.start, span.end - span.start));
        let reading = layout.read(&spans.collect::<Result<Vec<_>, _>>()?)?;
        let schema = layout.schema();
        Ok(GuestCounters {
            memory: memory.base,
            original: schema.original.clone(),
            passes: schema.passes.clone(),
            reading,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_instrument::results::MAGIC;
    use wasmscope_model::Pid;
    use wasmscope_runtimes::Segments;

    const KEY: ProcessKey = ProcessKey { pid: Pid(1), start_ticks: 1, exec_stamp: 1 };
    const BASE: u64 = 0x7000_0000;

    /// A memory as `instrument` lays it out.
    fn image(schema: &str, counter: u64) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[..16].copy_from_slice(&MAGIC);
        let used = 128 + schema.len() as u32;
        for (n, word) in [1, 80, used, 128, schema.len() as u32].into_iter().enumerate() {
            bytes[16 + 4 * n..20 + 4 * n].copy_from_slice(&u32::to_le_bytes(word));
        }
        bytes[80..88].copy_from_slice(&counter.to_le_bytes());
        bytes.extend(schema.as_bytes());
        bytes
    }

    fn memory(size_bytes: u64) -> LinearMemory {
        LinearMemory { base: BASE, size_bytes, limit_bytes: None, limit_source: None, instrumented: true }
    }

    fn process(bytes: Vec<u8>) -> Segments<'static> {
        Segments::new().with(BASE, bytes)
    }

    const SCHEMA: &str = r#"{"version":1,"original":"ab","storage":"memory","passes":["calls"],"on_violation":"trap",
        "results":[{"name":"calls.total","at":80}],"regions":[],"violations":[]}"#;

    #[test]
    fn counters_are_read_and_follow_the_guest() {
        let mut reader = CounterReader::default();
        for counter in [7, 8] {
            let bytes = image(SCHEMA, counter);
            let memory = memory(bytes.len() as u64);
            let process = process(bytes);
            assert!(is_instrumented(&process, &memory));
            let read = reader.read(KEY, &process, &[memory]);
            let counters = read[0].as_ref().unwrap();
            assert_eq!(counters.reading.results, [("calls.total".to_owned(), counter)]);
            assert_eq!(
                (counters.original.as_str(), counters.passes.as_slice()),
                ("ab", &["calls".to_owned()][..])
            );
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let mut reader = CounterReader::default();
        let bytes = image(SCHEMA, 1);
        let small = memory(100);
        assert!(
            reader.read(KEY, &process(bytes.clone()), &[small])[0].is_err(),
            "the schema lies beyond its end"
        );
        let whole = memory(bytes.len() as u64);
        assert!(reader.read(KEY, &process(bytes[..100].to_vec()), std::slice::from_ref(&whole))[0].is_err());
        assert!(!is_instrumented(&process(vec![0; 200]), &whole));
        let other = LinearMemory { instrumented: false, ..whole };
        assert!(reader.read(KEY, &process(bytes), &[other]).is_empty());
    }
}
