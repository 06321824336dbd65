//! The name section: kept, and extended by what is new.

use crate::additions::Additions;
use crate::code::Place;
use crate::module::{Module, Section};
use wasm_encoder::{Encode, NameMap};
use wasmparser::BinaryReader;

const FUNCTIONS: u8 = 1;
const LOCALS: u8 = 2;
const LABELS: u8 = 3;
const MEMORIES: u8 = 6;

/// The content of a custom section with the original's names and ours.
pub(crate) fn section(old: &Section<'_>, module: &Module<'_>, additions: &Additions) -> Vec<u8> {
    let mut content = head();
    let mut waiting = ours(module, additions);
    for (id, bytes) in subsections(old) {
        // Subsections stand in the order of their ids.
        while waiting.first().is_some_and(|(ours, _)| *ours < id) {
            let (ours, names) = waiting.remove(0);
            put(&mut content, ours, &joined(&[], &names));
        }
        let added = match waiting.first() {
            Some((ours, _)) if *ours == id => waiting.remove(0).1,
            _ => Vec::new(),
        };
        let shifted = !additions.imports.is_empty();
        match id {
            FUNCTIONS if shifted => put(&mut content, id, &joined(&functions(bytes, additions), &added)),
            LOCALS | LABELS if shifted => {
                put(&mut content, id, &indirect(bytes, additions));
            }
            _ if added.is_empty() => put(&mut content, id, bytes),
            _ => put(&mut content, id, &joined(bytes, &added)),
        }
    }
    for (id, names) in waiting {
        put(&mut content, id, &joined(&[], &names));
    }
    content
}

/// The content of a custom section with only our names.
pub(crate) fn new(module: &Module<'_>, additions: &Additions) -> Vec<u8> {
    let mut content = head();
    for (id, names) in ours(module, additions) {
        put(&mut content, id, &joined(&[], &names));
    }
    content
}

fn head() -> Vec<u8> {
    let mut content = Vec::new();
    "name".encode(&mut content);
    content
}

type Named = Vec<(u32, String)>;

fn ours(module: &Module<'_>, additions: &Additions) -> Vec<(u8, Named)> {
    let mut functions: Named = additions
        .imports
        .iter()
        .enumerate()
        .map(|(n, import)| {
            let index = module.imported_functions() + n as u32;
            (index, format!("{}.{}", import.module, import.name))
        })
        .collect();
    functions.extend(
        additions.functions.iter().enumerate().map(|(n, f)| (additions.new_function(n), f.name.clone())),
    );
    let mut ours = vec![(FUNCTIONS, functions)];
    if let Place::Memory { index } = additions.place {
        ours.push((MEMORIES, vec![(index, "wasmscope.memory".to_owned())]));
    }
    ours
}

fn put(content: &mut Vec<u8>, id: u8, bytes: &[u8]) {
    content.push(id);
    bytes.encode(content);
}

fn subsections<'a>(section: &Section<'a>) -> Vec<(u8, &'a [u8])> {
    let mut found = Vec::new();
    let mut reader = BinaryReader::new(section.content, 0);
    let Ok(_) = reader.read_string() else { return found };
    while !reader.eof() {
        let Ok(id) = reader.read_u8() else { break };
        let Ok(size) = reader.read_var_u32() else { break };
        let Ok(bytes) = reader.read_bytes(size as usize) else { break };
        found.push((id, bytes));
    }
    found
}

/// A map of names as it was, and more at its end, sorted by index.
fn joined(old: &[u8], added: &[(u32, String)]) -> Vec<u8> {
    let mut names: Vec<(u32, &str)> = read(old);
    names.extend(added.iter().map(|(index, name)| (*index, name.as_str())));
    names.sort_by_key(|(index, _)| *index);
    names.dedup_by_key(|(index, _)| *index);
    encode(&names)
}

fn encode(names: &[(u32, &str)]) -> Vec<u8> {
    let mut map = NameMap::new();
    names.iter().for_each(|(index, name)| map.append(*index, name));
    let mut bytes = Vec::new();
    map.encode(&mut bytes);
    bytes
}

fn read(bytes: &[u8]) -> Vec<(u32, &str)> {
    let mut names = Vec::new();
    let mut reader = BinaryReader::new(bytes, 0);
    let Ok(count) = reader.read_var_u32() else { return names };
    for _ in 0..count {
        let (Ok(index), Ok(name)) = (reader.read_var_u32(), reader.read_unlimited_string()) else { break };
        names.push((index, name));
    }
    names
}

fn functions(bytes: &[u8], additions: &Additions) -> Vec<u8> {
    let names: Vec<_> =
        read(bytes).into_iter().map(|(index, name)| (additions.function_index(index), name)).collect();
    encode(&names)
}

/// Names of locals or labels by function; as much as can be read.
fn indirect(bytes: &[u8], additions: &Additions) -> Vec<u8> {
    let mut reader = BinaryReader::new(bytes, 0);
    let mut made = wasm_encoder::IndirectNameMap::new();
    let count = reader.read_var_u32().unwrap_or_default();
    for _ in 0..count {
        let (Ok(function), Ok(names)) = (reader.read_var_u32(), reader.read_var_u32()) else { break };
        let mut map = NameMap::new();
        for _ in 0..names {
            let (Ok(index), Ok(name)) = (reader.read_var_u32(), reader.read_unlimited_string()) else {
                break;
            };
            map.append(index, name);
        }
        made.append(additions.function_index(function), &map);
    }
    let mut bytes = Vec::new();
    made.encode(&mut bytes);
    bytes
}
