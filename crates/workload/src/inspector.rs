//! Modules are analysed beside everything else: a workload is told before that is done, and again when it is.

use crate::modules::{Inspect, Traits};
use std::{
    io,
    sync::{
        Arc, OnceLock,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

/// Modules that wait; what comes beyond is not analysed. Each is in memory meanwhile.
const WAITING: usize = 32;
/// Larger modules are not analysed, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// A thread that analyses modules one by one.
#[derive(Debug)]
pub struct Inspector {
    queue: SyncSender<(Vec<u8>, Arc<OnceLock<Traits>>)>,
}

impl Inspector {
    /// Starts the thread; it ends with the inspector.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(inspect: Inspect) -> io::Result<Self> {
        let (queue, modules) = sync_channel::<(Vec<u8>, Arc<OnceLock<Traits>>)>(WAITING);
        thread::Builder::new().name("inspector".into()).spawn(move || {
            for (bytes, traits) in modules {
                let _ = traits.set(inspect(&bytes));
            }
        })?;
        Ok(Self { queue })
    }

    /// What there is to say of a module that is not analysed.
    pub fn nothing() -> Arc<OnceLock<Traits>> {
        Arc::new(OnceLock::from(Traits::default()))
    }

    /// Has these bytes analysed, soon.
    pub fn inspect(&self, bytes: Vec<u8>) -> Arc<OnceLock<Traits>> {
        let traits = Arc::new(OnceLock::new());
        if bytes.len() > MOST_BYTES || self.queue.try_send((bytes, Arc::clone(&traits))).is_err() {
            return Self::nothing();
        }
        traits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::Traits;

    #[test]
    fn what_is_analysed_is_there_soon_and_what_is_too_large_at_once_and_empty() {
        let inspector = Inspector::start(|bytes| Traits {
            capabilities: None,
            findings: vec![bytes.len().to_string().into()],
        })
        .unwrap();
        let small = inspector.inspect(vec![0; 7]);
        assert_eq!(small.wait().findings, ["7"]);
        assert_eq!(inspector.inspect(vec![0; MOST_BYTES + 1]).get(), Some(&Traits::default()));
    }
}
