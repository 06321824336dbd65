//! The catalogue of guests builds, and is what it says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::Duration;

use wasmparser::{KnownCustom, Name, Parser, Payload, Validator};
use wasmscope_testkit::{
    REAL_GUESTS, Running, component, find_guest, guest, guest_names, real_guest, require_runtime, runtimes,
    wait_until, workspace_root,
};

/// Generous: compiling takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn every_guest_is_a_valid_module_with_a_readme() {
    let table = std::fs::read_to_string(workspace_root().join("workloads/README.md")).unwrap();
    for name in guest_names() {
        let bytes = std::fs::read(guest(&name)).unwrap();
        Validator::new().validate_all(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let readme = find_guest(&name).unwrap().with_file_name("README.md");
        assert!(readme.is_file(), "{name} has no README.md");
        assert!(table.contains(&format!("| `{name}` |")), "{name} is not in workloads/README.md");
    }
}

#[test]
fn every_guest_becomes_a_component() {
    // The adapter needs a memory to put its answers into, which is not shared, and knows no imports but those of WASI.
    let without = ["no-memory", "counter-thread", "process-spawner"];
    for name in guest_names().iter().filter(|name| !without.contains(&name.as_str())) {
        let bytes = std::fs::read(component(name)).unwrap();
        assert!(Parser::is_component(&bytes), "{name}");
    }
}

#[test]
fn guests_keep_their_function_names() {
    for (name, functions) in [
        ("spin", ["_start", "run", "inner"]),
        ("files", ["write_file", "read_back", "remove_file"]),
        ("busy-files", ["main", "work", "create_files"]),
        ("pwrites", ["main", "write_bytes", "now"]),
        ("opens", ["main", "open_and_close", "now"]),
        ("net", ["main", "tcp_client", "connect_tcp"]),
    ] {
        let found = function_names(&std::fs::read(guest(name)).unwrap());
        for function in functions {
            assert!(found.iter().any(|found| found == function), "{name} has no function {function}");
        }
    }
}

#[test]
fn hostile_names_are_read_up_to_the_one_that_is_not_utf8() {
    let names = function_names(&std::fs::read(guest("hostile-names")).unwrap());
    assert_eq!(names.len(), 8);
    assert!(names.iter().any(|name| name.contains('\x1b')));
    assert!(names.iter().any(|name| name.contains('\n')));
    assert_eq!(names.iter().map(String::len).max(), Some(1 << 20));
}

#[test]
fn a_guest_that_did_not_change_is_not_built_again() {
    let built = || std::fs::metadata(guest("hello")).unwrap().modified().unwrap();
    assert_eq!(built(), built());
}

#[test]
fn busy_files_sees_what_it_should_and_leaves_nothing() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("busy-input.txt"), "the caller's").unwrap();
    let (code, output) = run(wasmtime.dir(dir.path()).command(&guest("busy-files"), ["2", "pause", "10"]));
    assert_eq!(code, 0, "{output}");
    for line in ["create: ok", "symlink: ok", "open missing: ENOENT", "open outside: EPERM"] {
        assert_eq!(output.lines().filter(|found| *found == line).count(), 2, "{line} in {output}");
    }
    assert!(output.ends_with("surprises: 0\n"), "{output}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "only the caller's file is there");
}

#[test]
fn counting_guests_print_the_time_they_took() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let dir = tempfile::tempdir().unwrap();
    for (name, args) in [("pwrites", vec!["100"]), ("opens", vec!["100"]), ("opens", vec!["100", "keep"])] {
        let (code, output) = run(wasmtime.clone().dir(dir.path()).command(&guest(name), args));
        assert_eq!(code, 0, "{name}: {output}");
        assert!(output.trim().parse::<u64>().is_ok_and(|elapsed| elapsed > 0), "{name}: {output}");
    }
    assert!(dir.path().join("wasmscope-opens.txt").is_file(), "kept");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn traps_trap_in_the_function_they_say() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let traps = guest("traps");
    for (mode, function, message) in [
        ("unreachable", "unreachable_inner", "wasm `unreachable` instruction executed"),
        ("oob", "oob_inner", "out of bounds memory access"),
        ("oob-table", "oob_table_inner", "undefined element: out of bounds table access"),
        ("div0", "div0_inner", "integer divide by zero"),
        ("div-overflow", "div_overflow_inner", "integer overflow"),
        ("nan", "nan_inner", "invalid conversion to integer"),
        ("overflow", "overflow_inner", "integer overflow"),
        ("null-call", "null_call_inner", "uninitialized element"),
        ("bad-signature", "bad_signature_inner", "indirect call type mismatch"),
        ("stack", "recurse", "call stack exhausted"),
    ] {
        let (code, output) = run(wasmtime.command(&traps, [mode]));
        assert_eq!(code, 134, "{mode}: {output}");
        assert!(output.contains(&format!("wasm trap: {message}\n")), "{mode}: {output}");
        let innermost = output.lines().find(|line| line.contains("traps!")).unwrap_or_default();
        assert!(innermost.ends_with(&format!("traps!{function}")), "{mode}: {output}");
    }
    assert_eq!(run(wasmtime.command(&traps, ["none of these"])).0, 2);
}

#[test]
fn net_talks_tcp_both_ways() {
    let wasmtime = require_runtime!(runtimes::wasmtime()).option("-Sinherit-network");
    for address in ["127.0.0.1", "::1"] {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut guest = Running::spawn(wasmtime.command(&component("net"), ["tcp", address, &port]));
        let (mut peer, _) = listener.accept().unwrap();
        assert_eq!(read_some(&mut peer), "hello from the guest `net`\n");
        peer.write_all(b"and back\n").unwrap();
        assert_eq!(guest.exit_code(PATIENCE), 0, "{}", guest.output());
        assert_eq!(guest.output(), "connect: ok\nsend: ok\nreceive: and back\n");

        drop((peer, listener));
        let refused = run(wasmtime.command(&component("net"), ["refused", address, &port]));
        assert_eq!(refused, (0, "connect: connection-refused\n".to_owned()));

        // The port was free a moment ago.
        let mut guest = Running::spawn(wasmtime.command(&component("net"), ["listen", address, &port]));
        assert!(wait_until(|| guest.output().contains("listen: ok"), PATIENCE), "{}", guest.output());
        let mut peer = TcpStream::connect((address, port.parse().unwrap())).unwrap();
        peer.write_all(b"echo\n").unwrap();
        assert_eq!(read_some(&mut peer), "echo\n");
        assert_eq!(guest.exit_code(PATIENCE), 0, "{}", guest.output());
    }
}

#[test]
fn net_sends_datagrams_and_asks_for_names() {
    let wasmtime = require_runtime!(runtimes::wasmtime()).option("-Sinherit-network");
    for (address, mode) in
        [("127.0.0.1", "udp"), ("127.0.0.1", "sendto"), ("::1", "sendto"), ("127.0.0.9", "dns")]
    {
        let socket = UdpSocket::bind((address, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let port = socket.local_addr().unwrap().port().to_string();
        let args = [mode, address, &port, "www.example.test"];
        let mut guest = Running::spawn(wasmtime.command(&component("net"), args));
        let mut datagram = [0; 512];
        let (length, from) = socket.recv_from(&mut datagram).unwrap();
        if mode == "dns" {
            assert_eq!(datagram[12..length], *b"\x03www\x07example\x04test\0\0\x01\0\x01");
            socket.send_to(&datagram[..length], from).unwrap();
        } else {
            assert_eq!(datagram[..length], *b"hello from the guest `net`\n");
        }
        assert_eq!(guest.exit_code(PATIENCE), 0, "{mode}: {}", guest.output());
    }
}

#[test]
fn net_is_refused_by_the_runtime_and_keeps_to_loopback() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    let net = component("net");
    let denied = run(wasmtime.command(&net, ["tcp", "127.0.0.1", "1"]));
    assert_eq!(denied, (1, "socket: access-denied\n".to_owned()));
    let wasmtime = wasmtime.option("-Sinherit-network");
    // An address that is reserved for documentation.
    let (code, output) = run(wasmtime.command(&net, ["tcp", "192.0.2.1", "1"]));
    assert!(code != 0 && output.starts_with("usage:"), "{output}");
}

/// Success of an act that depends on the kernel and on who asks is not checked, only that
/// the host survives it.
#[test]
fn the_misbehaving_host_does_what_it_is_told() {
    let python = require_runtime!(runtimes::python_wasmtime());
    let sure = ["wx", "memfd", "memfd-exec", "exec", "fork", "unshare", "setuid", "capset", "kill"];
    let unsure = ["ptrace", "vm", "procmem", "setns", "bpf", "module", "io_uring", "int80", "shadow"];
    let refused = ["mount", "perf"];
    let acts = [&sure[..], &unsure, &refused].concat();
    let args = ["--delay", "0"].iter().chain(&acts);
    let (code, output) = run(python.script_command("python/misbehaving_host.py", args));
    assert_eq!(code, 0, "{output}");
    let lines: Vec<_> = output.lines().collect();
    assert!(lines[0].starts_with("ready "), "{output}");
    assert_eq!(lines.len(), 1 + acts.len(), "{output}");
    for (line, act) in lines[1..].iter().zip(&acts) {
        let [name, _, outcome] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert_eq!(name, *act);
        assert!(outcome == "ok" || !sure.contains(act), "{line}");
        assert!(outcome != "ok" || !refused.contains(act), "{line}");
    }
}

#[test]
fn real_guests_do_their_jobs() {
    let wasmtime = require_runtime!(runtimes::wasmtime());
    for (name, product) in [("cpython", "report.json"), ("quickjs", "picture.txt"), ("resvg", "picture.png")]
    {
        let guest = require_runtime!(real_guest(name));
        let dir = tempfile::tempdir().unwrap();
        let (code, output) = run(guest.job(&wasmtime, dir.path()));
        assert_eq!(code, 0, "{name}: {output}");
        assert!(dir.path().join(product).is_file(), "{name} left no {product}");
    }
    assert_eq!(REAL_GUESTS.len(), 3, "each has been tried");
}

/// The exit code and everything that was printed.
fn run(command: Command) -> (i32, String) {
    let mut process = Running::spawn(command);
    let code = process.exit_code(PATIENCE);
    (code, process.output())
}

/// What comes first; the peer sends one short message at a time.
fn read_some(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = [0; 256];
    let length = stream.read(&mut buffer).unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

/// Function names up to the first that cannot be read.
fn function_names(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload.unwrap() else { continue };
        let KnownCustom::Name(subsections) = section.as_known() else { continue };
        for subsection in subsections {
            if let Ok(Name::Function(functions)) = subsection {
                let readable = functions.into_iter().map_while(Result::ok);
                names.extend(readable.map(|naming| naming.name.to_owned()));
            }
        }
    }
    names
}
