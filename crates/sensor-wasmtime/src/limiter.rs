//! Growth of memories and tables.

use crate::{
    EventKind, GrowthAnswer, GrowthEvent, Hooks,
    instance::{Growth, Instance},
};
use std::sync::Arc;
use wasmtime::{ResourceLimiter, ResourceLimiterAsync, StoreLimits};

/// A limiter that looks, and leaves the decision to another one. To be kept in the store's data and given to
/// [`Store::limiter`](wasmtime::Store::limiter) or, with a [`ResourceLimiterAsync`] inside,
/// [`Store::limiter_async`](wasmtime::Store::limiter_async).
///
/// ```
/// use wasmscope_sensor_wasmtime::{Hooks, Limiter, Sensor};
/// use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};
///
/// struct State {
///     limiter: Limiter<StoreLimits>,
///     hooks: Hooks,
/// }
///
/// let hooks = Sensor::builder().build().instance("plugin");
/// let limiter = hooks.limiter(StoreLimitsBuilder::new().memory_size(64 << 20).build());
/// let mut store = Store::new(&Engine::default(), State { limiter, hooks });
/// store.limiter(|state| &mut state.limiter);
/// ```
#[derive(Debug)]
pub struct Limiter<L = StoreLimits> {
    inner: L,
    instance: Arc<Instance>,
    /// What was granted last: wasmtime may still fail to do it.
    memory: Option<Granted>,
    table: Option<Granted>,
}

/// From, to, and the most that is declared.
#[derive(Debug, Clone, Copy)]
struct Wish {
    from: usize,
    asked: usize,
    maximum: Option<usize>,
}

/// What was granted, and the most that there was before.
type Granted = (Wish, u64);

impl Hooks {
    /// Watches growth that `inner` decides on. `StoreLimits::default()` grants everything.
    pub fn limiter<L>(&self, inner: L) -> Limiter<L> {
        Limiter { inner, instance: Arc::clone(&self.instance), memory: None, table: None }
    }
}

impl<L> Limiter<L> {
    /// The limiter that decides.
    pub fn inner(&mut self) -> &mut L {
        &mut self.inner
    }

    fn decided(&mut self, what: &'static str, wish: Wish, decision: &wasmtime::Result<bool>) {
        let growth = self.growth(what);
        growth.asked.add(1);
        let most = growth.high_water.get();
        let answer = match decision {
            Ok(true) => {
                growth.granted.add(1);
                growth.now.add(wish.asked.saturating_sub(wish.from) as u64);
                growth.high_water.raise(growth.now.get());
                GrowthAnswer::Granted
            }
            Ok(false) => {
                growth.refused.add(1);
                GrowthAnswer::Refused
            }
            Err(_) => {
                growth.refused.add(1);
                GrowthAnswer::Trapped
            }
        };
        let pending = (answer == GrowthAnswer::Granted).then_some((wish, most));
        match what {
            MEMORY => self.memory = pending,
            _ => self.table = pending,
        }
        self.tell(what, wish, answer);
    }

    /// wasmtime could not do what was granted; or it did not even ask, because the declaration forbids it.
    fn failed(&mut self, what: &'static str) {
        let granted = match what {
            MEMORY => self.memory.take(),
            _ => self.table.take(),
        };
        let growth = self.growth(what);
        growth.refused.add(1);
        match granted {
            Some((wish, most)) => {
                growth.high_water.set(most);
                growth.granted.sub(1);
                growth.now.sub(wish.asked.saturating_sub(wish.from) as u64);
                self.tell(what, wish, GrowthAnswer::Failed);
            }
            None => growth.asked.add(1),
        }
    }

    fn growth(&self, what: &str) -> &Growth {
        match what {
            MEMORY => &self.instance.memory,
            _ => &self.instance.table,
        }
    }

    fn tell(&self, what: &'static str, wish: Wish, answer: GrowthAnswer) {
        let Wish { from, asked, maximum } = wish;
        let (from, asked, maximum) = (from as u64, asked as u64, maximum.map(|maximum| maximum as u64));
        self.instance.lifecycle(EventKind::Grown(GrowthEvent { what, from, asked, maximum, answer }));
    }
}

const MEMORY: &str = "memory";
const TABLE: &str = "table";

impl<L: ResourceLimiter> ResourceLimiter for Limiter<L> {
    fn memory_growing(
        &mut self,
        from: usize,
        asked: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let decision = self.inner.memory_growing(from, asked, maximum);
        self.decided(MEMORY, Wish { from, asked, maximum }, &decision);
        decision
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(MEMORY);
        self.inner.memory_grow_failed(error)
    }

    fn table_growing(&mut self, from: usize, asked: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let decision = self.inner.table_growing(from, asked, maximum);
        self.decided(TABLE, Wish { from, asked, maximum }, &decision);
        decision
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(TABLE);
        self.inner.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.inner.instances()
    }

    fn tables(&self) -> usize {
        self.inner.tables()
    }

    fn memories(&self) -> usize {
        self.inner.memories()
    }
}

#[wasmtime_wasi::async_trait]
impl<L: ResourceLimiterAsync> ResourceLimiterAsync for Limiter<L> {
    async fn memory_growing(
        &mut self,
        from: usize,
        asked: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let decision = self.inner.memory_growing(from, asked, maximum).await;
        self.decided(MEMORY, Wish { from, asked, maximum }, &decision);
        decision
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(MEMORY);
        self.inner.memory_grow_failed(error)
    }

    async fn table_growing(
        &mut self,
        from: usize,
        asked: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let decision = self.inner.table_growing(from, asked, maximum).await;
        self.decided(TABLE, Wish { from, asked, maximum }, &decision);
        decision
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(TABLE);
        self.inner.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.inner.instances()
    }

    fn tables(&self) -> usize {
        self.inner.tables()
    }

    fn memories(&self) -> usize {
        self.inner.memories()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sensor;

    #[test]
    fn what_wasmtime_could_not_do_was_never_there() -> wasmtime::Result<()> {
        let hooks = Sensor::builder().kernel_clock().build().instance("guest");
        let mut limiter = hooks.limiter(StoreLimits::default());
        assert!(ResourceLimiter::memory_growing(&mut limiter, 0, 100, None)?);
        assert!(ResourceLimiter::memory_growing(&mut limiter, 100, 500, None)?);
        ResourceLimiter::memory_grow_failed(&mut limiter, wasmtime::Error::msg("no addresses"))?;
        let memory = hooks.summary().memory;
        assert_eq!((memory.asked, memory.granted, memory.refused), (2, 1, 1));
        assert_eq!((memory.now, memory.high_water), (100, 100));
        Ok(())
    }
}
