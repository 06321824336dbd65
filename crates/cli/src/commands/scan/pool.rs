//! One thread finds modules, others analyse them, and the results come in the order of the finds. Memory is bounded in both
//! directions: by the bytes of the modules at hand, and by the results that wait for an earlier one.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};
use wasmscope_sources::{Found, Options, Sink, find};

/// Bytes of modules at hand for each worker. Analysis takes up to three times as much, and 64 MiB are what a worker may take.
/// A larger module is at hand alone.
const HELD_PER_WORKER: u64 = 16 << 20;
/// Results that may wait for each worker, and their bytes together.
const WAITING_PER_WORKER: u64 = 32;
const WAITING_BYTES: usize = 32 << 20;

/// What a worker made of a find.
pub(super) trait Outcome: Send {
    /// About how many bytes it takes.
    fn size(&self) -> usize;
    /// When the work on it panicked.
    fn of_panic(name: String) -> Self;
}

struct State<T> {
    found: VecDeque<(u64, Found, u64)>,
    next: u64,
    held: u64,
    done: BTreeMap<u64, T>,
    done_bytes: usize,
    due: u64,
    /// Nothing more will be found.
    complete: bool,
    /// Nobody wants more.
    stopped: bool,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    workers: u64,
}

/// Finds what `paths` stand for, lets `jobs` threads do `work` on each find, and gives the results to `each` in order, until
/// it breaks.
pub(super) fn in_order<T: Outcome>(
    paths: &[PathBuf],
    options: &Options,
    jobs: usize,
    work: impl Fn(Found) -> T + Sync,
    mut each: impl FnMut(T) -> ControlFlow<()>,
) {
    let state = State {
        found: VecDeque::new(),
        next: 0,
        held: 0,
        done: BTreeMap::new(),
        done_bytes: 0,
        due: 0,
        complete: false,
        stopped: false,
    };
    let shared = &Shared { state: Mutex::new(state), changed: Condvar::new(), workers: jobs.max(1) as u64 };
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut feed = Feed { shared, room: 0 };
            let _ = paths.iter().try_for_each(|path| find(path, options, &mut feed));
            shared.lock().complete = true;
            shared.changed.notify_all();
        });
        for _ in 0..shared.workers {
            scope.spawn(|| shared.work(&work));
        }
        while let Some(result) = shared.result() {
            if each(result).is_break() {
                break;
            }
        }
        shared.lock().stopped = true;
        shared.changed.notify_all();
    });
}

impl<T: Outcome> Shared<T> {
    /// No code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, work: &impl Fn(Found) -> T) {
        while let Some((at, found, room)) = self.take() {
            let name = found.name.clone();
            // One module must not take the others with it.
            let result = catch_unwind(AssertUnwindSafe(|| work(found)));
            let result = result.unwrap_or_else(|_| T::of_panic(name));
            let mut state = self.lock();
            state.held -= room;
            state.done_bytes += result.size();
            state.done.insert(at, result);
            drop(state);
            self.changed.notify_all();
        }
    }

    /// The next find, unless too many results wait. The one that is due is always taken, so nothing waits for ever.
    fn take(&self) -> Option<(u64, Found, u64)> {
        let mut state = self.lock();
        loop {
            if state.stopped || (state.complete && state.found.is_empty()) {
                return None;
            }
            let far = state.due + WAITING_PER_WORKER * self.workers;
            let wanted = state
                .found
                .front()
                .is_some_and(|(at, ..)| *at == state.due || (*at < far && state.done_bytes < WAITING_BYTES));
            if wanted {
                let taken = state.found.pop_front();
                drop(state);
                self.changed.notify_all();
                return taken;
            }
            state = self.wait(state);
        }
    }

    /// The next result, in the order of the finds.
    fn result(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            let due = state.due;
            if let Some(result) = state.done.remove(&due) {
                state.done_bytes -= result.size();
                state.due += 1;
                drop(state);
                self.changed.notify_all();
                return Some(result);
            }
            if state.complete && state.due == state.next {
                return None;
            }
            state = self.wait(state);
        }
    }
}

/// The finding side. Room is taken in the order of the finds, so whoever holds some is earlier, and gets on without more.
struct Feed<'a, T> {
    shared: &'a Shared<T>,
    /// What is taken for the module that comes next.
    room: u64,
}

impl<T: Outcome> Sink for Feed<'_, T> {
    fn room(&mut self, bytes: u64) -> ControlFlow<()> {
        let most = HELD_PER_WORKER * self.shared.workers;
        let mut state = self.shared.lock();
        while !state.stopped {
            let others = state.held - self.room;
            if others == 0 || others.saturating_add(bytes) <= most {
                state.held = others + bytes;
                self.room = bytes;
                return ControlFlow::Continue(());
            }
            state = self.shared.wait(state);
        }
        ControlFlow::Break(())
    }

    fn found(&mut self, found: Found) -> ControlFlow<()> {
        let mut state = self.shared.lock();
        let room = std::mem::take(&mut self.room);
        while !state.stopped && state.found.len() as u64 >= WAITING_PER_WORKER * self.shared.workers {
            state = self.shared.wait(state);
        }
        if state.stopped {
            return ControlFlow::Break(());
        }
        let at = state.next;
        state.next += 1;
        state.found.push_back((at, found, room));
        drop(state);
        self.shared.changed.notify_all();
        ControlFlow::Continue(())
    }
}
