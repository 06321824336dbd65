//! Ctrl-C.

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
    iterator::Signals,
};
use std::{
    io,
    process::exit,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

/// What a shell calls the end by a signal, plus its number.
const BY_SIGNAL: i32 = 128;

/// Ends the process on SIGINT and SIGTERM between two results, so that no line is cut. The second signal does not wait for a
/// reader that takes nothing.
pub(super) fn on_signals(before: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset.
        flag::register_conditional_shutdown(signal, BY_SIGNAL + signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            before();
            // Whoever writes a result holds it.
            let _out = io::stdout().lock();
            exit(BY_SIGNAL + signal);
        }
    })?;
    Ok(())
}
