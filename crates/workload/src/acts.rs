//! What a system call means: the kernel's record as an event. Pure.

use std::net::IpAddr;
use wasmscope_model::{
    EventKind,
    activity::{Actor, CallAct, DnsAct, FileAct, MemoryAct, NetworkAct, Outcome, SignalAct, Word},
    call::{AF_UNIX, Address, Call, KernelPath, Text},
    text::lossy_within,
};

/// Longest text kept, in bytes (PATH_MAX).
const MOST_TEXT_BYTES: usize = 4096;
/// The port of name servers.
const DNS_PORT: u16 = 53;

/// The event that `call` is, done by `actor`, whose `untrusted` is filled here.
pub(crate) fn event(call: Call, actor: Actor) -> EventKind {
    match call.name.as_ref() {
        "open" | "openat" | "openat2" | "creat" if call.created => EventKind::Created(file(call, actor)),
        "open" | "openat" | "openat2" | "creat" => EventKind::Opened(file(call, actor)),
        "mkdir" | "mkdirat" | "mknod" | "mknodat" => EventKind::Created(file(call, actor)),
        "unlink" | "unlinkat" | "rmdir" => EventKind::Removed(file(call, actor)),
        "rename" | "renameat" | "renameat2" => EventKind::Renamed(file(call, actor)),
        "link" | "linkat" | "symlink" | "symlinkat" => EventKind::Linked(file(call, actor)),
        "truncate" => EventKind::Truncated(file(call, actor)),
        "connect" if transport(&call).as_deref() == Some("udp") => peer(call, actor),
        "connect" => EventKind::Connected(network(call, actor)),
        "accept" | "accept4" => EventKind::Accepted(network(call, actor)),
        "bind" => EventKind::Bound(bound(call, actor)),
        "listen" => EventKind::Listening(network(call, actor)),
        "sendto" | "sendmsg" | "sendmmsg" => peer(call, actor),
        "mmap" | "mprotect" | "pkey_mprotect" => EventKind::WritableExecutable(memory(&call, actor)),
        "kill" | "tgkill" | "rt_sigqueueinfo" | "rt_tgsigqueueinfo" | "pidfd_send_signal" => {
            EventKind::SignalSent(signal(&call, actor))
        }
        _ => EventKind::Sensitive(sensitive(call, actor)),
    }
}

fn outcome(call: &Call) -> Outcome {
    let name = if call.name.is_empty() {
        Word::Owned(format!("syscall_{}", call.number))
    } else {
        call.name.clone()
    };
    let result = call.error.is_none().then_some(call.result);
    Outcome { call: name, result, error: call.error.clone() }
}

fn shown(text: &Text) -> String {
    let mut shown = lossy_within(&text.bytes, MOST_TEXT_BYTES);
    if text.cut && !shown.ends_with('…') {
        shown.push('…');
    }
    shown
}

fn shown_path(path: &KernelPath) -> String {
    let shown = lossy_within(&path.bytes, MOST_TEXT_BYTES);
    // The walk up ended before the root: the start is missing.
    if path.complete || path.nameless { shown } else { format!("…{shown}") }
}

fn file(call: Call, mut actor: Actor) -> FileAct {
    let flags = open_flags(&call);
    let [requested, target] = &call.texts;
    // A symbolic link's first text is what it says, which is relative to where the link is, not to a directory.
    let is_symlink = call.name.starts_with("symlink");
    let directory = |path: &Option<KernelPath>, text: &Option<Text>| {
        let relative = text.as_ref().is_some_and(|t| t.bytes.first() != Some(&b'/'));
        path.as_ref().filter(|_| relative).map(shown_path)
    };
    if requested.is_some() {
        actor.untrusted.push("file.path.requested".into());
    }
    if target.is_some() {
        actor.untrusted.push("file.target_path".into());
    }
    let resolved = call.paths[0].as_ref().filter(|_| call.resolved);
    const RESOLVE_CONFINED: u64 = 0x08 | 0x10; // RESOLVE_BENEATH, RESOLVE_IN_ROOT (linux/openat2.h)
    let confined = match call.name.as_ref() {
        "openat2" => call.how.map(|[_, _, resolve]| resolve & RESOLVE_CONFINED != 0),
        // These have no way to ask for it.
        "open" | "openat" | "creat" => Some(false),
        _ => None,
    };
    // `struct open_how` stands in memory, where other opens have registers.
    if call.name == "openat2" && call.how.is_some() {
        actor.untrusted.extend(["file.open.flags".into(), "file.open.confined".into()]);
    }
    FileAct {
        outcome: outcome(&call),
        // Pipes, sockets and namespaces have no name but what is made up for those who ask: `/`, or none.
        path: resolved
            .filter(|path| !path.nameless || !matches!(path.bytes.as_slice(), b"" | b"/"))
            .map(shown_path),
        requested: requested.as_ref().map(shown),
        directory: if call.resolved || is_symlink { None } else { directory(&call.paths[0], requested) },
        target: target.as_ref().map(shown),
        target_directory: directory(&call.paths[1], target),
        flags,
        beneath: resolved.map(|path| path.beneath),
        confined,
        system: resolved.and_then(|_| file_system(call.fs_magic)),
        actor,
    }
}

/// What an open was for, in words.
fn open_flags(call: &Call) -> Vec<Word> {
    let flags = match call.name.as_ref() {
        "open" => call.args[1],
        "openat" => call.args[2],
        "openat2" => match call.how {
            Some([flags, ..]) => flags,
            None => return Vec::new(),
        },
        "creat" => (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC) as u64,
        _ => return Vec::new(),
    };
    let flags = flags as i32;
    let mut words = Vec::new();
    match flags & libc::O_ACCMODE {
        libc::O_WRONLY => words.push("write".into()),
        libc::O_RDWR => words.extend([Word::from("read"), "write".into()]),
        _ if flags & libc::O_PATH == 0 => words.push("read".into()),
        _ => {}
    }
    for (flag, word) in [
        (libc::O_APPEND, "append"),
        (libc::O_CREAT, "create"),
        (libc::O_EXCL, "exclusive"),
        (libc::O_TRUNC, "truncate"),
        (libc::O_DIRECTORY, "directory"),
        (libc::O_NOFOLLOW, "no_follow"),
        (libc::O_PATH, "path"),
    ] {
        if flags & flag == flag {
            words.push(word.into());
        }
    }
    words
}

/// File systems that are windows into the kernel rather than storage (linux/magic.h).
fn file_system(magic: u64) -> Option<Word> {
    Some(Word::from(match magic {
        0x9fa0 => "proc",
        0x6265_6572 => "sysfs",
        0x0027_e0eb | 0x6367_7270 => "cgroup",
        0x1cd1 => "devpts",
        0x6462_6720 => "debugfs",
        0x7472_6163 => "tracefs",
        0x7363_6673 => "securityfs",
        0xcafe_4a11 => "bpf",
        0x1980_0202 => "mqueue",
        0x6e73_6673 => "nsfs",
        _ => return None,
    }))
}

fn transport(call: &Call) -> Option<Word> {
    let family = call.local.or(call.peer)?.family;
    Some(match (family, call.protocol) {
        (AF_UNIX, _) => "unix".into(),
        (_, 6) => "tcp".into(),
        (_, 17) => "udp".into(),
        (_, 0) => return None,
        (_, other) => Word::Owned(other.to_string()),
    })
}

fn set(address: Option<Address>) -> (Option<IpAddr>, Option<u16>) {
    match address.filter(|address| !address.is_unset()) {
        Some(address) => (address.ip, Some(address.port).filter(|port| *port != 0)),
        None => (None, None),
    }
}

fn network(call: Call, mut actor: Actor) -> NetworkAct {
    let (local_address, local_port) = set(call.local);
    let (peer_address, peer_port) = set(call.peer);
    let path = call.texts[0].as_ref().filter(|_| transport(&call).as_deref() == Some("unix")).map(shown);
    if call.peer_untrusted {
        let fields: [(&str, bool); 3] = [
            ("network.peer.address", peer_address.is_some()),
            ("network.peer.port", peer_port.is_some()),
            ("network.socket.path", path.is_some()),
        ];
        actor
            .untrusted
            .extend(fields.into_iter().filter(|(_, there)| *there).map(|(name, _)| Word::from(name)));
    }
    NetworkAct {
        actor,
        outcome: outcome(&call),
        transport: transport(&call),
        local_address,
        local_port,
        peer_address,
        peer_port,
        path,
    }
}

/// The address of a refused bind was read where a peer's is.
fn bound(mut call: Call, actor: Actor) -> NetworkAct {
    if !call.peer_untrusted {
        call.peer = None;
        return network(call, actor);
    }
    call.local = call.peer.take();
    let mut act = network(call, actor);
    let read = [
        ("network.local.address", act.local_address.is_some()),
        ("network.local.port", act.local_port.is_some()),
    ];
    act.actor
        .untrusted
        .extend(read.into_iter().filter(|(_, there)| *there).map(|(name, _)| Word::from(name)));
    act
}

fn peer(call: Call, actor: Actor) -> EventKind {
    if call.peer.is_none_or(|peer| peer.port != DNS_PORT) || call.name == "connect" {
        return EventKind::Peer(network(call, actor));
    }
    let question = call.texts[0].as_ref().and_then(|datagram| question(&datagram.bytes));
    let mut network = network(call, actor);
    let (name, record_type) = question.unzip();
    if name.is_some() {
        network.actor.untrusted.extend(["dns.question.name".into(), "dns.question.type".into()]);
    }
    EventKind::Asked(DnsAct { network, name, record_type })
}

/// Name and type of the first question of a DNS message (RFC 1035, section 4.1).
fn question(datagram: &[u8]) -> Option<(String, Word)> {
    let packet = simple_dns::Packet::parse(datagram).ok()?;
    let question = packet.questions.first()?;
    let record_type = match question.qtype {
        simple_dns::QTYPE::TYPE(record) => Word::Owned(format!("{record:?}")),
        other => Word::Owned(format!("{other:?}")),
    };
    Some((lossy_within(question.qname.to_string().as_bytes(), MOST_TEXT_BYTES), record_type))
}

fn memory(call: &Call, actor: Actor) -> MemoryAct {
    // mmap returns the address, the others are told it.
    let address = if call.name == "mmap" { call.result as u64 } else { call.args[0] };
    MemoryAct { actor, outcome: outcome(call), address, bytes: call.args[1] }
}

fn signal(call: &Call, actor: Actor) -> SignalAct {
    let number = if call.name.contains("tg") { call.args[2] } else { call.args[1] };
    let target = (call.name != "pidfd_send_signal").then_some(call.args[0] as i32);
    SignalAct { actor, outcome: outcome(call), signal: number as i32, target }
}

fn sensitive(call: Call, mut actor: Actor) -> CallAct {
    let texts: Vec<_> = call.texts.iter().flatten().map(shown).collect();
    if !texts.is_empty() {
        actor.untrusted.push("syscall.texts".into());
    }
    CallAct {
        actor,
        outcome: outcome(&call),
        arguments: call.args.iter().map(|argument| format!("{argument:#x}")).collect(),
        texts,
        foreign_abi: call.compat,
    }
}

#[cfg(test)]
mod tests;
