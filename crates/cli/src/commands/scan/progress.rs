//! How far it is, for a person who waits.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal as _, stderr},
    time::Duration,
};

/// A line on a terminal. How much there is to do is not known before it is done, so it counts.
pub(super) struct Progress {
    line: ProgressBar,
    files: u64,
}

/// A single file needs none.
const FROM: u64 = 8;
const EVERY: Duration = Duration::from_millis(200);

impl Progress {
    /// Shows nothing unless standard error is a terminal, and nothing in CI, where it would fill a log.
    pub(super) fn new() -> Self {
        let wanted = stderr().is_terminal() && std::env::var_os("CI").is_none();
        Self { line: if wanted { ProgressBar::no_length() } else { ProgressBar::hidden() }, files: 0 }
    }

    /// One more is done.
    pub(super) fn advance(&mut self) {
        self.files += 1;
        self.line.set_position(self.files);
        if self.files == FROM {
            let style = ProgressStyle::with_template("{spinner} {pos} files scanned in {elapsed}, {per_sec}");
            self.line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            self.line.enable_steady_tick(EVERY);
        }
    }

    /// Takes it off the screen, whoever has it then.
    pub(super) fn ending(&self) -> impl FnOnce() + Send + 'static {
        let line = self.line.clone();
        move || line.finish_and_clear()
    }

    /// Out of the way while something is written.
    pub(super) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.line.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
