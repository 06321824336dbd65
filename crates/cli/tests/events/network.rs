//! Sockets: who connected whom, from the kernel's own sockets; and what was asked of name servers.

use crate::{
    acting::{act, acts, assert_chain, check_attribution, only, untrusted},
    kit::{PATIENCE, Started, named, shell_line, watch_script},
};
use serde_json::Value;
use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    thread,
};
use wasmscope_testkit::{Runtime, component, require_root, require_runtime, runtimes};

/// The guest `net` with these arguments, one second after its start.
fn net(wasmtime: &Runtime, args: &[&str]) -> Started {
    let wasmtime = wasmtime.clone().option("-Sinherit-network");
    let command = wasmtime.command(&component("net"), ["pause", "1000"].iter().chain(args));
    Started::spawn(watch_script(&format!("exec {}", shell_line(&command))))
}

fn finish(watch: Started) -> Vec<Value> {
    let done = watch.finish();
    assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    check_attribution(&done.events());
    done.events()
}

fn endpoint(event: &Value, side: &str) -> Option<SocketAddr> {
    let ip: IpAddr = event[format!("network.{side}.address")].as_str()?.parse().unwrap();
    Some(SocketAddr::new(ip, u16::try_from(event[format!("network.{side}.port")].as_u64()?).unwrap()))
}

fn one<'a>(events: &'a [Value], name: &str) -> &'a Value {
    only(events, name, |event| event["event.name"] == name)
}

fn a_connection_has_both_ends(address: &str) {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let listener = TcpListener::bind((address, 0)).unwrap();
    let here = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, peer) = listener.accept().unwrap();
        let mut line = [0; 64];
        let read = stream.read(&mut line).unwrap();
        stream.write_all(&line[..read]).unwrap();
        peer
    });
    let events = finish(net(&wasmtime, &["tcp", address, &here.port().to_string()]));
    let guest = server.join().unwrap();
    let event = one(&events, "workload.network.connected");
    assert_eq!((&event["syscall.name"], &event["error.type"]), (&"connect".into(), &"EINPROGRESS".into()));
    assert_eq!(event["network.transport"], "tcp");
    assert_eq!((endpoint(event, "local"), endpoint(event, "peer")), (Some(guest), Some(here)), "{event:#}");
    assert_eq!(untrusted(event), [""; 0], "the kernel's own socket says it");
    assert_chain(event, &["connect_tcp", "tcp_client", "main"]);
}

#[test]
fn a_connection_is_told_with_both_ends_and_the_functions_that_asked_for_it() {
    require_root!();
    a_connection_has_both_ends("127.0.0.1");
}

#[test]
fn so_is_one_by_ipv6() {
    require_root!();
    if TcpListener::bind("[::1]:0").is_err() {
        return wasmscope_testkit::may_skip(module_path!(), "this host has no IPv6", false);
    }
    a_connection_has_both_ends("::1");
}

#[test]
fn a_refused_connection_has_its_peer() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    // Bound and not listening: nobody else can take the port meanwhile.
    let holder = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let events = finish(net(&wasmtime, &["refused", "127.0.0.1", &port.to_string()]));
    let event = one(&events, "workload.network.connected");
    let error = event["error.type"].as_str().unwrap();
    assert!(["ECONNREFUSED", "EINPROGRESS"].contains(&error), "{event:#}");
    assert_eq!(
        (&event["network.peer.address"], &event["network.peer.port"]),
        (&"127.0.0.1".into(), &port.into())
    );
    assert_eq!(event.get("syscall.result"), None);
    assert_ne!(event["network.local.port"], 0, "no port is none");
}

#[test]
fn a_server_binds_listens_and_accepts() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let watch = net(&wasmtime, &["listen", "127.0.0.1", "0"]);
    let told = watch.wait_for("listening", |events| !named(events, "workload.network.listening").is_empty());
    // The guest asked for any port: only the kernel's socket knows which.
    let place = endpoint(one(&told, "workload.network.bound"), "local").expect("a port");
    let mut client = TcpStream::connect(place).unwrap();
    client.write_all(b"hello\n").unwrap();
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    let here = client.local_addr().unwrap();
    let events = finish(watch);
    let names = ["workload.network.bound", "workload.network.listening", "workload.network.accepted"];
    for (name, call) in names.into_iter().zip(["bind", "listen", "accept4"]) {
        let event = one(&events, name);
        assert_eq!((&event["syscall.name"], &event["network.transport"]), (&call.into(), &"tcp".into()));
        assert_eq!(endpoint(event, "local"), Some(place), "{event:#}");
        assert_eq!(untrusted(event), [""; 0]);
        assert_chain(event, &["tcp_server", "main"]);
    }
    assert_eq!(endpoint(one(&events, names[2]), "peer"), Some(here));
    assert_eq!(endpoint(one(&events, names[1]), "peer"), None);
}

/// Sends from three threads, by all three calls, a thousand times in all.
const DATAGRAMS: &str = "
first, second = PORTS
plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def send():
    for n in range(250):
        plain.sendto(b'x', ('127.0.0.1', first))
threads = [threading.Thread(target=send) for n in range(3)]
for t in threads: t.start()
for t in threads: t.join()
for n in range(250): plain.sendmsg([b'x'], [], 0, ('127.0.0.1', first))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.sendto(b'x', ('127.0.0.1', second))
";

#[test]
fn a_peer_of_datagrams_is_told_once_however_many_there_are() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let ports = sockets.each_ref().map(|socket| socket.local_addr().unwrap().port());
    let events = act(&python, &DATAGRAMS.replace("PORTS", &format!("{ports:?}")));
    let told = named(&events, "workload.network.peer");
    for port in ports {
        let of_port = told.iter().filter(|e| e["network.peer.port"] == port).count();
        // Threads may come first together.
        assert!((1..=3).contains(&of_port), "{port}: {told:#?}");
    }
    let second = only(&events, "second", |e| e["network.peer.port"] == ports[1]);
    assert_eq!((&second["network.transport"], &second["syscall.name"]), (&"udp".into(), &"sendto".into()));
    assert_eq!(
        untrusted(second),
        ["network.peer.address", "network.peer.port"],
        "the call's argument says it"
    );
    assert_chain(second, &["misbehave"]);
}

#[test]
fn the_guest_sends_a_datagram() {
    require_root!();
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let here = socket.local_addr().unwrap();
    let events = finish(net(&wasmtime, &["sendto", "127.0.0.1", &here.port().to_string()]));
    let event = one(&events, "workload.network.peer");
    let (_, guest) = socket.recv_from(&mut [0; 64]).unwrap();
    assert_eq!((endpoint(event, "local"), endpoint(event, "peer")), (Some(guest), Some(here)), "{event:#}");
    assert_chain(event, &["send_datagram", "udp_client", "main"]);
}

/// A name server on the port that makes it one, at an address of its own.
fn name_server() -> Result<UdpSocket, String> {
    let socket = UdpSocket::bind("127.53.87.83:53").map_err(|e| format!("port 53 cannot be had: {e}"))?;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    Ok(socket)
}

#[test]
fn questions_to_name_servers_are_told_and_other_datagrams_there_too() {
    require_root!();
    let (wasmtime, python) =
        (require_runtime!(runtimes::wasmtime()), require_runtime!(runtimes::python_wasmtime()));
    let server = match name_server() {
        Ok(server) => server,
        Err(reason) => return wasmscope_testkit::may_skip(module_path!(), reason, false),
    };
    let answering = thread::spawn(move || {
        let mut question = [0; 512];
        let (bytes, guest) = server.recv_from(&mut question).unwrap();
        server.send_to(&question[..bytes], guest).unwrap();
        server
    });
    let events = finish(net(&wasmtime, &["dns", "127.53.87.83", "53", "secrets.example.org"]));
    let _server = answering.join().unwrap();
    let asked = one(&events, "workload.dns.asked");
    assert_eq!(
        (&asked["dns.question.name"], &asked["dns.question.type"]),
        (&"secrets.example.org".into(), &"A".into())
    );
    assert_eq!(endpoint(asked, "peer"), Some("127.53.87.83:53".parse().unwrap()));
    assert_eq!(untrusted(asked), ["dns.question.name", "dns.question.type"], "the socket is connected");
    assert_chain(asked, &["send_datagram", "udp_client", "dns_client", "main"]);

    let code = r"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to = ('127.53.87.83', 53)
s.sendto(b'\xff' * 20, to)
s.sendto(b'', to)
s.sendto(b'\x57\x53\x01\0\0\1\0\0\0\0\0\0' + b'\xc0\x0c' + b'\0\1\0\1', to)
s.sendto(b'\x57\x53\x01\0\0\1\0\0\0\0\0\0' + b'\x04\x1b[2J\x02\n\xff\0' + b'\0\x1c\0\1', to)
";
    let events = act(&python, code);
    let asked = named(&events, "workload.dns.asked");
    let names: Vec<_> = asked.iter().map(|event| event["dns.question.name"].as_str()).collect();
    // Each datagram is told: it leaves the host, whatever it says. A name that points to itself is none.
    assert_eq!(names, [None, None, None, Some("\u{1b}[2J.\n\u{fffd}")], "{asked:#?}");
    assert_eq!(asked[3]["dns.question.type"], "AAAA");
    assert_eq!(untrusted(asked[0]), ["network.peer.address", "network.peer.port"]);
    assert_eq!(acts(&events).filter(|e| e["network.peer.port"] == 53).count(), 4);
}

#[test]
fn local_sockets_have_paths_and_refused_binds_say_what_was_wanted() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let code = "
def attempt(work):
    try: work()
    except OSError: pass
u = socket.socket(socket.AF_UNIX)
attempt(lambda: u.connect('/nonexistent/docker.sock'))
attempt(lambda: socket.socket().bind(('192.0.2.1', 4242)))
socket.socket().bind(('127.0.0.1', 0))
# Nothing to accept is nothing to tell.
server = socket.create_server(('127.0.0.1', 0))
server.setblocking(False)
for n in range(3): attempt(server.accept)
";
    let events = act(&python, code);
    let local = one(&events, "workload.network.connected");
    assert_eq!(
        (&local["network.socket.path"], &local["error.type"]),
        (&"/nonexistent/docker.sock".into(), &"ENOENT".into())
    );
    assert_eq!(
        (&local["network.transport"], untrusted(local)),
        (&"unix".into(), vec!["network.socket.path"])
    );
    assert_eq!(named(&events, "workload.network.accepted"), [] as [&Value; 0]);
    assert_eq!(named(&events, "workload.network.listening").len(), 1);
    let [refused, bound, _] = named(&events, "workload.network.bound")[..] else { panic!("{events:#?}") };
    assert_eq!(
        (endpoint(refused, "local"), &refused["error.type"]),
        (Some("192.0.2.1:4242".parse().unwrap()), &"EADDRNOTAVAIL".into())
    );
    assert_eq!(untrusted(refused), ["network.local.address", "network.local.port"]);
    assert!(endpoint(bound, "local").is_some() && untrusted(bound).is_empty(), "{bound:#}");
}
