//! One host: its workloads side by side.

use super::INSTANCE;
use crate::describe::{
    Board, Panel, Row,
    Unit::{Bytes, BytesPerSecond, Cores, Count, PerSecond, Ratio},
    Variable, q,
};

pub(super) const BOARD: Board = Board {
    name: "host",
    title: "Host",
    about: "The workloads of one host side by side: who uses its CPUs, its memory, its files and its network.",
    variables: &[Variable { many: false, ..INSTANCE }],
    rows: &[
        Row {
            title: "Workloads",
            panels: &[Panel::table(
                "Workloads",
                "What runs, or ended in the last five minutes. The id leads to the dashboard of the workload.",
                Count,
                &[q(r#"wasmscope_workload_info{instance=~"$instance"}"#, "")],
            )],
        },
        Row {
            title: "CPU",
            panels: &[
                Panel::stacked(
                    "CPU, the ten busiest",
                    "CPU time per second, in cores.",
                    Cores,
                    &[q(
                        r#"topk(10, sum by (instance, workload) (rate(wasmscope_workload_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])) * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
                Panel::stacked(
                    "CPU by mode",
                    "In user mode (guest and runtime), and in the kernel on their behalf.",
                    Cores,
                    &[q(
                        r#"sum by (mode) (rate(wasmscope_workload_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{mode}}",
                    )],
                ),
                Panel::lines(
                    "Waiting for a CPU, the ten longest",
                    "Seconds per second in which threads could run and waited. Above 0.5 the workload feels it.",
                    Cores,
                    &[q(
                        r#"topk(10, rate(wasmscope_workload_run_queue_wait_seconds_total{instance=~"$instance"}[$__rate_interval]) * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
                Panel::lines(
                    "Threads, the ten with most",
                    "Threads of the process.",
                    Count,
                    &[q(
                        r#"topk(10, wasmscope_workload_threads{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
            ],
        },
        Row {
            title: "Memory",
            panels: &[
                Panel::stacked(
                    "Resident memory, the ten largest",
                    "Resident memory of the process.",
                    Bytes,
                    &[q(
                        r#"topk(10, wasmscope_workload_resident_bytes{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
                Panel::lines(
                    "Linear memory in use, the ten fullest",
                    "Size of the linear memories against what they may grow to.",
                    Ratio,
                    &[q(
                        r#"topk(10, wasmscope_workload_linear_memory_bytes{instance=~"$instance"} / (wasmscope_workload_linear_memory_limit_bytes > 0) * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
                Panel::lines(
                    "Page faults",
                    "Minor faults were served without I/O, major ones waited for it.",
                    PerSecond,
                    &[q(
                        r#"sum by (kind) (rate(wasmscope_workload_page_faults_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{kind}}",
                    )],
                ),
                Panel::lines(
                    "Open descriptors, the ten with most",
                    "Open file descriptors of the process.",
                    Count,
                    &[q(
                        r#"topk(10, wasmscope_workload_open_descriptors{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
            ],
        },
        Row {
            title: "Calls and bytes",
            panels: &[
                Panel::stacked(
                    "System calls, the ten most frequent",
                    "Of all workloads, by name.",
                    PerSecond,
                    &[q(
                        r#"topk(10, sum by (call) (rate(wasmscope_workload_syscalls_total{instance=~"$instance"}[$__rate_interval])))"#,
                        "{{call}}",
                    )],
                ),
                Panel::stacked(
                    "Errors, the ten most frequent",
                    "System calls that failed, by errno.",
                    PerSecond,
                    &[q(
                        r#"topk(10, sum by (errno) (rate(wasmscope_workload_syscall_errors_total{instance=~"$instance"}[$__rate_interval])))"#,
                        "{{errno}}",
                    )],
                ),
                Panel::stacked(
                    "Bytes",
                    "Read and written, of files, network sockets and other streams.",
                    BytesPerSecond,
                    &[q(
                        r#"sum by (kind, direction) (rate(wasmscope_workload_io_bytes_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{kind}} {{direction}}",
                    )],
                ),
                Panel::stacked(
                    "Reads and writes",
                    "Those that succeeded.",
                    PerSecond,
                    &[q(
                        r#"sum by (kind, direction) (rate(wasmscope_workload_io_operations_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{kind}} {{direction}}",
                    )],
                ),
            ],
        },
    ],
};
