//! Samples that no probe has written.

use super::*;
use crate::{
    calls_probe::types::{frame_record, record_kind, stack_flag},
    record,
};
use proptest::prelude::*;
use wasmscope_model::{FrameRecord, Pid, Record};

fn bytes_of<T: Copy>(value: &T) -> Vec<u8> {
    // SAFETY: the records have no padding, and are read for as long as they are there.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<T>()) }.to_vec()
}

/// A record of `openat` (257) by process 42, with what `fill` says and `rest` behind it.
fn sample(fill: impl Fn(&mut call_record), rest: &[u8]) -> Vec<u8> {
    let mut record = call_record::default();
    record.head.kind = record_kind::RECORD_CALL;
    record.head.pid = 42;
    record.call = libc::SYS_openat as u32;
    fill(&mut record);
    let mut bytes = bytes_of(&record);
    bytes.extend_from_slice(rest);
    bytes
}

fn decoded(fill: impl Fn(&mut call_record), rest: &[u8]) -> Call {
    let Some(Record::Call(call)) = record::decode(&sample(fill, rest)) else { panic!("no call") };
    *call
}

fn whole_path(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(bytes.to_vec())
}

#[test]
fn parts_follow_each_other() {
    let frame = frame_record { at: 1, frame_pointer: 2, return_address: 3 };
    let rest = [b"x\0".as_slice(), b"yy\0", b"leaf\0top\0", b"other\0", &bytes_of(&frame), &bytes_of(&frame)]
        .concat();
    let fill = |record: &mut call_record| {
        record.text_bytes = [2, 3];
        record.path_bytes = [9, 6];
        record.path_flags = [path_flag::PATH_COMPLETE.0 as u16, path_flag::PATH_BENEATH.0 as u16];
        record.frames = 2;
        record.stack_flags = (stack_flag::STACK_ASKED.0 | stack_flag::STACK_FULL.0) as u16;
        record.result = -2;
    };
    let call = decoded(fill, &rest);
    assert_eq!((call.head.process.pid, call.name.as_ref()), (Pid(42), "openat"));
    let [Some(first), Some(second)] = &call.texts else { panic!("{call:?}") };
    assert_eq!(
        (first.bytes.as_slice(), second.bytes.as_slice(), first.cut),
        (b"x".as_slice(), b"yy".as_slice(), false)
    );
    let [Some(one), Some(two)] = &call.paths else { panic!("{call:?}") };
    assert_eq!((one.bytes.as_slice(), one.complete, one.beneath), (b"/top/leaf".as_slice(), true, false));
    assert_eq!((two.bytes.as_slice(), two.complete, two.beneath), (b"/other".as_slice(), false, true));
    assert_eq!(call.stack.frames, [FrameRecord { at: 1, fp: 2, ret: 3 }; 2]);
    assert!(call.stack.asked && call.stack.cut);
    assert_eq!(call.error.as_deref(), Some("ENOENT"));
}

#[test]
fn lengths_beyond_the_sample_are_parts_that_are_missing() {
    let fill = |record: &mut call_record| {
        record.text_bytes = [u16::MAX, 2];
        record.path_bytes = [u16::MAX; 2];
        record.frames = u16::MAX;
    };
    let call = decoded(fill, b"x\0");
    assert_eq!((call.texts[0].is_none(), call.texts[1].is_some()), (true, true), "what is there is used");
    assert_eq!((call.paths, call.stack.frames), ([None, None], Vec::new()));
    assert!(!call.stack.asked && !call.stack.cut);
    let whole = sample(|_| (), b"");
    for length in 0..whole.len() {
        assert_eq!(record::decode(&whole[..length]), None, "cut at {length}");
    }
}

#[test]
fn each_flag_means_one_thing() {
    let with = |flags: u32| {
        let call = decoded(|record| (record.flags, record.how) = (flags, [1, 2, 3]), b"");
        [call.compat, call.created, call.peer_untrusted, call.how.is_some(), call.resolved]
    };
    assert_eq!(with(0), [false; 5]);
    assert_eq!(with(u32::MAX), [true; 5]);
    for n in 0..5 {
        assert_eq!(with(1 << n), std::array::from_fn(|at| at == n), "flag {n}");
    }
    assert_eq!(with(!0b1_1111), [false; 5], "flags of a later version mean nothing yet");
}

#[test]
fn a_foreign_call_has_no_name_and_neither_has_an_unknown_number() {
    let name =
        |number: u32, flags: u32| decoded(|record| (record.call, record.flags) = (number, flags), b"").name;
    assert_eq!(name(libc::SYS_openat as u32, call_flag::CALL_COMPAT.0), "", "257 is another call there");
    assert_eq!((name(511, 0), name(u32::MAX, 0)), ("".into(), "".into()));
}

#[test]
fn errors_are_results_from_minus_4095() {
    let error = |result: i64| decoded(|record| record.result = result, b"").error.map(Cow::into_owned);
    assert_eq!(error(0), None);
    assert_eq!(error(-1).as_deref(), Some("EPERM"));
    assert_eq!(error(-4095).as_deref(), Some("errno 4095"));
    assert_eq!((error(-4096), error(i64::MIN), error(i64::MAX)), (None, None, None));
}

#[test]
fn the_root_is_a_path_and_nothing_is_none() {
    let path = |flags: u32, rest: &'static [u8]| {
        let fill = move |record: &mut call_record| {
            record.path_flags[0] = flags as u16;
            record.path_bytes[0] = rest.len() as u16;
        };
        decoded(fill, rest).paths[0].take().map(|path| path.bytes)
    };
    assert_eq!(path(path_flag::PATH_COMPLETE.0, b""), whole_path(b"/"));
    assert_eq!(path(0, b""), None);
    assert_eq!(path(path_flag::PATH_NAMELESS.0, b"memfd:x\0junk"), whole_path(b"memfd:x"));
    assert_eq!(path(0, b"\0\0\0"), whole_path(b"/"));
}

#[test]
fn a_text_that_fills_its_room_may_be_cut_and_a_datagram_keeps_its_bytes() {
    let text = |call: i64, bytes: &[u8]| {
        let fill = |record: &mut call_record| {
            record.call = call as u32;
            record.text_bytes[0] = bytes.len() as u16;
        };
        decoded(fill, bytes).texts[0].take().expect("a text")
    };
    assert!(text(libc::SYS_openat, &[b'x'; 4096]).cut);
    assert!(!text(libc::SYS_openat, &[b'x'; 4095]).cut);
    assert_eq!(text(libc::SYS_openat, b"a\0b").bytes, b"a");
    assert_eq!(text(libc::SYS_sendto, b"a\0b\0").bytes, b"a\0b\0");
}

proptest! {
    #[test]
    fn any_record_decodes(
        fixed in prop::collection::vec(any::<u8>(), size_of::<call_record>()),
        rest in prop::collection::vec(any::<u8>(), 0..700),
        small_lengths: bool,
    ) {
        let mut bytes = fixed;
        bytes[..4].copy_from_slice(&record_kind::RECORD_CALL.0.to_le_bytes());
        if small_lengths {
            // Random lengths are nearly all too large.
            for at in [std::mem::offset_of!(call_record, text_bytes), std::mem::offset_of!(call_record, path_bytes)] {
                (bytes[at + 1], bytes[at + 3]) = (0, 0);
            }
        }
        bytes.extend_from_slice(&rest);
        let Some(Record::Call(call)) = record::decode(&bytes) else { panic!("long enough") };
        let kept: usize = call.texts.iter().flatten().map(|text| text.bytes.len()).sum();
        prop_assert!(kept <= rest.len());
        prop_assert!(call.stack.frames.len() * size_of::<frame_record>() <= rest.len());
        prop_assert!(call.paths.iter().flatten().all(|path| path.nameless || path.bytes.starts_with(b"/")));
    }
}
