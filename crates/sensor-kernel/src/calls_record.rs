//! Decoding a system call's record: a fixed part, and behind it texts, paths and frames.

use crate::{
    calls,
    calls_probe::types::{call_flag, call_record, path_flag, socket_address},
    record::{decode_head, path, stack, view},
};
use std::borrow::Cow;
use wasmscope_model::{
    call::{Address, Call, KernelPath, Signalled, Text},
    record::Head,
};

/// Most bytes of a text, its NUL included (`TEXT_BYTES` of `bpf/records.h`).
const TEXT_BYTES: usize = 4096;
/// Errors are results from -4095 to -1.
const MAX_ERRNO: i64 = 4095;

/// Decodes a sample whose head says that it is a call; `None` where it is shorter than it claims to be.
pub(crate) fn decode(head: &crate::lifecycle::types::record_head, sample: &[u8]) -> Option<Call> {
    let record: call_record = view(sample)?;
    let has = |flag: call_flag| record.flags & flag.0 != 0;
    let mut rest = Rest(&sample[size_of::<call_record>()..]);
    let compat = has(call_flag::CALL_COMPAT);
    let name = if compat { "" } else { calls::name(record.call).unwrap_or_default() };
    // The questions of sendto and its like are no texts.
    let is_datagram = name.starts_with("send");
    let texts = record.text_bytes.map(|bytes| rest.take(bytes).map(|bytes| text(bytes, is_datagram)));
    let [first, second] = texts;
    let kernel_path = |bytes: Option<&[u8]>, flags: u16| {
        let has = |flag: path_flag| u32::from(flags) & flag.0 != 0;
        let nameless = has(path_flag::PATH_NAMELESS);
        bytes.map(|bytes| KernelPath {
            bytes: if nameless { unterminated(bytes).to_vec() } else { whole(path(bytes, u32::MAX)) },
            complete: has(path_flag::PATH_COMPLETE),
            beneath: has(path_flag::PATH_BENEATH),
            nameless,
        })
    };
    // The root itself has no components, but its walk has flags.
    let [one, two] = [0, 1].map(|which| {
        let flags = record.path_flags[which];
        let bytes = rest.take(record.path_bytes[which]);
        kernel_path(bytes.or((flags != 0).then_some(&[])), flags)
    });
    let head: Head = decode_head(head);
    Some(Call {
        head,
        name: Cow::Borrowed(name),
        number: record.call,
        compat,
        args: record.args,
        result: record.result,
        error: error(record.result),
        texts: [first, second],
        paths: [one, two],
        resolved: has(call_flag::CALL_RESOLVED),
        created: has(call_flag::CALL_CREATED),
        how: has(call_flag::CALL_HOW).then_some(record.how),
        fs_magic: record.fs_magic,
        protocol: record.protocol,
        local: address(&record.local),
        peer: address(&record.peer),
        peer_untrusted: has(call_flag::CALL_PEER_USER),
        stack: stack(rest.0, record.frames, record.stack_flags),
        signalled: (has(call_flag::CALL_KILLED) || has(call_flag::CALL_STOPPED)).then(|| Signalled {
            kill: has(call_flag::CALL_KILLED),
            sent: !has(call_flag::CALL_NOT_SIGNALLED),
        }),
    })
}

fn whole(path: Vec<u8>) -> Vec<u8> {
    if path.is_empty() { b"/".to_vec() } else { path }
}

fn error(result: i64) -> Option<Cow<'static, str>> {
    let number = u32::try_from(result.checked_neg()?).ok().filter(|n| (1..=MAX_ERRNO as u32).contains(n))?;
    Some(calls::error_name(number).map_or_else(|| Cow::Owned(format!("errno {number}")), Cow::Borrowed))
}

fn text(bytes: &[u8], datagram: bool) -> Text {
    if datagram {
        return Text { bytes: bytes.to_vec(), cut: false };
    }
    Text { bytes: unterminated(bytes).to_vec(), cut: bytes.len() >= TEXT_BYTES }
}

fn unterminated(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

fn address(raw: &socket_address) -> Option<Address> {
    Address::new(raw.family, raw.port, raw.ip)
}

/// What is left of a sample.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// The next part; `None` where it has no bytes, or fewer than it should.
    fn take(&mut self, bytes: u16) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(bytes.into())?;
        self.0 = rest;
        (!part.is_empty()).then_some(part)
    }
}

#[cfg(test)]
#[path = "calls_record_tests.rs"]
mod tests;
