//! What speaks against workloads, on all hosts.

use super::INSTANCE;
use crate::describe::{
    Board, Panel, Row,
    Unit::{Count, PerSecond},
    q,
};

pub(super) const BOARD: Board = Board {
    name: "security",
    title: "Security",
    about: "Detections, traps, refusals, and what may hide more of them. The events of the agent have the evidence.",
    variables: &[INSTANCE],
    rows: &[
        Row {
            title: "Detections",
            panels: &[
                Panel::stat(
                    "Detections by severity",
                    "Of workloads that run, or ended in the last five minutes.",
                    Count,
                    &[q(
                        r#"sum by (severity) (wasmscope_workload_detections_total{instance=~"$instance"} * on (instance, rule) group_left (severity) wasmscope_agent_rule_info)"#,
                        "{{severity}}",
                    )],
                )
                .width(12),
                Panel::stat(
                    "Rules asked",
                    "Rules that events are shown to, by severity.",
                    Count,
                    &[q(
                        r#"max by (severity) (count by (instance, severity) (wasmscope_agent_rule_info{instance=~"$instance"}))"#,
                        "{{severity}}",
                    )],
                )
                .width(12),
                Panel::table(
                    "Who broke which rule",
                    "How often, since the workload started. `wasmscope rules list` says what a rule states.",
                    Count,
                    &[q(
                        r#"wasmscope_workload_detections_total{instance=~"$instance"} * on (instance, rule) group_left (severity, maturity) wasmscope_agent_rule_info * on (instance, workload) group_left (module, runtime, pid) wasmscope_workload_info"#,
                        "",
                    )],
                ),
                Panel::stacked(
                    "Detections by rule",
                    "Of workloads that run, or ended in the last five minutes: a step up is a new detection.",
                    Count,
                    &[q(
                        r#"sum by (rule) (wasmscope_workload_detections_total{instance=~"$instance"})"#,
                        "{{rule}}",
                    )],
                ),
                Panel::table(
                    "Alerts that fire",
                    "Of the shipped alerts.",
                    Count,
                    &[q(
                        r#"ALERTS{alertname=~"Wasmscope.+", alertstate="firing", instance=~"$instance"}"#,
                        "",
                    )],
                )
                .width(12)
                .needs("the shipped alerts, or when none fires"),
            ],
        },
        Row {
            title: "Traps and crashes",
            panels: &[
                Panel::stacked(
                    "Traps by kind",
                    "Traps of workloads that run, or ended in the last five minutes. Many out of bounds are a bug that input can reach, or a search for one.",
                    Count,
                    &[q(r#"sum by (kind) (wasmscope_workload_traps_total{instance=~"$instance"})"#, "{{kind}}")],
                ),
                Panel::stacked(
                    "Traps by module",
                    "The same, by module.",
                    Count,
                    &[q(
                        r#"sum by (module) (wasmscope_workload_traps_total{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}}",
                    )],
                ),
                Panel::lines(
                    "Ends by signal",
                    "Workloads per second that a signal ended: crashes of a runtime, the kernel out of memory, or somebody kills.",
                    PerSecond,
                    &[q(
                        r#"sum by (instance) (rate(wasmscope_workloads_exited_total{instance=~"$instance", kind="signal"}[$__rate_interval]))"#,
                        "{{instance}}",
                    )],
                ),
                Panel::lines(
                    "Refused by the kernel, by module",
                    "System calls that failed with EPERM, EACCES or EXDEV: what Wasmtime and others answer to a path out of its directory is EXDEV.",
                    PerSecond,
                    &[q(
                        r#"sum by (module, errno) (rate(wasmscope_workload_syscall_errors_total{instance=~"$instance", errno=~"EPERM|EACCES|EXDEV"}[$__rate_interval]) * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{errno}}",
                    )],
                ),
            ],
        },
        Row {
            title: "Inside the sandbox",
            panels: &[
                Panel::lines(
                    "Violations that guests found",
                    "Canaries and red zones that were overwritten in instrumented modules.",
                    Count,
                    &[q(
                        r#"wasmscope_workload_guest_result{instance=~"$instance", result="violations"} * on (instance, workload) group_left (module) wasmscope_workload_info"#,
                        "{{module}} {{workload}}",
                    )],
                )
                .needs("modules rewritten by `wasmscope instrument`"),
                Panel::lines(
                    "Host calls refused",
                    "Host calls that a policy refused, by module.",
                    Count,
                    &[q(
                        r#"sum by (module) (wasmscope_workload_host_calls_denied_total{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}}",
                    )],
                )
                .needs("hooks that tell the agent (`run --agent`)"),
            ],
        },
        Row {
            title: "What may hide more",
            panels: &[
                Panel::lines(
                    "Events withheld, the ten loudest",
                    "Events that were not told because the workload did too much. Rules have not seen them.",
                    PerSecond,
                    &[q(
                        r#"topk(10, rate(wasmscope_workload_events_withheld_total{instance=~"$instance"}[$__rate_interval]) * on (instance, workload) group_left (module) wasmscope_workload_info)"#,
                        "{{module}} {{workload}}",
                    )],
                ),
                Panel::lines(
                    "Losses",
                    "Records and events that were lost, by where and why.",
                    PerSecond,
                    &[q(
                        r#"sum by (family, stage) (rate(wasmscope_agent_losses_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{family}} {{stage}}",
                    )],
                ),
            ],
        },
    ],
};
