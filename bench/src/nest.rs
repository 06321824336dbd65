//! The parent of everything that is measured: a process of its own, so that `tree:` names it and not the benchmark,
//! which has wasmscope below it too.

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// What the nest is asked to do: one line of JSON each, answered by one line with a [`Reply`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Starts a program.
    Start(Program),
    /// Starts a program and waits for its end.
    Run(Program),
    /// Waits for the end of a started program, having killed it if asked to.
    Wait {
        /// Its process id.
        pid: u32,
        /// Do not wait for long.
        kill: bool,
    },
}

/// A program to start, without input.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Program {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    stdout: Option<PathBuf>,
}

/// What became of an [`Order`].
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Done.
    Done {
        /// The process.
        pid: u32,
        /// What it wrote, where that was asked for.
        output: String,
    },
    /// Not done.
    Failed(String),
}

impl Program {
    /// What `command` runs, with its output thrown away. Of a command's settings, program, arguments and added
    /// variables are taken over.
    ///
    /// # Panics
    /// Where one of them is not UTF-8.
    pub fn of(command: &Command) -> Self {
        let text = |os: &std::ffi::OsStr| os.to_str().expect("benchmarks use plain names").to_owned();
        let argv = std::iter::once(command.get_program()).chain(command.get_args()).map(text).collect();
        let env = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
        Self { argv, env, stdout: None }
    }

    /// With its output in this file.
    #[must_use]
    pub fn into_file(self, path: &Path) -> Self {
        Self { stdout: Some(path.into()), ..self }
    }

    /// As a command again, on the nest's side.
    ///
    /// # Errors
    /// The output file cannot be made.
    pub fn command(&self) -> std::io::Result<Command> {
        let mut command = Command::new(&self.argv[0]);
        let stdout = match &self.stdout {
            Some(path) => std::fs::File::create(path)?.into(),
            None => Stdio::null(),
        };
        command.args(&self.argv[1..]).envs(self.env.iter().cloned()).stdin(Stdio::null()).stdout(stdout);
        Ok(command)
    }
}

/// A running nest. Dropped, it ends with everything in it; so it does when the benchmark is killed.
#[derive(Debug)]
pub struct Nest {
    child: Child,
    orders: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Nest {
    /// An empty nest. `load` is this package's program of that name.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(load: &str) -> Result<Self> {
        let mut child = Command::new(load)
            .arg("nest")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {load}"))?;
        let orders = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().expect("piped"));
        Ok(Self { child, orders, replies })
    }

    /// The process that everything is below.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a program and gives its process id.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(&mut self, program: Program) -> Result<u32> {
        self.order(&Order::Start(program)).map(|(pid, _)| pid)
    }

    /// Runs a program to its end and gives its output.
    ///
    /// # Errors
    /// It cannot be started, or fails.
    pub fn run(&mut self, program: Program) -> Result<String> {
        self.order(&Order::Run(program)).map(|(_, output)| output)
    }

    /// Waits until a started program has ended, however it does.
    ///
    /// # Errors
    /// The nest has no such program.
    pub fn wait(&mut self, pid: u32) -> Result<()> {
        self.order(&Order::Wait { pid, kill: false }).map(drop)
    }

    /// Kills a started program.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait).
    pub fn kill(&mut self, pid: u32) -> Result<()> {
        self.order(&Order::Wait { pid, kill: true }).map(drop)
    }

    fn order(&mut self, order: &Order) -> Result<(u32, String)> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        self.orders
            .as_mut()
            .expect("open until dropped")
            .write_all(line.as_bytes())
            .context("the nest is gone")?;
        let mut answer = String::new();
        ensure!(self.replies.read_line(&mut answer)? > 0, "the nest is gone");
        match serde_json::from_str(&answer)? {
            Reply::Done { pid, output } => Ok((pid, output)),
            Reply::Failed(reason) => bail!("{reason}"),
        }
    }
}

impl Drop for Nest {
    fn drop(&mut self) {
        drop(self.orders.take()); // the nest sees its input end and kills its group
        let _ = self.child.wait();
    }
}
