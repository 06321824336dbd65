//! Questions to name servers, and whatever bytes a record may have.

use super::*;
use proptest::prelude::*;

/// A message with one question, whose name is these bytes.
fn message(name: &[u8]) -> Vec<u8> {
    let mut message = vec![0x57, 0x53, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(name);
    message.extend_from_slice(&[0, 28, 0, 1]);
    message
}

#[test]
fn questions_are_read_and_what_is_none_is_not() {
    let name = |bytes: &[u8]| question(&message(bytes)).map(|(name, record)| format!("{name} {record}"));
    assert_eq!(name(b"\x01a\x07example\x03org\0").as_deref(), Some("a.example.org AAAA"));
    assert_eq!(name(b"\0").as_deref(), Some(" AAAA"), "the root");
    assert_eq!(name(b"\xc0\x0c"), None, "a pointer to itself");
    assert_eq!(name(b"\x01a\xc0\x0c"), None, "a loop");
    assert_eq!(name(b"\xc0\xff"), None, "a pointer beyond the end");
    assert_eq!(name(b"\x3fshort"), None, "a label beyond the end");
    let whole = message(b"\x01a\0");
    for length in 0..whole.len() {
        assert_eq!(question(&whole[..length]), None, "cut at {length}");
    }
    let mut none = whole;
    none[5] = 0;
    assert_eq!(question(&none), None, "no question");
}

prop_compose! {
    fn any_text()(bytes in prop::collection::vec(any::<u8>(), 0..600), cut: bool, there: bool) -> Option<Text> {
        there.then_some(Text { bytes, cut })
    }
}

prop_compose! {
    fn any_path()(bytes in prop::collection::vec(any::<u8>(), 0..60), flags in any::<[bool; 4]>()) -> Option<KernelPath> {
        let [complete, beneath, nameless, there] = flags;
        there.then_some(KernelPath { bytes, complete, beneath, nameless })
    }
}

fn any_address() -> impl Strategy<Value = Option<Address>> {
    (0u16..12, prop_oneof![Just(53), any::<u16>()], any::<[u8; 16]>())
        .prop_map(|(f, p, ip)| Address::new(f, p, ip))
}

prop_compose! {
    fn any_call()(
        name in prop::sample::select(vec![
            "", "open", "openat", "openat2", "creat", "mkdirat", "unlinkat", "renameat2", "symlinkat", "truncate",
            "connect", "accept4", "bind", "listen", "sendto", "sendmsg", "mmap", "mprotect", "kill", "tgkill",
            "pidfd_send_signal", "ptrace", "mount",
        ]),
        args: [u64; 6],
        result: i64,
        texts in [any_text(), any_text()],
        paths in [any_path(), any_path()],
        how: Option<[u64; 3]>,
        (local, peer) in (any_address(), any_address()),
        (protocol, flags) in (prop_oneof![Just(17), Just(6), any::<u16>()], any::<[bool; 4]>()),
        fs_magic: u64,
    ) -> Call {
        let [resolved, created, compat, peer_untrusted] = flags;
        Call {
            args, result, texts, paths, how, local, peer, protocol, fs_magic, resolved, created, compat, peer_untrusted,
            ..call(name)
        }
    }
}

proptest! {
    #[test]
    fn any_record_becomes_an_event_that_can_be_written_and_read(call in any_call()) {
        let kind = event(call, actor());
        let json = serde_json::to_string(&kind).unwrap();
        prop_assert!(!json.contains('\n'));
        let back: EventKind = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, kind);
    }

    #[test]
    fn any_datagram_is_a_question_or_none(bytes in prop::collection::vec(any::<u8>(), 0..512), header: bool) {
        let mut datagram = bytes;
        if header && datagram.len() >= 12 {
            datagram[..12].copy_from_slice(&message(b"")[..12]);
        }
        let _ = question(&datagram);
    }
}
