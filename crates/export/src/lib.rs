//! Metrics of Wasm workloads and of the agent, for Prometheus.
//!
//! [`Snapshot`] is what is known at one moment. [`Encoder`] makes a page of it, within fixed bounds; [`serve`]
//! answers scrapes with such pages. Nothing here measures anything.
//!
//! ```no_run
//! use std::{sync::Arc, time::Duration};
//! use wasmscope_export::{Snapshot, Source, listen_address, serve};
//!
//! struct Agent;
//!
//! impl Source for Agent {
//!     fn snapshot(&self, _timeout: Duration) -> Option<Snapshot> {
//!         Some(Snapshot::default())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = serve(listen_address(":9464")?, Arc::new(Agent))?;
//! println!("http://{}/metrics", server.address());
//! # Ok(())
//! # }
//! ```

mod address;
mod bounds;
mod encode;
mod label;
mod metric;
mod metrics;
mod negotiate;
mod scrape;
mod server;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use address::{AddressError, listen_address};
pub use bounds::WORKLOADS;
pub use encode::{Encoder, prometheus_text};
pub use label::{LABEL_CHARS, label};
pub use metric::{About, Kind, Since, Value};
pub use metrics::metrics;
pub use scrape::Source;
pub use server::{Listener, ServeError, Server, bind, serve};
pub use snapshot::{
    AgentUsage, ByName, Direction, IoKind, IoUsage, QueueUsage, RuleInfo, Snapshot, StageCount, WorkloadUsage,
};
pub use table::{Family, Point, Table};
