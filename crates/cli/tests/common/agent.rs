//! An agent with metrics, and a shell that starts what it is to watch.

// Each test binary uses its own part.
#![allow(dead_code)]

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};
use wasmscope_testkit::{wait_until, wasmscope};

/// Guards against hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// An agent that watches a shell, which starts what it is told to on its input.
pub(crate) struct Agent {
    agent: Child,
    pub(crate) address: SocketAddr,
    shell: Child,
    input: ChildStdin,
}

impl Agent {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With these options of `watch`.
    pub(crate) fn with(options: &[&str]) -> Self {
        Self::with_variables(options, &[])
    }

    /// With these options and environment variables.
    pub(crate) fn with_variables(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("/bin/sh")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = shell.stdin.take().unwrap();
        let mut agent = Command::new(wasmscope())
            .args(["watch", "--json", "--metrics", "127.0.0.1:0", "--scope", &format!("tree:{}", shell.id())])
            .args(options)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(agent.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        let address = said
            .trim()
            .strip_prefix("wasmscope: metrics at http://")
            .and_then(|s| s.strip_suffix("/metrics"));
        let address = address.unwrap_or_else(|| panic!("said {said:?}")).parse().unwrap();
        let agent = Self { agent, address, shell, input };
        assert!(wait_until(
            || agent.value("wasmscope_agent_probe_state{probe=\"calls\",state=\"active\"}") == Some(1.0),
            LONG
        ));
        agent
    }

    /// Has the shell start this, and go on at once.
    pub(crate) fn run(&mut self, command: &Command) {
        let mut line = String::new();
        for word in std::iter::once(command.get_program()).chain(command.get_args()) {
            write!(line, "'{}' ", word.to_str().unwrap().replace('\'', "'\\''")).unwrap();
        }
        self.say(&format!("{line}&\n"));
    }

    pub(crate) fn say(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    pub(crate) fn page(&self) -> String {
        get(self.address, "/metrics").unwrap_or_default()
    }

    /// The value of the first series that begins so.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        value(&self.page(), series)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // With all that it started.
        let group = rustix::process::Pid::from_child(&self.shell);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.shell.wait();
        let pid = rustix::process::Pid::from_child(&self.agent);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let status = self.agent.wait();
        if !std::thread::panicking() {
            assert_eq!(status.unwrap().code(), Some(0));
        }
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
}

pub(crate) fn value(page: &str, series: &str) -> Option<f64> {
    let line = page.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}
