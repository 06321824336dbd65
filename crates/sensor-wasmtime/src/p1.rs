//! Preview 1: core modules that import `wasi_snapshot_preview1`.
//!
//! A host function cannot be wrapped after it was linked, because wasmtime-wasi's need their caller's memory. So each is
//! defined here anew, around the function that wasmtime-wasi would have linked.

use crate::{
    Code, Function, Observe, Outcome, Value,
    describe::flags,
    function::*,
    gate::Denial,
    hooks::Call,
    value::{TEXT_BYTES, Text},
};
use std::borrow::Cow;
use wasmtime::{AsContextMut as _, Caller, Extern};
use wasmtime_wasi::{
    I32Exit,
    filesystem::WasiFilesystemView as _,
    p1::{
        WasiP1Ctx,
        wasi_snapshot_preview1::{self as wasi, WasiSnapshotPreview1 as _},
    },
    p2::bindings::filesystem::{preopens::Host as _, types::HostDescriptor},
    runtime::in_tokio,
};
use wiggle::{GuestMemory, GuestPtr};

include!(concat!(env!("OUT_DIR"), "/preview1.rs"));

/// Most buffers of one call whose lengths are added up. wasmtime-wasi serves the first one that is not empty.
const BUFFERS: u32 = 1024;

/// After the standard streams come the directories that the host opened.
const FIRST_DIRECTORY: u32 = 3;

/// Longest path that is looked at, in bytes; a longer one is judged as unknown.
const PATH_BYTES: u32 = 65_537;

/// Adds all functions of preview 1, observed, for a host that does not use async calls:
/// [`wasmtime_wasi::p1::add_to_linker_sync`] with eyes.
///
/// # Errors
/// As that: the linker has one of these functions already.
pub fn add_to_linker_sync<T: Observe + Send + 'static>(
    linker: &mut wasmtime::Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    link_sync(linker, get)
}

/// Adds all functions of preview 1, observed, for a host with async calls:
/// [`wasmtime_wasi::p1::add_to_linker_async`] with eyes.
///
/// # Errors
/// As that: the linker has one of these functions already.
pub fn add_to_linker_async<T: Observe + Send + 'static>(
    linker: &mut wasmtime::Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    link_async(linker, get)
}

/// What is known of the bytes that a function moves.
#[derive(Clone, Copy)]
enum Moved {
    Nothing,
    /// Its first result is how many the guest got.
    Read,
    /// Its first result is how many the guest gave.
    Written,
    /// The guest got what it asked for.
    Given(u32),
}

/// How a result in memory is read.
#[derive(Clone, Copy)]
enum Kind {
    Handle,
    Word,
    Wide,
    Opaque,
}

/// What a function returns.
trait Returned: Sized {
    /// The return of a refused call.
    fn refused(denial: Denial) -> wasmtime::Result<Self>;

    /// The error that it stands for.
    fn error(&self) -> Option<Code>;
}

impl Returned for i32 {
    fn refused(denial: Denial) -> wasmtime::Result<Self> {
        denial.errno()
    }

    fn error(&self) -> Option<Code> {
        match usize::try_from(*self) {
            Ok(0) => None,
            Ok(errno) => Some(ERRNO.get(errno).copied().unwrap_or(Code::NAMELESS)),
            Err(_) => Some(Code::NAMELESS),
        }
    }
}

impl Returned for () {
    fn refused(denial: Denial) -> wasmtime::Result<Self> {
        Err(denial.trap())
    }

    fn error(&self) -> Option<Code> {
        None
    }
}

/// The memory that the caller exports, to be kept while it is used.
#[inline]
fn exported<T>(caller: &mut Caller<'_, T>) -> Option<Extern> {
    caller.get_export("memory")
}

/// The caller's memory, and the data of its store.
fn memory<'a, T>(
    export: &'a Option<Extern>,
    caller: &'a mut Caller<'_, T>,
) -> Option<(GuestMemory<'a>, &'a mut T)> {
    match export {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            Some((GuestMemory::Unshared(bytes), data))
        }
        Some(Extern::SharedMemory(memory)) => Some((GuestMemory::Shared(memory.data()), caller.data_mut())),
        _ => None,
    }
}

/// A call that fails because the guest exports no memory, as wiggle's does.
#[cold]
fn without_memory<T: Observe, R: Returned>(
    caller: &mut Caller<'_, T>,
    function: &'static Function,
) -> wasmtime::Result<R> {
    let hooks = caller.data_mut().hooks();
    let call = hooks.begin(function, |_| {}, |_| {});
    hooks.end(call, || Outcome::Trap, 0, 0, || Value::None);
    wasmtime::bail!("missing required memory export")
}

/// The directories that the host opened for the guest: descriptors from 3 on.
#[inline]
fn learn_directories<T: Observe>(data: &mut T, get: impl Fn(&mut T) -> &mut WasiP1Ctx) {
    let judge = data.hooks().judge.as_mut();
    if judge.is_some_and(|judge| judge.tracks() && !judge.paths.begun) {
        let names = directories(get(data));
        data.hooks().directories(FIRST_DIRECTORY, &names);
    }
}

/// Names of the directories, in order.
#[cold]
fn directories(ctx: &mut WasiP1Ctx) -> Vec<String> {
    let mut files = ctx.filesystem();
    let list = files.get_directories().unwrap_or_default();
    list.into_iter()
        .map(|(descriptor, name)| {
            // It was made for this question only.
            _ = HostDescriptor::drop(&mut files, descriptor);
            name
        })
        .collect()
}

/// Bytes that the call moved.
#[inline]
fn count<R: Returned>(
    returned: &wasmtime::Result<R>,
    memory: &GuestMemory<'_>,
    pointer: Option<i32>,
    moved: Moved,
) -> u32 {
    match (moved, returned, pointer) {
        (Moved::Read | Moved::Written, Ok(ok), Some(pointer)) if ok.error().is_none() => {
            memory.read(GuestPtr::<u32>::new(pointer as u32)).unwrap_or(0)
        }
        (Moved::Given(count), Ok(ok), _) if ok.error().is_none() => count,
        _ => 0,
    }
}

#[inline]
fn end<T: Observe, R: Returned, const N: usize>(
    data: &mut T,
    call: Call,
    returned: &wasmtime::Result<R>,
    count: u32,
    moved: Moved,
    results: impl FnOnce() -> [Value; N],
) {
    let count = u64::from(count);
    let (read, written) = match moved {
        Moved::Written => (0, count),
        _ => (count, 0),
    };
    let outcome = || match returned {
        Ok(ok) => ok.error().map_or(Outcome::Ok, Outcome::Error),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Outcome::Exit(exit.0),
            None => Outcome::Trap,
        },
    };
    data.hooks().end(call, outcome, read, written, || match returned {
        Ok(ok) if N > 0 && ok.error().is_none() => one(results()),
        _ => Value::None,
    });
}

/// Several results as one, without an allocation for those that there are: one value, or two numbers.
fn one<const N: usize>(values: [Value; N]) -> Value {
    match &values[..] {
        [Value::Unsigned(first), Value::Unsigned(second)] => Value::Pair(*first, *second),
        [_] => values.into_iter().next().unwrap_or(Value::None),
        more => Value::List(more.to_vec(), N as u64),
    }
}

fn opened<T: Observe>(data: &mut T, memory: &GuestMemory<'_>, pointer: i32) {
    if data.hooks().tracks()
        && let Ok(descriptor) = memory.read(GuestPtr::<u32>::new(pointer as u32))
    {
        data.hooks().opened(descriptor);
    }
}

/// Bytes of the guest's memory; nothing where they are outside.
fn bytes<'a>(memory: &'a GuestMemory<'_>, pointer: i32, length: i32) -> Cow<'a, [u8]> {
    let length = (length as u32).min(PATH_BYTES);
    memory.as_cow(GuestPtr::new((pointer as u32, length))).unwrap_or_default()
}

fn text(memory: &GuestMemory<'_>, pointer: i32, length: i32) -> Value {
    let head = (length as u32).min(TEXT_BYTES as u32);
    match memory.as_cow(GuestPtr::new((pointer as u32, head))) {
        Ok(bytes) => Value::Text(Text::new(&bytes, u64::from(length as u32))),
        Err(_) => Value::Bad(u64::from(pointer as u32)),
    }
}

/// The buffers of a `readv` or `writev`, by their size.
fn buffers(memory: &GuestMemory<'_>, pointer: i32, count: i32) -> Value {
    Value::Bytes(gathered(memory, pointer, count))
}

/// Bytes that a write may move, for limits. Of more buffers than are looked at, nobody knows: no limit has room for them.
fn offered(memory: &GuestMemory<'_>, pointer: i32, count: i32) -> u64 {
    if count as u32 > BUFFERS { u64::MAX } else { gathered(memory, pointer, count) }
}

fn gathered(memory: &GuestMemory<'_>, pointer: i32, count: i32) -> u64 {
    let length = |at: u32| {
        let at = (pointer as u32).checked_add(at * 8 + 4)?;
        memory.read(GuestPtr::<u32>::new(at)).ok()
    };
    (0..(count as u32).min(BUFFERS)).map_while(length).map(u64::from).sum()
}

fn name(case: i32, names: &'static [&'static str]) -> Value {
    match usize::try_from(case).ok().and_then(|case| names.get(case)) {
        Some(name) => Value::Name(name),
        None => Value::Bad(u64::from(case as u32)),
    }
}

fn result_at(memory: &GuestMemory<'_>, pointer: i32, kind: Kind) -> Value {
    let word = || memory.read(GuestPtr::<u32>::new(pointer as u32)).ok();
    match kind {
        Kind::Handle => word().map(Value::Handle),
        Kind::Word => word().map(|word| Value::Unsigned(u64::from(word))),
        Kind::Wide => memory.read(GuestPtr::<u64>::new(pointer as u32)).ok().map(Value::Unsigned),
        Kind::Opaque => None,
    }
    .unwrap_or(Value::None)
}
