//! A real Prometheus that scrapes what a test serves.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{Running, wait_until};

const PROMETHEUS: &str = "/usr/bin/prometheus";
const PROMTOOL: &str = "/usr/bin/promtool";
const START: Duration = Duration::from_secs(30);
const REQUEST: Duration = Duration::from_secs(10);

/// Why there is none, and how to get it; `None` where it is installed.
pub fn missing() -> Option<String> {
    let absent = [PROMETHEUS, PROMTOOL].into_iter().find(|program| !Path::new(program).exists())?;
    Some(format!("there is no {absent}: tools/setup.sh prometheus"))
}

/// What `promtool check metrics` says of a page in the Prometheus text format: its errors, then
/// its advice. Nothing when there is nothing to complain about.
///
/// # Panics
///
/// When promtool cannot be run.
pub fn check_metrics(page: &str) -> String {
    let mut promtool = Command::new(PROMTOOL)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starting promtool");
    let mut stdin = promtool.stdin.take().expect("its input is a pipe");
    let page = page.to_owned();
    // From a thread: it may write before it has read everything.
    let feeding = thread::spawn(move || stdin.write_all(page.as_bytes()));
    let output = promtool.wait_with_output().expect("waiting for promtool");
    // When it ends early, what it says tells why.
    let _ = feeding.join();
    let mut says = String::from_utf8_lossy(&output.stderr).into_owned();
    says.push_str(&String::from_utf8_lossy(&output.stdout));
    if says.is_empty() && !output.status.success() {
        says = output.status.to_string();
    }
    says
}

/// What promtool says when it is run with these arguments, or what it complains of.
///
/// # Errors
///
/// It failed: what it said, and how it ended.
///
/// # Panics
///
/// When promtool cannot be run.
pub fn promtool(args: &[&str]) -> Result<String, String> {
    let output = Command::new(PROMTOOL).args(args).output().expect("starting promtool");
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    if output.status.success() { Ok(said) } else { Err(format!("{said}{}", output.status)) }
}

/// A running Prometheus with a configuration and data of its own; ended when dropped.
#[derive(Debug)]
pub struct Prometheus {
    process: Running,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it on a free port of the loopback, scraping `/metrics` of each target twice a second as
    /// job `test`.
    ///
    /// # Panics
    ///
    /// When it is [`missing`], or does not become ready.
    pub fn scraping(targets: &[SocketAddr]) -> Self {
        Self::with_rules(targets, &[])
    }

    /// The same with these files of rules, which are evaluated every second.
    ///
    /// # Panics
    ///
    /// As [`scraping`](Self::scraping).
    pub fn with_rules(targets: &[SocketAddr], rules: &[&str]) -> Self {
        let folder = TempDir::with_prefix("prometheus-").expect("creating a folder for Prometheus");
        let targets: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
        let config = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}}\n\
             rule_files: ['{}/rules-*.yml']\n\
             scrape_configs: [{{job_name: test, static_configs: [{{targets: [{}]}}]}}]\n",
            folder.path().display(),
            targets.join(", ")
        );
        for (number, rules) in rules.iter().enumerate() {
            fs::write(folder.path().join(format!("rules-{number}.yml")), rules).expect("writing rules");
        }
        let config_file = folder.path().join("prometheus.yml");
        fs::write(&config_file, config).expect("writing the configuration of Prometheus");
        let address = free_address();
        let mut command = Command::new(PROMETHEUS);
        command
            .arg("--config.file")
            .arg(&config_file)
            .arg("--storage.tsdb.path")
            .arg(folder.path().join("data"))
            .arg(format!("--web.listen-address={address}"));
        let process = Running::spawn(command);
        let prometheus = Self { process, address, _folder: folder };
        let ready = || prometheus.get("/-/ready").is_some_and(|answer| answer.starts_with("HTTP/1.0 200 "));
        assert!(wait_until(ready, START), "Prometheus is not ready:\n{}", prometheus.log());
        prometheus
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.process.output()
    }

    /// The JSON that `/api/v1/query` answers to this PromQL.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub fn query(&self, promql: &str) -> String {
        let mut path = String::from("/api/v1/query?query=");
        for byte in promql.bytes() {
            if byte.is_ascii_alphanumeric() {
                path.push(char::from(byte));
            } else {
                path.push_str(&format!("%{byte:02X}"));
            }
        }
        let answer = self.get(&path).unwrap_or_else(|| panic!("Prometheus is gone:\n{}", self.log()));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        body.to_owned()
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(REQUEST)).ok()?;
        // HTTP/1.0: the answer comes in one piece and ends with the connection.
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }
}

/// Nobody else is likely to take the port in the moment before Prometheus does, which cannot be
/// handed a socket and does not tell which port the kernel chose.
fn free_address() -> SocketAddr {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on the loopback");
    probe.local_addr().expect("a bound socket has an address")
}
