//! Tests that need more than a checkout: skipped in plain sight, never silently.

use std::fmt::Display;
use std::io::Write;

/// Whether this process may do what root may.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that a test is skipped, past the test harness, which hides what passing tests print.
///
/// # Panics
///
/// When `CI` is `true` and `always_in_ci` is set: there a skip would hide that nothing ran.
pub fn may_skip(test: &str, reason: impl Display, always_in_ci: bool) {
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!(in_ci && always_in_ci), "{test} must run in CI but {reason}");
    // One write for the whole line: other tests write to the same stream.
    let line = format!("SKIPPED: {test}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Ends the calling test, saying so, unless it runs as root. In CI it fails instead.
#[macro_export]
macro_rules! require_root {
    () => {
        if !$crate::is_root() {
            return $crate::may_skip(::std::module_path!(), "needs root", true);
        }
    };
}

/// The runtime, or the end of the calling test, saying how to get it.
///
/// Takes a `Result<Runtime, Missing>`, or that of `real_guest`. In CI a missing runtime of the default set fails
/// the test; the others take too long to build there.
#[macro_export]
macro_rules! require_runtime {
    ($runtime:expr) => {
        match $runtime {
            Ok(runtime) => runtime,
            Err(missing) => {
                let in_default_set = missing.in_default_set();
                return $crate::may_skip(::std::module_path!(), missing, in_default_set);
            }
        }
    };
}
