//! One workload, in all that is known of it.

use super::INSTANCE;
use crate::describe::{
    Board, Panel, Row,
    Unit::{Bytes, BytesPerSecond, Cores, Count, PerSecond},
    Variable, q,
};

const WORKLOAD: Variable = Variable {
    name: "workload",
    title: "Workload",
    label: "workload",
    of: r#"wasmscope_workload_info{instance=~"$instance"}"#,
    many: false,
};

pub(super) const BOARD: Board = Board {
    name: "workload",
    title: "Workload",
    about: "One workload: what it is, what it costs, what it asks of the kernel, and what speaks against it.",
    variables: &[INSTANCE, WORKLOAD],
    rows: &[
        Row {
            title: "What it is",
            panels: &[
                Panel::table(
                    "Identity",
                    "Runtime, module and process. The value is always 1.",
                    Count,
                    &[q(r#"wasmscope_workload_info{workload=~"$workload"}"#, "")],
                )
                .width(18),
                Panel::stat(
                    "Runs",
                    "1 while it runs, 0 after its end.",
                    Count,
                    &[q(r#"wasmscope_workload_running{workload=~"$workload"}"#, "")],
                ),
            ],
        },
        Row {
            title: "CPU",
            panels: &[
                Panel::stacked(
                    "CPU by module",
                    "Cores in guest code by the module it belongs to, and outside of it: in the runtime and its libraries. From samples; only where the runtime keeps code images that can be read.",
                    Cores,
                    &[
                        q(
                            r#"rate(wasmscope_workload_guest_cpu_seconds_total{workload=~"$workload"}[$__rate_interval])"#,
                            "{{module}}",
                        ),
                        q(
                            r#"rate(wasmscope_workload_outside_cpu_seconds_total{workload=~"$workload"}[$__rate_interval])"#,
                            "outside of guests",
                        ),
                    ],
                ),
                Panel::stacked(
                    "CPU by mode",
                    "In user mode, in the kernel, and waiting for a CPU, in cores.",
                    Cores,
                    &[
                        q(
                            r#"rate(wasmscope_workload_cpu_seconds_total{workload=~"$workload"}[$__rate_interval])"#,
                            "{{mode}}",
                        ),
                        q(
                            r#"rate(wasmscope_workload_run_queue_wait_seconds_total{workload=~"$workload"}[$__rate_interval])"#,
                            "waiting",
                        ),
                    ],
                ),
            ],
        },
        Row {
            title: "Memory",
            panels: &[
                Panel::lines(
                    "Memory",
                    "Resident memory of the process, and size and limit of its linear memories.",
                    Bytes,
                    &[
                        q(r#"wasmscope_workload_resident_bytes{workload=~"$workload"}"#, "resident"),
                        q(r#"wasmscope_workload_linear_memory_bytes{workload=~"$workload"}"#, "linear"),
                        q(r#"wasmscope_workload_linear_memory_limit_bytes{workload=~"$workload"}"#, "limit of linear"),
                    ],
                ),
                Panel::lines(
                    "Page faults",
                    "Minor faults were served without I/O, major ones waited for it.",
                    PerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_page_faults_total{workload=~"$workload"}[$__rate_interval])"#,
                        "{{kind}}",
                    )],
                ),
                Panel::lines(
                    "Threads and descriptors",
                    "Of the process.",
                    Count,
                    &[
                        q(r#"wasmscope_workload_threads{workload=~"$workload"}"#, "threads"),
                        q(r#"wasmscope_workload_open_descriptors{workload=~"$workload"}"#, "open descriptors"),
                    ],
                ),
            ],
        },
        Row {
            title: "What it asks of the kernel",
            panels: &[
                Panel::stacked(
                    "System calls",
                    "By name; those beyond the named ones are `other`.",
                    PerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_syscalls_total{workload=~"$workload"}[$__rate_interval])"#,
                        "{{call}}",
                    )],
                ),
                Panel::stacked(
                    "Errors",
                    "System calls that failed, by errno.",
                    PerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_syscall_errors_total{workload=~"$workload"}[$__rate_interval])"#,
                        "{{errno}}",
                    )],
                ),
                Panel::lines(
                    "Bytes",
                    "Read and written, of files, network sockets and other streams.",
                    BytesPerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_io_bytes_total{workload=~"$workload"}[$__rate_interval])"#,
                        "{{kind}} {{direction}}",
                    )],
                ),
                Panel::lines(
                    "Reads and writes",
                    "Those that succeeded.",
                    PerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_io_operations_total{workload=~"$workload"}[$__rate_interval])"#,
                        "{{kind}} {{direction}}",
                    )],
                ),
            ],
        },
        Row {
            title: "What speaks against it",
            panels: &[
                Panel::table(
                    "Detections",
                    "How often each rule was broken.",
                    Count,
                    &[q(
                        r#"wasmscope_workload_detections_total{workload=~"$workload"} * on (instance, rule) group_left (severity, maturity) wasmscope_agent_rule_info"#,
                        "",
                    )],
                )
                .width(12),
                Panel::lines(
                    "Traps",
                    "Traps of guest code since it started, by kind; `crash` is one of the runtime itself.",
                    Count,
                    &[q(r#"wasmscope_workload_traps_total{workload=~"$workload"}"#, "{{kind}}")],
                ),
                Panel::lines(
                    "Events withheld",
                    "Events that were not told because there were too many.",
                    PerSecond,
                    &[q(
                        r#"rate(wasmscope_workload_events_withheld_total{workload=~"$workload"}[$__rate_interval])"#,
                        "withheld",
                    )],
                ),
                Panel::lines(
                    "What the module counts of itself",
                    "Results of an instrumented module; `violations` should be 0.",
                    Count,
                    &[q(r#"wasmscope_workload_guest_result{workload=~"$workload"}"#, "{{result}}")],
                )
                .needs("a module rewritten by `wasmscope instrument`"),
                Panel::lines(
                    "Host calls refused",
                    "Host calls that a policy refused since it started.",
                    Count,
                    &[q(r#"wasmscope_workload_host_calls_denied_total{workload=~"$workload"}"#, "refused")],
                )
                .needs("hooks that tell the agent (`run --agent`)"),
            ],
        },
    ],
};
