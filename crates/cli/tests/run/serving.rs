//! `serve`: a `wasi:http` proxy answers, as under `wasmtime serve`, and is seen.

use crate::side_by_side::module;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use wasmscope_testkit::{proxy, runtimes, wasmscope};

/// Answers with a line of text; traps when it is asked for `/trap`.
const PROXY: &str = include_str!("proxy.wat");

/// A server that ends with its test.
struct Server {
    child: Child,
    address: String,
    rest: Option<BufReader<std::process::ChildStderr>>,
}

impl Server {
    fn start(program: &Path, more: &[&str], module: &Path) -> Self {
        let mut child = Command::new(program)
            .args(["serve", "--addr", "127.0.0.1:0"])
            .args(more)
            .arg(module)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("Serving HTTP on http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.trim_end_matches('/').into(), child, rest: Some(stderr) }
    }

    /// The answer, without the date.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
    }

    /// Ends it as Ctrl-C does: status, and the rest of its standard error.
    fn stop(mut self) -> (Option<i32>, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let mut rest = String::new();
        self.rest.take().unwrap().read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_proxy_answers_the_same_and_is_seen() {
    let out = TempDir::new().unwrap();
    let path = out.path().join("proxy.wasm");
    fs::write(&path, proxy(PROXY)).unwrap();
    let events = out.path().join("events.jsonl");
    let ours = Server::start(&wasmscope(), &["--summary", "--events", events.to_str().unwrap()], &path);
    let answer = ours.get("/");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\n") && answer.contains("\nhello from the guest\n"),
        "{answer}"
    );
    let failed = ours.get("/trap");
    assert!(failed.starts_with("HTTP/1.1 500 "), "{failed}");
    match runtimes::wasmtime48() {
        Ok(wasmtime) => {
            let theirs = Server::start(wasmtime.program(), &["-S", "cli"], &path);
            assert_eq!(answer, theirs.get("/"));
            assert_eq!(failed.lines().next(), theirs.get("/trap").lines().next());
            theirs.stop();
        }
        Err(missing) => wasmscope_testkit::may_skip("serve", missing, false),
    }
    assert_eq!(ours.get("/"), answer);
    let (status, stderr) = ours.stop();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stderr.contains("wasm `unreachable` instruction executed"), "{stderr}");
    assert!(stderr.contains("instances 3") && stderr.contains("[static]response-outparam.set"), "{stderr}");
    let text = fs::read_to_string(events).unwrap();
    assert_eq!(text.matches("boundary.instance.ended").count(), 3);
    assert!(text.contains(r#""wasm.trap.code":"UnreachableCodeReached""#), "{text}");
}

#[test]
fn what_is_no_proxy_is_refused() {
    let (_dir, core) = module("(module)");
    let (_dir2, empty) = module("(component)");
    for (path, says) in [(core, "requires a component"), (empty, "wasi:http/incoming-handler")] {
        let output =
            Command::new(wasmscope()).args(["serve", "--addr", "127.0.0.1:0"]).arg(path).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}
