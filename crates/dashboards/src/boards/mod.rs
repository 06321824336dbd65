//! The dashboards, one file each.
//!
//! Queries join by `instance` and `workload`: a workload's series has nothing but its id, what it is stands on
//! `wasmscope_workload_info`. `$__rate_interval` is Grafana's: four scrapes at least.

mod agent;
mod fleet;
mod host;
mod security;
mod workload;

use crate::describe::{Board, Variable};

/// Every dashboard.
pub(crate) static BOARDS: &[Board] =
    &[fleet::BOARD, host::BOARD, workload::BOARD, security::BOARD, agent::BOARD];

const INSTANCE: Variable = Variable {
    name: "instance",
    title: "Host",
    label: "instance",
    of: "wasmscope_agent_build_info",
    many: true,
};
