//! What calls mean, from made-up records.

mod any;

use super::*;
use wasmscope_model::{BootId, Head, Pid, ProcessKey, RawStack, WorkloadId, call::AF_INET};

fn actor() -> Actor {
    let key = ProcessKey { pid: Pid(7), start_ticks: 1, exec_stamp: 1 };
    Actor {
        id: WorkloadId::new(&BootId("b".into()), &key),
        pid: Pid(7),
        tid: 8,
        stack: Vec::new(),
        stack_cut: false,
        stack_missing: None,
        untrusted: Vec::new(),
    }
}

fn call(name: &'static str) -> Call {
    let process = ProcessKey { pid: Pid(7), start_ticks: 1, exec_stamp: 1 };
    Call {
        signalled: None,
        head: Head { process, tid: 8, parent: Pid(1), monotonic_ns: 0 },
        name: name.into(),
        number: 1,
        compat: false,
        args: [0; 6],
        result: 0,
        error: None,
        texts: [None, None],
        paths: [None, None],
        resolved: false,
        created: false,
        how: None,
        fs_magic: 0,
        protocol: 0,
        local: None,
        peer: None,
        peer_untrusted: false,
        stack: RawStack::default(),
    }
}

fn text_of(bytes: &[u8]) -> Option<Text> {
    Some(Text { bytes: bytes.to_vec(), cut: false })
}

fn kernel(bytes: &[u8]) -> Option<KernelPath> {
    Some(KernelPath { bytes: bytes.to_vec(), complete: true, beneath: true, nameless: false })
}

fn event_name(call: Call) -> String {
    let json = serde_json::to_value(event(call, actor())).unwrap();
    json["event.name"].as_str().unwrap().trim_start_matches("workload.").to_owned()
}

fn act_on_file(call: Call) -> FileAct {
    match event(call, actor()) {
        EventKind::Opened(act)
        | EventKind::Created(act)
        | EventKind::Renamed(act)
        | EventKind::Linked(act) => act,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_call_is_one_kind_of_event() {
    for (names, kind) in [
        ("open openat openat2 creat", "file.opened"),
        ("mkdir mkdirat mknod mknodat", "file.created"),
        ("unlink unlinkat rmdir", "file.removed"),
        ("rename renameat renameat2", "file.renamed"),
        ("link linkat symlink symlinkat", "file.linked"),
        ("truncate", "file.truncated"),
        ("connect", "network.connected"),
        ("accept accept4", "network.accepted"),
        ("bind", "network.bound"),
        ("listen", "network.listening"),
        ("sendto sendmsg sendmmsg", "network.peer"),
        ("mmap mprotect pkey_mprotect", "memory.writable_executable"),
        ("kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal", "signal.sent"),
        ("ptrace bpf mount execve setns memfd_create", "call.sensitive"),
    ] {
        for name in names.split(' ') {
            assert_eq!(event_name(call(name)), kind, "{name}");
        }
    }
    assert_eq!(event_name(Call { created: true, ..call("openat2") }), "file.created");
    let udp = Address::new(AF_INET, 9, [127; 16]);
    assert_eq!(event_name(Call { protocol: 17, peer: udp, ..call("connect") }), "network.peer");
    let dns = Address::new(AF_INET, 53, [127; 16]);
    assert_eq!(
        event_name(Call { protocol: 17, peer: dns, ..call("connect") }),
        "network.peer",
        "nothing is asked yet"
    );
    assert_eq!(event_name(Call { protocol: 17, peer: dns, ..call("sendmmsg") }), "dns.asked");
}

#[test]
fn a_call_without_a_name_has_its_number_and_an_error_no_result() {
    let EventKind::Sensitive(act) = event(Call { number: 20, compat: true, result: 9, ..call("") }, actor())
    else {
        panic!()
    };
    assert_eq!(
        (act.outcome.call.as_ref(), act.outcome.result, act.foreign_abi),
        ("syscall_20", Some(9), true)
    );
    let failed = Call { result: -2, error: Some("ENOENT".into()), ..call("ptrace") };
    let EventKind::Sensitive(act) = event(failed, actor()) else { panic!() };
    assert_eq!((act.outcome.result, act.outcome.error.as_deref()), (None, Some("ENOENT")));
    assert_eq!(act.arguments, ["0x0"; 6]);
}

#[test]
fn flags_are_words_from_where_the_call_has_them() {
    let flags = |call: Call| act_on_file(call).flags.join(" ");
    let at = |index: usize, flags: i32| {
        let mut args = [0; 6];
        args[index] = flags as u64;
        args
    };
    let all =
        libc::O_RDWR | libc::O_APPEND | libc::O_CREAT | libc::O_EXCL | libc::O_TRUNC | libc::O_DIRECTORY;
    assert_eq!(
        flags(Call { args: at(2, all | libc::O_NOFOLLOW), ..call("openat") }),
        "read write append create exclusive truncate directory no_follow"
    );
    assert_eq!(flags(Call { args: at(1, libc::O_WRONLY), ..call("open") }), "write");
    assert_eq!(flags(Call { args: at(2, libc::O_PATH), ..call("openat") }), "path", "not for reading");
    assert_eq!(flags(call("creat")), "write create truncate");
    let how = Some([libc::O_RDONLY as u64, 0, 8]);
    assert_eq!(
        flags(Call { how, args: at(2, libc::O_RDWR), ..call("openat2") }),
        "read",
        "argument 2 is a pointer"
    );
    assert_eq!(flags(Call { args: [u64::MAX; 6], ..call("openat2") }), "", "its request could not be read");
    assert_eq!(flags(Call { args: [u64::MAX; 6], ..call("mkdirat") }), "");
}

#[test]
fn confinement_is_what_the_kernel_was_told() {
    let confined = |call: Call| act_on_file(call).confined;
    for (resolve, expected) in [(0, false), (0x08, true), (0x10, true), (0x01, false), (u64::MAX, true)] {
        assert_eq!(confined(Call { how: Some([0, 0, resolve]), ..call("openat2") }), Some(expected));
    }
    assert_eq!(confined(call("openat2")), None, "unreadable is unknown");
    assert_eq!(confined(call("openat")), Some(false));
    assert_eq!(confined(call("mkdirat")), None);
    let read = act_on_file(Call { how: Some([0; 3]), texts: [text_of(b"x"), None], ..call("openat2") });
    assert_eq!(read.actor.untrusted, ["file.path.requested", "file.open.flags", "file.open.confined"]);
    let by_registers = act_on_file(Call { texts: [text_of(b"x"), None], ..call("openat") });
    assert_eq!(by_registers.actor.untrusted, ["file.path.requested"]);
}

#[test]
fn a_directory_is_told_where_a_path_is_relative_to_it() {
    let both = |first: &[u8], second: &[u8]| Call {
        texts: [text_of(first), text_of(second)],
        paths: [kernel(b"/a"), kernel(b"/b")],
        ..call("renameat2")
    };
    let told = |call: Call| {
        let act = act_on_file(call);
        (act.directory, act.target_directory)
    };
    let (a, b) = (Some("/a".to_owned()), Some("/b".to_owned()));
    assert_eq!(told(both(b"x", b"y")), (a.clone(), b.clone()));
    assert_eq!(told(both(b"/x", b"y")), (None, b.clone()));
    assert_eq!(told(both(b"x", b"/y")), (a, None));
    assert_eq!(told(both(b"", b"")), (Some("/a".into()), b.clone()), "an empty path is relative");
    // What a symbolic link says is relative to the link.
    assert_eq!(told(Call { name: "symlinkat".into(), ..both(b"x", b"y") }), (None, b));
    // Of an opened file, `paths[0]` is the file.
    let opened = Call {
        resolved: true,
        paths: [kernel(b"/a/x"), None],
        texts: [text_of(b"x"), None],
        ..call("openat")
    };
    let act = act_on_file(opened);
    assert_eq!((act.path.as_deref(), act.directory, act.beneath), (Some("/a/x"), None, Some(true)));
    assert_eq!(told(call("renameat2")), (None, None), "nothing could be read");
}

#[test]
fn what_is_cut_is_marked_and_what_has_no_path_has_none() {
    let cut = Text { bytes: b"abc".to_vec(), cut: true };
    let deep = KernelPath { bytes: b"/x/y".to_vec(), complete: false, beneath: false, nameless: false };
    let act = act_on_file(Call {
        texts: [Some(cut), None],
        paths: [Some(deep), None],
        resolved: true,
        ..call("open")
    });
    assert_eq!((act.requested.as_deref(), act.path.as_deref()), (Some("abc…"), Some("…/x/y")));
    assert_eq!((act.beneath, act.system), (Some(false), None));
    let nameless = |bytes: &[u8], magic| {
        let path = KernelPath { bytes: bytes.to_vec(), complete: true, beneath: false, nameless: true };
        let act =
            act_on_file(Call { paths: [Some(path), None], resolved: true, fs_magic: magic, ..call("open") });
        (act.path, act.system.map(Word::into_owned))
    };
    assert_eq!(nameless(b"memfd:x", 0), (Some("memfd:x".into()), None));
    assert_eq!(nameless(b"/", 0x6e73_6673), (None, Some("nsfs".into())));
    assert_eq!(nameless(b"", 0), (None, None));
    let root = Call { paths: [kernel(b"/"), None], resolved: true, ..call("open") };
    assert_eq!(act_on_file(root).path.as_deref(), Some("/"), "the root has a path");
}

fn socket(name: &'static str, call_with: impl Fn(&mut Call)) -> NetworkAct {
    let mut call = Call { protocol: 6, ..call(name) };
    call_with(&mut call);
    match event(call, actor()) {
        EventKind::Connected(act)
        | EventKind::Bound(act)
        | EventKind::Listening(act)
        | EventKind::Peer(act) => act,
        other => panic!("{other:?}"),
    }
}

#[test]
fn addresses_that_are_not_set_are_absent() {
    let any = Address::new(AF_INET, 0, [0; 16]);
    let act = socket("listen", |call| (call.local, call.peer) = (any, any));
    assert_eq!(
        (act.local_address, act.local_port, act.peer_address, act.peer_port),
        (None, None, None, None)
    );
    assert_eq!(act.transport.as_deref(), Some("tcp"));
    // Any address, on one port, is a place to listen at.
    let act = socket("listen", |call| call.local = Address::new(AF_INET, 80, [0; 16]));
    assert_eq!(
        (act.local_address.map(|ip| ip.to_string()), act.local_port),
        (Some("0.0.0.0".into()), Some(80))
    );
    let act = socket("connect", |call| call.local = Address::new(AF_INET, 0, [127; 16]));
    assert_eq!((act.local_address.is_some(), act.local_port), (true, None));
    let act = socket("connect", |call| (call.peer, call.protocol) = (Address::new(AF_INET, 1, [1; 16]), 132));
    assert_eq!(act.transport.as_deref(), Some("132"));
    assert_eq!(socket("connect", |_| ()).transport, None);
}

#[test]
fn untrusted_names_what_is_there_and_was_read() {
    let peer = Address::new(AF_INET, 80, [1; 16]);
    let act = socket("connect", |call| (call.peer, call.peer_untrusted) = (peer, true));
    assert_eq!(act.actor.untrusted, ["network.peer.address", "network.peer.port"]);
    let act = socket("connect", |call| call.peer = peer);
    assert_eq!(act.actor.untrusted, [""; 0]);
    let local = socket("connect", |call| {
        (call.peer, call.peer_untrusted) = (Address::new(AF_UNIX, 0, [0; 16]), true);
        call.texts[0] = text_of(b"/run/x.sock");
    });
    assert_eq!((local.transport.as_deref(), local.path.as_deref()), (Some("unix"), Some("/run/x.sock")));
    assert_eq!(local.actor.untrusted, ["network.socket.path"]);
    // What a refused bind wanted was read where a peer would be.
    let refused = socket("bind", |call| (call.local, call.peer, call.peer_untrusted) = (None, peer, true));
    assert_eq!((refused.local_port, refused.peer_port), (Some(80), None));
    assert_eq!(refused.actor.untrusted, ["network.local.address", "network.local.port"]);
}

#[test]
fn signals_have_their_number_wherever_the_call_has_it() {
    let sent = |name| match event(Call { args: [5, 6, 7, 8, 9, 10], ..call(name) }, actor()) {
        EventKind::SignalSent(act) => (act.signal, act.target),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent("kill"), (6, Some(5)));
    assert_eq!(sent("rt_sigqueueinfo"), (6, Some(5)));
    assert_eq!((sent("tgkill"), sent("rt_tgsigqueueinfo")), ((7, Some(5)), (7, Some(5))));
    assert_eq!(sent("pidfd_send_signal"), (6, None));
    let group = Call { args: [(-9i64) as u64, 9, 0, 0, 0, 0], ..call("kill") };
    let EventKind::SignalSent(act) = event(group, actor()) else { panic!() };
    assert_eq!(act.target, Some(-9));
}

#[test]
fn memory_is_where_the_kernel_put_it() {
    let at = |name| match event(Call { args: [1, 4096, 7, 0, 0, 0], result: 0x7000, ..call(name) }, actor()) {
        EventKind::WritableExecutable(act) => (act.address, act.bytes),
        other => panic!("{other:?}"),
    };
    assert_eq!((at("mmap"), at("mprotect")), ((0x7000, 4096), (1, 4096)));
}
