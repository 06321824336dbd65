//! Which guest functions led to a call or a fault: addresses from the kernel, names from the process's code images.

use lru::LruCache;
use std::{num::NonZeroUsize, rc::Rc};
use wasmscope_model::{CodeImage, GuestStack, ImageKind, ProcessKey, RawStack, Sha256, activity::Word};
use wasmscope_runtimes::{
    ReadMemory,
    wasmtime::{Chain, Code, CodeTable, KeptTables, guest_stack, guest_stack_from_registers},
};

/// Most bytes of tables kept; those of the modules used last.
const MOST_TABLE_BYTES: usize = 24 << 20;
/// Most tables.
const MOST_TABLES: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Most stacks remembered: a loop asks for the same one again and again.
const MOST_STACKS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Most positions in modules remembered.
const MOST_OFFSETS: NonZeroUsize = NonZeroUsize::new(8192).unwrap();
/// Most functions told of one stack: of endless recursion, the innermost.
const MOST_FRAMES: usize = 64;

/// A table belongs to all images that one compiler made of one module, or to the one image that cannot be told apart.
/// Each compiler lays the functions out differently.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum TableKey {
    Module { symbols: Sha256, text_bytes: u64, version: Option<String>, component: bool },
    Image(ProcessKey, u64),
}

impl TableKey {
    fn of(key: ProcessKey, image: &CodeImage) -> Self {
        match image.symbols_sha256 {
            Some(symbols) => Self::Module {
                symbols,
                text_bytes: image.text_bytes,
                version: image.engine_version.clone(),
                component: image.kind == ImageKind::Component,
            },
            None => Self::Image(key, image.base),
        }
    }
}

/// A process with the code that it has now: other code at the same address means something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Program {
    pub(crate) key: ProcessKey,
    /// Changes with the code ([`crate::Sight::layout`]).
    pub(crate) layout: u64,
}

/// What was learned about a fault.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FaultSight {
    /// The instruction belongs to a guest: a trap.
    pub in_guest: bool,
    /// What the runtime calls it.
    pub trap: Option<Word>,
    /// The functions that led to it, or why they are unknown.
    pub stack: Result<GuestStack, Word>,
}

/// What is known of an image's code.
#[derive(Debug)]
struct Tables {
    code: CodeTable,
    kept: Option<KeptTables>,
}

impl Tables {
    fn bytes(&self) -> usize {
        self.code.bytes() + self.kept.as_ref().map_or(0, KeptTables::bytes)
    }
}

/// Tables, and stacks that were resolved before.
#[derive(Debug)]
pub(crate) struct Stacks {
    tables: LruCache<TableKey, Rc<Tables>>,
    table_bytes: usize,
    resolved: LruCache<(Program, RawStack), Result<GuestStack, Word>>,
    offsets: LruCache<(Program, u64), Option<u32>>,
}

impl Default for Stacks {
    fn default() -> Self {
        Self {
            tables: LruCache::new(MOST_TABLES),
            table_bytes: 0,
            resolved: LruCache::new(MOST_STACKS),
            offsets: LruCache::new(MOST_OFFSETS),
        }
    }
}

impl Stacks {
    /// Reads the tables of all images while the process is there: it may end before it is asked about.
    pub(crate) fn learn<'a>(
        &mut self,
        key: ProcessKey,
        images: impl Iterator<Item = &'a CodeImage>,
        memory: &dyn ReadMemory,
    ) {
        for image in images {
            self.table(key, image, memory);
        }
    }

    fn table(&mut self, key: ProcessKey, image: &CodeImage, memory: &dyn ReadMemory) -> Rc<Tables> {
        let of = TableKey::of(key, image);
        if let Some(table) = self.tables.get(&of) {
            return Rc::clone(table);
        }
        let code = CodeTable::read(image, memory).table;
        let kept = KeptTables::read(image, memory).ok().flatten();
        let table = Rc::new(Tables { code, kept });
        if table.code.is_empty() {
            return table; // nothing could be read: perhaps another time
        }
        self.table_bytes += table.bytes();
        if let Some((_, old)) = self.tables.push(of, Rc::clone(&table)) {
            self.table_bytes -= old.bytes();
        }
        while self.table_bytes > MOST_TABLE_BYTES && self.tables.len() > 1 {
            let (_, old) = self.tables.pop_lru().expect("there is more than one");
            self.table_bytes -= old.bytes();
        }
        table
    }

    /// The functions that led to a system call. The process's images and memory are asked for only where the same stack
    /// was not resolved before: opening a process takes longer than all else that is done for a call.
    pub(crate) fn of_call(
        &mut self,
        key: Program,
        raw: &RawStack,
        open: impl FnOnce() -> (Vec<CodeImage>, Box<dyn ReadMemory>),
    ) -> Result<GuestStack, Word> {
        let asked = (key, raw.clone());
        if let Some(known) = self.resolved.get(&asked) {
            return known.clone();
        }
        let (images, memory) = open();
        let found = self.resolve(key, &images, memory.as_ref(), raw);
        self.resolved.push(asked, found.clone());
        found
    }

    fn resolve(
        &mut self,
        key: Program,
        images: &[CodeImage],
        memory: &dyn ReadMemory,
        raw: &RawStack,
    ) -> Result<GuestStack, Word> {
        let texts = self.texts(key.key, images, memory);
        let find = |address| find(&texts, address);
        guest_stack(&raw.frames, &find, memory)
            .map(|chain| self.name(key, &chain, &texts, raw.cut))
            .map_err(|problem| Word::Owned(problem.to_string()))
    }

    /// What a fault at `ip` means.
    pub(crate) fn of_fault(
        &mut self,
        key: Program,
        images: &[CodeImage],
        memory: &dyn ReadMemory,
        (ip, fp): (u64, u64),
        raw: &RawStack,
    ) -> FaultSight {
        let texts = self.texts(key.key, images, memory);
        let Some((image, tables)) = texts.iter().find(|(image, _)| in_text(image, ip)) else {
            let stack = self.resolve(key, images, memory, raw);
            return FaultSight { in_guest: false, trap: None, stack };
        };
        let trap = tables.kept.as_ref().and_then(|kept| kept.trap_code(ip - image.text_base));
        let find = |address| find(&texts, address);
        let stack = guest_stack_from_registers(ip, fp, &raw.frames, &find)
            .map(|chain| self.name(key, &chain, &texts, raw.cut))
            .map_err(|problem| Word::Owned(problem.to_string()));
        FaultSight { in_guest: true, trap: trap.map(|code| code.name().into()), stack }
    }

    fn texts<'a>(
        &mut self,
        key: ProcessKey,
        images: &'a [CodeImage],
        memory: &dyn ReadMemory,
    ) -> Vec<(&'a CodeImage, Rc<Tables>)> {
        images.iter().map(|image| (image, self.table(key, image, memory))).collect()
    }

    fn name(
        &mut self,
        key: Program,
        chain: &Chain,
        texts: &[(&CodeImage, Rc<Tables>)],
        cut: bool,
    ) -> GuestStack {
        let offsets = std::cell::RefCell::new(&mut self.offsets);
        let offset = |address| {
            let mut offsets = offsets.borrow_mut();
            if let Some(known) = offsets.get(&(key, address)) {
                return *known;
            }
            let (image, tables) = texts.iter().find(|(image, _)| in_text(image, address))?;
            let found = tables.kept.as_ref().and_then(|kept| kept.wasm_offset(address - image.text_base));
            offsets.push((key, address), found);
            found
        };
        let find = |address| find(texts, address);
        let mut stack = chain.resolve(&find, &offset);
        stack.cut |= stack.frames.len() > MOST_FRAMES || (chain.cut && cut);
        stack.frames.truncate(MOST_FRAMES);
        stack
    }
}

fn in_text(image: &CodeImage, address: u64) -> bool {
    address.checked_sub(image.text_base).is_some_and(|offset| offset < image.text_bytes)
}

fn find<'a>(texts: &'a [(&CodeImage, Rc<Tables>)], address: u64) -> Option<Code<'a>> {
    texts.iter().find_map(|(image, tables)| tables.code.code_at(image, address))
}
