//! Chains of frame records that were made up, with what a hostile or unlucky stack can hold.

use proptest::prelude::*;
use wasmscope_model::FrameRecord;
use wasmscope_model::StackProblem;
use wasmscope_runtimes::Segments;
use wasmscope_runtimes::wasmtime::{Code, Place, guest_stack, guest_stack_from_registers};

/// Code lies in pieces of this size: at 0x10000 an entry, at 0x11000 an exit, then functions 0, 1, ...
const PIECE: u64 = 0x1000;
const ENTRY: u64 = 0x10800;
const EXIT: u64 = 0x11800;

fn function(index: u32) -> u64 {
    0x12800 + u64::from(index) * PIECE
}

fn code(address: u64) -> Option<Code<'static>> {
    let start = address - address % PIECE;
    let place = match start {
        0x10000 => Place::Entry,
        0x11000 => Place::Exit,
        0x12000..0x20000 => {
            Place::Function { module_index: 0, index: ((start - 0x12000) / PIECE) as u32, name: None }
        }
        _ => return None,
    };
    Some(Code { place, start })
}

fn record(at: u64, fp: u64, ret: u64) -> FrameRecord {
    FrameRecord { at, fp, ret }
}

/// The exit trampoline's code: a frame of 16 bytes.
fn readable() -> Segments<'static> {
    Segments::new().with(0x11000, b"\x55\x48\x89\xe5\x48\x83\xec\x10\x90\x90\x90\x90".as_slice())
}

/// `call` of a function, right before this return address.
fn with_call(memory: Segments<'static>, ret: u64, target: u64) -> Segments<'static> {
    let relative = (target as i64 - ret as i64) as i32;
    memory.with(ret - 5, [&[0xe8][..], &relative.to_le_bytes()].concat())
}

fn pcs(records: &[FrameRecord], memory: &Segments<'_>) -> Result<(Vec<u64>, bool), StackProblem> {
    guest_stack(records, &code, memory).map(|chain| (chain.pcs, chain.cut))
}

/// The exit word of a head at this address.
fn left_at(head: u64) -> FrameRecord {
    record(head - 16 - 8 - 8, 7, EXIT)
}

#[test]
fn a_chain_leads_from_exit_to_entry() {
    let records = [
        left_at(0x1000),
        record(0x1000, 0x1040, function(1)),
        record(0x1040, 0x1100, function(0)),
        record(0x1100, 0x1200, ENTRY),
    ];
    let wanted = (vec![function(1), function(0), ENTRY], false);
    assert_eq!(pcs(&records, &readable()), Ok(wanted.clone()));
    assert_eq!(pcs(&records, &Segments::new()), Ok(wanted.clone()));
    assert_eq!(pcs(&records[1..], &Segments::new()), Ok(wanted));
}

#[test]
fn remains_that_link_into_the_live_chain_are_left_out() {
    let live = [
        left_at(0x1000),
        record(0x1000, 0x1040, function(1)),
        record(0x1040, 0x1100, function(0)),
        record(0x1100, 0x1200, ENTRY),
    ];
    // A sibling that is over, with its own exit; and a child of the trampoline's frame.
    let mut records =
        vec![left_at(0x800), record(0x800, 0x1040, function(2)), record(0x900, 0x1000, function(3))];
    records.extend(live);
    assert_eq!(pcs(&records, &readable()).unwrap().0, [function(1), function(0), ENTRY]);
}

#[test]
fn an_exit_left_in_a_live_frame_does_not_hide_the_frames_below() {
    let records = [
        left_at(0x1000),
        record(0x1000, 0x1040, function(1)),
        left_at(0x1040),
        record(0x1040, 0x1100, function(0)),
        record(0x1100, 0x1200, ENTRY),
    ];
    assert_eq!(pcs(&records, &readable()).unwrap().0, [function(1), function(0), ENTRY]);
    assert_eq!(pcs(&records, &Segments::new()).unwrap().0, [function(1), function(0), ENTRY]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_call_names_the_function_whose_frame_it_made() {
    // The highest exit belongs to function 3, which function 0 did not call.
    let records = [
        left_at(0x1000),
        record(0x1000, 0x1100, function(1)),
        left_at(0x1080),
        record(0x1080, 0x1100, function(3)),
        record(0x1100, 0x1200, function(0)),
        record(0x1200, 0x1300, ENTRY),
    ];
    assert_eq!(pcs(&records, &readable()).unwrap().0[0], function(3));
    let memory = with_call(readable(), function(0), 0x12000 + PIECE);
    assert_eq!(pcs(&records, &memory).unwrap().0, [function(1), function(0), ENTRY]);
    // It was a tail call: function 1 gave its frame to another.
    let tail = [left_at(0x1000), record(0x1000, 0x1100, function(2)), records[4], records[5]];
    assert_eq!(pcs(&tail, &memory).unwrap().0, [function(2), function(0), ENTRY]);
}

#[test]
fn an_outer_activation_follows_only_if_it_was_kept_as_waiting() {
    let inner = [left_at(0x1000), record(0x1000, 0x1100, function(1)), record(0x1100, 0x1200, ENTRY)];
    let outer = [left_at(0x3000), record(0x3000, 0x3100, function(2)), record(0x3100, 0x3200, ENTRY)];
    let over = [inner, outer].concat();
    assert_eq!(pcs(&over, &readable()).unwrap().0, [function(1), ENTRY]);
    let mut waiting = over;
    waiting.push(record(0x2008, 1, function(2)));
    assert_eq!(pcs(&waiting, &readable()).unwrap().0, [function(1), ENTRY, function(2), ENTRY]);
}

#[test]
fn what_goes_beyond_the_window_is_cut_and_what_goes_nowhere_is_none() {
    let cut = [left_at(0x1000), record(0x1000, 0x1040, function(1)), record(0x1040, 0x9000, function(0))];
    assert_eq!(pcs(&cut, &readable()), Ok((vec![function(1), function(0)], true)));
    // Into a hole, downward, unaligned, too far.
    for fp in [0x1020, 0x800, 0x1000, 0x1048, 0x9000_0000, u64::MAX] {
        let broken = [left_at(0x1000), record(0x1000, fp, function(1)), record(0x1040, 0x800, function(0))];
        assert_eq!(pcs(&broken, &readable()), Err(StackProblem::NoChain), "{fp:#x}");
    }
    assert_eq!(pcs(&[], &readable()), Err(StackProblem::NoGuestCode));
    assert_eq!(pcs(&[record(0x1000, 0x1040, 0x5000)], &readable()), Err(StackProblem::NoGuestCode));
}

#[test]
fn a_trap_begins_with_its_own_address() {
    let records = [record(0x1040, 0x1100, function(0)), record(0x1100, 0x1200, ENTRY)];
    let ip = function(1) - 0x800;
    let chain = guest_stack_from_registers(ip, 0x1040, &records, &code).unwrap();
    assert_eq!((chain.pcs.as_slice(), chain.exact, chain.cut), (&[ip, function(0), ENTRY][..], true, false));
    let stack = chain.resolve(&code, &|address| Some(address as u32));
    let offsets: Vec<_> = stack.frames.iter().map(|frame| (frame.function_index, frame.offset)).collect();
    assert_eq!(offsets, [(1, Some(ip as u32)), (0, Some(function(0) as u32 - 1))]);

    let lost = guest_stack_from_registers(ip, 0x5000, &records, &code).unwrap();
    assert_eq!((lost.pcs.len(), lost.cut), (1, true));
    let host = guest_stack_from_registers(0x5000, 0x1040, &records, &code);
    assert_eq!(host, Err(StackProblem::NoGuestCode));
}

/// Addresses from few, so that they meet: links in circles, upon themselves, and into each other.
fn small_address() -> impl Strategy<Value = u64> {
    prop_oneof![(0u64..64).prop_map(|n| 0x1000 + n * 16), any::<u64>(), Just(u64::MAX), Just(0)]
}

fn text_address() -> impl Strategy<Value = u64> {
    prop_oneof![0x10000u64..0x16000, any::<u64>(), Just(0), Just(ENTRY), Just(EXIT)]
}

proptest! {
    #[test]
    fn records_of_any_content_end_in_a_chain_or_none(
        words in prop::collection::vec((small_address(), small_address(), text_address()), 0..1500),
        bytes in prop::collection::vec(any::<u8>(), 0x6000),
        ip in text_address(),
        fp in small_address(),
    ) {
        let records: Vec<_> = words.iter().map(|(at, fp, ret)| record(*at, *fp, *ret)).collect();
        for memory in [Segments::new(), Segments::new().with(0x10000, bytes), readable()] {
            if let Ok(chain) = guest_stack(&records, &code, &memory) {
                prop_assert!(!chain.pcs.is_empty() && chain.pcs.len() <= records.len());
                chain.resolve(&code, &|_| None);
            }
        }
        if let Ok(chain) = guest_stack_from_registers(ip, fp, &records, &code) {
            prop_assert!(chain.pcs.len() <= records.len() + 1);
        }
    }
}
