//! What workloads do, told as events: unmodified runtimes run guests whose acts are known, and each act has its event. One
//! file per theme; every test watches only processes that it started itself.

mod acting;
mod files;
mod flood;
mod hostile;
#[path = "../common/kit.rs"]
mod kit;
mod memory;
mod network;
mod sensitive;
mod short_lived;
mod traps;
