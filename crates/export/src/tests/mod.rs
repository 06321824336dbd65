//! Tests of the whole way from a snapshot to what a client gets. They are here rather than in `tests/`
//! because they compare with the list of metrics, which is nobody else's business.

mod bounds;
mod client;
mod docs;
mod fixture;
mod format;
mod hostile_clients;
mod prometheus;
mod server;
