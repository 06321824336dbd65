//! The agents themselves: whether what they say is the whole story.

use super::INSTANCE;
use crate::describe::{
    Board, Panel, Row,
    Unit::{Bytes, Cores, Count, PerSecond, Ratio, Seconds},
    q,
};

pub(super) const BOARD: Board = Board {
    name: "agent",
    title: "Agent health",
    about: "Whether agents see everything, and what they cost.",
    variables: &[INSTANCE],
    rows: &[
        Row {
            title: "State",
            panels: &[
                Panel::list("Agents", "Version of each agent.",
                    &[q(r#"wasmscope_agent_build_info{instance=~"$instance"}"#, "")],
                )
                .width(12),
                Panel::list("Probes", "The state of each probe. `wasmscope doctor` says why one is refused, and what stays unseen.",
                    &[q(r#"wasmscope_agent_probe_state{instance=~"$instance"} == 1"#, "")],
                )
                .width(12),
                Panel::stat(
                    "Probes refused",
                    "Over all hosts.",
                    Count,
                    &[q(r#"sum(wasmscope_agent_probe_state{instance=~"$instance", state="refused"})"#, "")],
                ),
                Panel::stat(
                    "Workloads without series",
                    "There are more workloads than are exported one by one. Events and rules have them all.",
                    Count,
                    &[q(r#"sum(wasmscope_agent_workloads_not_exported{instance=~"$instance"})"#, "")],
                ),
                Panel::stat(
                    "Forgotten by rules",
                    "Workloads and modules whose windows began anew, because state is bounded.",
                    Count,
                    &[q(r#"sum(wasmscope_agent_detection_evictions_total{instance=~"$instance"})"#, "")],
                ),
                Panel::stat(
                    "Acts not judged",
                    "Of workloads with hooks: it could not be said whether a host call explains them, for example because hooks lost calls.",
                    Count,
                    &[q(r#"sum(wasmscope_agent_acts_undecided_total{instance=~"$instance"})"#, "")],
                ),
                Panel::stat(
                    "Lost",
                    "Records and events since the agents started, of all kinds.",
                    Count,
                    &[q(r#"sum(wasmscope_agent_losses_total{instance=~"$instance"})"#, "")],
                ),
            ],
        },
        Row {
            title: "The way of the data",
            panels: &[
                Panel::lines(
                    "Records",
                    "Records of the kernel that reached each stage. Lines of one family should lie on each other.",
                    PerSecond,
                    &[q(
                        r#"sum by (family, stage) (rate(wasmscope_agent_records_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{family}} {{stage}}",
                    )],
                ),
                Panel::lines(
                    "Losses",
                    "By where and why. `throttled` is on purpose; `output` means that the reader of the events is too slow.",
                    PerSecond,
                    &[q(
                        r#"sum by (family, stage) (rate(wasmscope_agent_losses_total{instance=~"$instance"}[$__rate_interval]))"#,
                        "{{family}} {{stage}}",
                    )],
                ),
                Panel::stacked(
                    "Events told, the ten most frequent",
                    "By name of the event.",
                    PerSecond,
                    &[q(
                        r#"topk(10, sum by (event) (rate(wasmscope_agent_events_total{instance=~"$instance"}[$__rate_interval])))"#,
                        "{{event}}",
                    )],
                ),
                Panel::lines(
                    "Queues",
                    "How full they are; what comes beyond is lost and counted.",
                    Ratio,
                    &[q(
                        r#"wasmscope_agent_queue_length{instance=~"$instance"} / (wasmscope_agent_queue_capacity > 0)"#,
                        "{{instance}} {{queue}}",
                    )],
                ),
            ],
        },
        Row {
            title: "What it costs",
            panels: &[
                Panel::lines(
                    "CPU of the agent",
                    "In cores.",
                    Cores,
                    &[q(
                        r#"rate(wasmscope_agent_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])"#,
                        "{{instance}}",
                    )],
                ),
                Panel::lines(
                    "Memory of the agent",
                    "Resident.",
                    Bytes,
                    &[q(r#"wasmscope_agent_resident_bytes{instance=~"$instance"}"#, "{{instance}}")],
                ),
                Panel::lines(
                    "Duration of a scrape",
                    "As Prometheus measures it.",
                    Seconds,
                    &[q(
                        r#"scrape_duration_seconds{instance=~"$instance"} and on (job, instance) wasmscope_agent_build_info"#,
                        "{{instance}}",
                    )],
                ),
                Panel::lines(
                    "Samples in a scrape",
                    "Grows with the number of workloads.",
                    Count,
                    &[q(
                        r#"scrape_samples_scraped{instance=~"$instance"} and on (job, instance) wasmscope_agent_build_info"#,
                        "{{instance}}",
                    )],
                ),
            ],
        },
    ],
};
