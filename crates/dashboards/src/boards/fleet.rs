//! All hosts: what runs, in which runtimes, and what it costs.

use super::INSTANCE;
use crate::describe::{
    Board, Panel, Row,
    Unit::{Bytes, Cores, Count, PerSecond},
    q,
};

pub(super) const BOARD: Board = Board {
    name: "fleet",
    title: "Fleet",
    about: "What Wasm workloads run on all hosts, in which runtimes, and what they cost.",
    variables: &[INSTANCE],
    rows: &[
        Row {
            title: "Now",
            panels: &[
                Panel::stat(
                    "Workloads",
                    "Workloads that run now.",
                    Count,
                    &[q(r#"sum(wasmscope_workloads{instance=~"$instance"})"#, "")],
                ),
                Panel::stat(
                    "Hosts",
                    "Hosts whose agent answers.",
                    Count,
                    &[q(r#"count(wasmscope_agent_build_info{instance=~"$instance"})"#, "")],
                ),
                Panel::stat(
                    "Cores",
                    "CPU time per second of all workloads.",
                    Cores,
                    &[q(
                        r#"sum(rate(wasmscope_workload_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "",
                    )],
                ),
                Panel::stat(
                    "Resident memory",
                    "Resident memory of all processes with workloads; shared pages count in each.",
                    Bytes,
                    &[q(r#"sum(wasmscope_workload_resident_bytes{instance=~"$instance"})"#, "")],
                ),
            ],
        },
        Row {
            title: "What runs",
            panels: &[
                Panel::stacked(
                    "Workloads by host",
                    "Workloads that run, by host.",
                    Count,
                    &[q(r#"wasmscope_workloads{instance=~"$instance"}"#, "{{instance}}")],
                ),
                Panel::stacked(
                    "Workloads by runtime",
                    "Workloads that run and have series, by what runs them.",
                    Count,
                    &[q(
                        r#"count by (runtime) (wasmscope_workload_info{instance=~"$instance"} and on (instance, workload) wasmscope_workload_running == 1)"#,
                        "{{runtime}}",
                    )],
                ),
                Panel::lines(
                    "Starts by runtime",
                    "Workloads recognised per second. Many short ones are usual for functions as a service, and unusual elsewhere.",
                    PerSecond,
                    &[q(
                        r#"sum by (runtime) (rate(wasmscope_workloads_started_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{runtime}}",
                    )],
                ),
                Panel::lines(
                    "Ends by kind",
                    "How workloads ended, per second: by exit code, by signal, by exec of another program, or unseen.",
                    PerSecond,
                    &[q(
                        r#"sum by (kind) (rate(wasmscope_workloads_exited_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{kind}}",
                    )],
                ),
                Panel::table(
                    "Runtimes and versions",
                    "How many workloads each version runs. Compare with the advisories of the runtime.",
                    Count,
                    &[q(r#"count by (runtime, version) (wasmscope_workload_info{instance=~"$instance"})"#, "")],
                )
                .width(12),
                Panel::table(
                    "Modules",
                    "How many workloads each module has. One name with several hashes is several builds.",
                    Count,
                    &[q(r#"count by (module, sha256) (wasmscope_workload_info{instance=~"$instance", module!=""})"#, "")],
                )
                .width(12),
                Panel::table(
                    "Containers and pods",
                    "Workloads in containers of Docker, Podman, CRI-O and Kubernetes.",
                    Count,
                    &[q(
                        r#"count by (instance, container, pod) (wasmscope_workload_info{instance=~"$instance", container!=""})"#,
                        "",
                    )],
                )
                .needs("workloads in containers"),
            ],
        },
        Row {
            title: "What it costs",
            panels: &[
                Panel::stacked(
                    "CPU by runtime",
                    "CPU time per second, in cores.",
                    Cores,
                    &[q(
                        r#"sum by (runtime) (rate(wasmscope_workload_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]) * on (instance, workload) group_left (runtime) wasmscope_workload_info)"#,
                        "{{runtime}}",
                    )],
                ),
                Panel::lines(
                    "CPU by module, the ten busiest",
                    "CPU time per second of the processes that run the module, in cores.",
                    Cores,
                    &[q(
                        r#"topk(10, sum by (module) (rate(wasmscope_workload_cpu_seconds_total{instance=~"$instance"}[$__rate_interval]) * on (instance, workload) group_left (module) wasmscope_workload_info))"#,
                        "{{module}}",
                    )],
                ),
                Panel::stacked(
                    "Resident memory by runtime",
                    "Resident memory of processes with workloads.",
                    Bytes,
                    &[q(
                        r#"sum by (runtime) (wasmscope_workload_resident_bytes{instance=~"$instance"} * on (instance, workload) group_left (runtime) wasmscope_workload_info)"#,
                        "{{runtime}}",
                    )],
                ),
                Panel::lines(
                    "Linear memory by module, the ten largest",
                    "Current size of linear memories, touched or not.",
                    Bytes,
                    &[q(
                        r#"topk(10, sum by (module) (wasmscope_workload_linear_memory_bytes{instance=~"$instance"} * on (instance, workload) group_left (module) wasmscope_workload_info))"#,
                        "{{module}}",
                    )],
                ),
            ],
        },
    ],
};
