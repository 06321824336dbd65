//! What the kernel writes into its ring for a busy guest, made up.

use libc::{AF_INET, SYS_connect, SYS_openat2, SYS_renameat};
use std::ops::Range;
use wasmscope_bench::floor::types::{
    call_flag, call_record, frame_record, path_flag, record_head, record_kind, socket_address, stack_flag,
};

/// Words of a stack that look like frames of a guest; eight in the end are.
const FRAMES: u64 = 30;
/// A guest comes from so many places to its calls.
const PLACES: u64 = 64;
const ADDRESSES: Range<u64> = 0x7f12_3400_0000..0x7f12_3480_0000;
/// Refused: no such file.
const ENOENT: i64 = 2;

/// A process that does not exist, and did it all.
pub(crate) const PID: u32 = 4242;
pub(crate) const STARTED_NS: u64 = 5_000_000_000;
pub(crate) const START_STACK: u64 = 0x7ffd_1234_5000;

/// Of 20: 13 files opened, 3 not there, 3 connections, 1 file renamed.
pub(crate) fn samples(pid: u32) -> Vec<Vec<u8>> {
    (0..PLACES * 20)
        .map(|n| match n % 20 {
            0..13 => opened(pid, n),
            13..16 => missing(pid, n),
            16..19 => connected(pid, n),
            _ => renamed(pid, n),
        })
        .collect()
}

fn opened(pid: u32, n: u64) -> Vec<u8> {
    let components = format!("entry-{n:04}.json\0cache\0data\0application\0srv\0");
    let path_flags = (path_flag::PATH_COMPLETE.0 | path_flag::PATH_BENEATH.0) as u16;
    sample(pid, n, SYS_openat2, 12, &[&format!("cache/entry-{n:04}.json\0"), &components], |record| {
        record.flags = call_flag::CALL_HOW.0 | call_flag::CALL_RESOLVED.0;
        record.path_flags[0] = path_flags;
        [record.text_bytes[0], record.path_bytes[0]] = [22, components.len() as u16];
    })
}

fn missing(pid: u32, n: u64) -> Vec<u8> {
    let directory = "data\0application\0srv\0";
    sample(pid, n, SYS_openat2, -ENOENT, &[&format!("cache/other-{n:04}.json\0"), directory], |record| {
        record.flags = call_flag::CALL_HOW.0;
        record.path_flags[0] = path_flag::PATH_COMPLETE.0 as u16;
        [record.text_bytes[0], record.path_bytes[0]] = [22, directory.len() as u16];
    })
}

fn renamed(pid: u32, n: u64) -> Vec<u8> {
    let directory = "data\0application\0srv\0";
    let texts = [&format!("new-{n:04}.json\0"), &format!("log-{n:04}.json\0"), directory, directory];
    sample(pid, n, SYS_renameat, 0, &texts, |record| {
        record.path_flags = [path_flag::PATH_COMPLETE.0 as u16; 2];
        record.text_bytes = [14; 2];
        record.path_bytes = [directory.len() as u16; 2];
    })
}

fn connected(pid: u32, n: u64) -> Vec<u8> {
    sample(pid, n, SYS_connect, -i64::from(libc::EINPROGRESS), &[], |record| {
        record.protocol = libc::IPPROTO_TCP as u16;
        record.local = address([10, 0, 0, 7], 40_000 + n as u16);
        record.peer = address([192, 0, 2, (n % 200) as u8], 443);
    })
}

fn address(ip: [u8; 4], port: u16) -> socket_address {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&ip);
    socket_address { family: AF_INET as u16, port, ip: bytes }
}

fn sample(
    pid: u32,
    n: u64,
    call: i64,
    result: i64,
    parts: &[&str],
    more: impl FnOnce(&mut call_record),
) -> Vec<u8> {
    let head = record_head {
        kind: record_kind::RECORD_CALL,
        pid,
        tid: pid,
        parent_pid: 1,
        time_ns: 60_000_000_000 + n * 5_000,
        start_ns: STARTED_NS,
        start_stack: START_STACK,
    };
    let mut record = call_record {
        head,
        args: [11, ADDRESSES.start + 8 * n, ADDRESSES.start, 24, 0, 0],
        result,
        // O_RDONLY | O_CLOEXEC, RESOLVE_BENEATH
        how: [libc::O_CLOEXEC as u64, 0, 8],
        fs_magic: 0xef53,
        call: call as u32,
        frames: FRAMES as u16,
        stack_flags: stack_flag::STACK_ASKED.0 as u16,
        ..call_record::default()
    };
    more(&mut record);
    let mut bytes = bytes_of(&record).to_vec();
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
    }
    for depth in 0..FRAMES {
        let at = ADDRESSES.end + 64 * depth;
        // Each place has another innermost frame.
        let return_address = ADDRESSES.start + 4096 * depth + if depth == 0 { n % PLACES } else { 0 };
        bytes.extend_from_slice(bytes_of(&frame_record { at, frame_pointer: at + 64, return_address }));
    }
    bytes
}

/// A record as it crosses from the kernel.
fn bytes_of<T: Copy>(record: &T) -> &[u8] {
    // SAFETY: the structures of `records.h` have no padding, so all their bytes are set.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(record).cast(), size_of::<T>()) }
}
