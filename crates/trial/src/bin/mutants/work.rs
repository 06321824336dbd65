//! The scan of one mutant.

use rustix::time::{ClockId, clock_gettime};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use wasmscope_analyze::ErrorKind;
use wasmscope_trial::{Mutant, Scanned, check, check_same, digest, most_bytes, scan};

/// The bound on time: this, and a second for each MiB.
const TIME: Duration = Duration::from_millis(50);
/// The bound on memory: this, and three times the module, which counts itself.
const BYTES: u64 = 64 << 20;

/// What a scan gave and cost.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// CPU time: the machine may be busy with others.
    pub(crate) time: Duration,
    /// Most bytes held, beyond the module itself.
    pub(crate) bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Invalid,
    /// Its structure is broken.
    Malformed,
    /// Beyond a bound of the analysis.
    Refused,
}

/// A mutant that breaks a promise.
pub(crate) struct Broken {
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) what: String,
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a panic says, instead of writing it at once: generators panic, too, and that means nothing.
pub(crate) fn remember_panics() {
    std::panic::set_hook(Box::new(|info| PANIC.with_borrow_mut(|told| *told = info.to_string())));
}

/// Scans a mutant and checks the result; the error says which promise is broken.
pub(crate) fn on(mutant: &Mutant, twice: bool) -> Result<Outcome, String> {
    let work = || {
        let begin = now();
        let (scanned, bytes) = most_bytes(|| {
            let scanned = scan(&mutant.bytes);
            let _ = scanned.as_ref().map(digest);
            scanned
        });
        let time = now().saturating_sub(begin);
        check(&mutant.bytes, &scanned);
        if twice {
            check_same(&mutant.bytes, &scanned);
        }
        Outcome { verdict: verdict(&scanned), time, bytes }
    };
    let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|_| PANIC.take())?;
    within_bounds(outcome, mutant.bytes.len() as u64)
}

fn within_bounds(outcome: Outcome, size: u64) -> Result<Outcome, String> {
    let most = TIME + Duration::from_secs_f64(size as f64 / f64::from(1 << 20));
    if outcome.time > most {
        return Err(format!("{:?} for {size} bytes", outcome.time));
    }
    if outcome.bytes + size > 3 * size + BYTES {
        return Err(format!("{} bytes of memory for {size} bytes", outcome.bytes));
    }
    Ok(outcome)
}

fn verdict(scanned: &Scanned) -> Verdict {
    match scanned {
        Ok(scan) if scan.facts.validation.valid => Verdict::Valid,
        Ok(_) => Verdict::Invalid,
        Err(error) if error.kind == ErrorKind::Limit => Verdict::Refused,
        Err(_) => Verdict::Malformed,
    }
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
