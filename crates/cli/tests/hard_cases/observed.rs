//! Processes to look at: guests, shells that wait for their cue, programs for other users.

pub(crate) use crate::kit::shell_line;

use crate::kit::PATIENCE;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;
use wasmscope_testkit::{Running, Runtime, guest, wait_until};

/// The shell line that runs a guest for some seconds.
pub(crate) fn sleeper(runtime: &Runtime, seconds: u32) -> String {
    shell_line(&runtime.command(&guest("sleeper"), [seconds.to_string()]))
}

/// A shell that runs its script only when told to.
pub(crate) struct Cued {
    folder: TempDir,
    pub(crate) shell: Running,
}

impl Cued {
    pub(crate) fn new(script: &str) -> Self {
        Self::with_prelude("", script)
    }

    /// `prelude` is run at once.
    pub(crate) fn with_prelude(prelude: &str, script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{prelude}\nuntil [ -e \"$0\" ]; do sleep 0.05; done; {script}")]);
        command.arg(folder.path().join("cue"));
        Self { folder, shell: Running::spawn(command) }
    }

    pub(crate) fn cue(&self) {
        std::fs::write(self.folder.path().join("cue"), "").unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.shell.pid()
    }
}

/// Starts a guest and waits until it surely runs, which its linear memory shows.
pub(crate) fn settled(command: Command) -> Running {
    let running = Running::spawn(command);
    let maps = format!("/proc/{}/maps", running.pid());
    let runs = || std::fs::read_to_string(&maps).is_ok_and(|maps| maps.lines().any(is_large_reservation));
    assert!(wait_until(runs, PATIENCE), "{}", running.output());
    running
}

fn is_large_reservation(line: &str) -> bool {
    let range = line.split_once(' ').filter(|(_, rest)| rest.starts_with("---p"));
    let Some((start, end)) = range.and_then(|(range, _)| range.split_once('-')) else { return false };
    let number = |hex| u64::from_str_radix(hex, 16).unwrap_or(0);
    number(end).saturating_sub(number(start)) >= 1 << 30
}

/// A copy that every user may execute, below a folder that every user may enter.
pub(crate) fn public_copy(folder: &TempDir, program: &Path) -> PathBuf {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join(program.file_name().unwrap());
    install(program, &copy);
    copy
}

/// Copies a program. Not in this process: a child that another test forks at that moment would hold the copy open for
/// writing, and it could not be executed ("Text file busy").
pub(crate) fn install(program: &Path, copy: &Path) {
    let status = Command::new("install").args(["-m", "755"]).args([program, copy]).status().unwrap();
    assert!(status.success(), "install {} {}", program.display(), copy.display());
}
