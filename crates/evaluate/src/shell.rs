//! A shell that runs guests for us: what is watched is its process and what it starts.

use crate::process::{Group, Tail, each_line, lock, now_ns, wait_until};
use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What is kept of guests' standard error, bytes.
const STDERR_BYTES: usize = 64 * 1024;
/// Most answers of the shell that are kept.
const MOST_ANSWERS: usize = 1024;
/// Largest file that a guest may write, in the 512-byte blocks of `ulimit -f`: 1 GiB.
const FILE_BLOCKS: u64 = 2 << 20;

/// A command, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) words: Vec<String>,
    /// How often at the same time.
    pub(crate) times: usize,
    /// Descriptors that a process may have.
    pub(crate) open_files: Option<u64>,
}

impl Job {
    /// Lines for a shell: all at once, each with its status, and a word when all have ended.
    fn script(&self) -> String {
        let mut script = String::from("(");
        if let Some(most) = self.open_files {
            let _ = write!(script, "ulimit -n {most}; ");
        }
        let command = line(&self.words);
        for _ in 0..self.times {
            // Quiet: a shell that tells of a killed child would be taken for the guest.
            let _ = write!(script, "{{ {command} </dev/null >/dev/null; echo s $?; }} & ");
        }
        script.push_str("wait); echo done\n");
        script
    }
}

/// Words as a line of shell.
pub(crate) fn line(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    /// When it was started, `CLOCK_MONOTONIC`.
    pub(crate) began_ns: u64,
    /// How long it took, seconds.
    pub(crate) seconds: f64,
    /// Exit statuses, as shells have them.
    pub(crate) statuses: Vec<u8>,
    /// Whether its time was over, so that it was killed.
    pub(crate) hung: bool,
    /// The last of what it wrote to standard error.
    pub(crate) stderr: String,
}

#[derive(Debug, Default)]
struct Answers {
    statuses: Vec<u8>,
    done: Option<u64>,
}

/// A shell in a directory.
#[derive(Debug)]
pub(crate) struct Shell {
    group: Group,
    input: ChildStdin,
    answers: Arc<Mutex<Answers>>,
    stderr: Tail,
}

impl Shell {
    /// Starts it. Guests find their `HOME` and temporary files in `home`.
    pub(crate) fn start(directory: &Path, home: &Path) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .current_dir(directory)
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            // Runtimes written in Rust would bury the message of a trap in traces of themselves.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut group = Group::spawn(&mut command)?;
        let missing = || io::Error::other("a pipe is missing");
        let mut input = group.child.stdin.take().ok_or_else(missing)?;
        let output = group.child.stdout.take().ok_or_else(missing)?;
        let stderr = Tail::follow(group.child.stderr.take().ok_or_else(missing)?, STDERR_BYTES);
        let answers = Arc::new(Mutex::new(Answers::default()));
        let taken = Arc::clone(&answers);
        thread::spawn(move || {
            each_line(output, 64, |at, line| {
                let mut answers = lock(&taken);
                match std::str::from_utf8(line).map(str::trim) {
                    Ok("done") => answers.done = Some(at),
                    Ok(line) if answers.statuses.len() < MOST_ANSWERS => {
                        answers.statuses.extend(line.strip_prefix("s ").and_then(|n| n.parse::<u8>().ok()));
                    }
                    _ => {}
                }
            });
        });
        input.write_all(format!("ulimit -f {FILE_BLOCKS}; ulimit -c 0\n").as_bytes())?;
        Ok(Self { group, input, answers, stderr })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.group.pid()
    }

    /// Gives it a line, and does not wait.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        self.input.write_all(line.as_bytes())?;
        self.input.flush()
    }

    /// Runs a job; after `limit` its whole process group is killed.
    pub(crate) fn run(mut self, job: &Job, limit: Duration) -> io::Result<Ended> {
        let began_ns = now_ns();
        self.say(&job.script())?;
        let over = || lock(&self.answers).done.is_some() || self.group.has_ended();
        let hung = !wait_until(limit, over);
        let ended_ns = lock(&self.answers).done.unwrap_or_else(now_ns);
        self.group.kill();
        let statuses = lock(&self.answers).statuses.clone();
        Ok(Ended {
            began_ns,
            seconds: ended_ns.saturating_sub(began_ns) as f64 / 1e9,
            statuses,
            hung,
            stderr: self.stderr.text(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn run(words: &[&str], times: usize, limit: Duration) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let job = Job { words, times, open_files: Some(64) };
        Shell::start(folder.path(), folder.path()).unwrap().run(&job, limit).unwrap()
    }

    #[test]
    fn statuses_and_messages_of_each_are_told() {
        let ended = run(&["sh", "-c", "echo 'it'\"'\"'s' >&2; exit 7"], 3, Duration::from_secs(30));
        assert_eq!((ended.statuses.as_slice(), ended.hung), ([7, 7, 7].as_slice(), false), "{ended:?}");
        assert!(ended.stderr.contains("it's"), "{ended:?}");
        let limited = run(&["sh", "-c", "exit $(ulimit -n)"], 1, Duration::from_secs(30));
        assert_eq!(limited.statuses, [64]);
    }

    #[test]
    fn what_hangs_is_killed_with_all_that_it_started() {
        let began = Instant::now();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! >'{}'; wait", file.display());
        let ended = run(&["sh", "-c", &script], 1, Duration::from_millis(500));
        assert!(ended.hung && began.elapsed() < Duration::from_secs(60), "{ended:?}");
        let pid: u32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let gone = || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z")
        };
        assert!(wait_until(Duration::from_secs(30), gone), "{pid} still runs");
    }
}
