//! The list of all metrics. Pages, `docs/metrics.md` and the tests come from it.

use crate::metric::{
    About, Kind, Metric, Sample, Since, by_name, by_stage, known, per_entry, per_workload, per_workload_and,
    per_workload_by_name, single,
};
use prometheus_client::registry::Unit::{Bytes, Seconds};
use wasmscope_model::ProbeState;

/// Every metric that there can be, in the order of the page.
pub fn metrics() -> impl Iterator<Item = About> {
    METRICS.iter().map(Metric::about)
}

/// Every metric, in the order of the page.
pub(crate) static METRICS: &[Metric] = &[
    Metric {
        name: "wasmscope_workloads",
        kind: Kind::Gauge,
        unit: None,
        labels: &[],
        ucum: "{workload}",
        since: Since::Agent,
        help: "Workloads that run now, exported one by one or not.",
        samples: |page| single(Some(page.rest.running)),
    },
    Metric {
        name: "wasmscope_workloads_started_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["runtime"],
        ucum: "{workload}",
        since: Since::Agent,
        help: "Workloads recognised since the agent started, those found running included.",
        samples: |page| by_name(&page.rest.started),
    },
    Metric {
        name: "wasmscope_workloads_exited_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["kind"],
        ucum: "{workload}",
        since: Since::Agent,
        help: "Workloads that ended: by exit code, by signal, by exec of another program, or unseen.",
        samples: |page| by_name(&page.rest.exited),
    },
    Metric {
        name: "wasmscope_workload_info",
        kind: Kind::Info,
        unit: None,
        labels: &["workload", "pid", "runtime", "version", "module", "sha256", "container", "pod"],
        ucum: "",
        since: Since::Recognised,
        help: "What a workload is. Join on workload; labels that are not known are absent.",
        samples: |page| {
            Box::new(page.workloads.iter().map(|w| {
                let (id, u) = (w.id.as_str(), &w.usage);
                let [runtime, version, module] = [&u.runtime, &u.version, &u.module].map(known);
                let [container, pod] = [&u.container, &u.pod].map(known);
                Sample::new([id, &w.pid, runtime, version, module, &w.sha256, container, pod], 1u64)
            }))
        },
    },
    Metric {
        name: "wasmscope_workload_running",
        kind: Kind::Gauge,
        unit: None,
        labels: &["workload"],
        ucum: "",
        since: Since::Recognised,
        help: "1 while the workload runs, 0 in the last scrapes after its end.",
        samples: |page| per_workload(page, |w| Some(w.usage.running)),
    },
    Metric {
        name: "wasmscope_workload_cpu_seconds_total",
        kind: Kind::Counter,
        unit: Some(Seconds),
        labels: &["workload", "mode"],
        ucum: "s",
        since: Since::Process,
        help: "CPU time of all threads, in user mode and in the kernel (system).",
        samples: |page| {
            per_workload_and(page, ["user", "system"], |w| [w.usage.cpu_user, w.usage.cpu_system])
        },
    },
    Metric {
        name: "wasmscope_workload_run_queue_wait_seconds_total",
        kind: Kind::Counter,
        unit: Some(Seconds),
        labels: &["workload"],
        ucum: "s",
        since: Since::Process,
        help: "Time in which threads could run and waited for a CPU.",
        samples: |page| per_workload(page, |w| w.usage.run_queue_wait),
    },
    Metric {
        name: "wasmscope_workload_guest_cpu_seconds_total",
        kind: Kind::Counter,
        unit: Some(Seconds),
        labels: &["workload", "module"],
        ucum: "s",
        since: Since::Recognised,
        help: "CPU time in guest code, by the loaded module that it belongs to.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.guest_cpu),
    },
    Metric {
        name: "wasmscope_workload_outside_cpu_seconds_total",
        kind: Kind::Counter,
        unit: Some(Seconds),
        labels: &["workload"],
        ucum: "s",
        since: Since::Recognised,
        help: "CPU time outside of guest code: in the runtime and its libraries.",
        samples: |page| per_workload(page, |w| w.usage.outside_cpu),
    },
    Metric {
        name: "wasmscope_workload_threads",
        kind: Kind::Gauge,
        unit: None,
        labels: &["workload"],
        ucum: "{thread}",
        since: Since::Recognised,
        help: "Threads of the process.",
        samples: |page| per_workload(page, |w| w.usage.threads),
    },
    Metric {
        name: "wasmscope_workload_resident_bytes",
        kind: Kind::Gauge,
        unit: Some(Bytes),
        labels: &["workload"],
        ucum: "By",
        since: Since::Recognised,
        help: "Resident memory of the process.",
        samples: |page| per_workload(page, |w| w.usage.resident_bytes),
    },
    Metric {
        name: "wasmscope_workload_linear_memory_bytes",
        kind: Kind::Gauge,
        unit: Some(Bytes),
        labels: &["workload"],
        ucum: "By",
        since: Since::Recognised,
        help: "Current size of the linear memories, touched or not.",
        samples: |page| per_workload(page, |w| w.usage.linear_memory_bytes),
    },
    Metric {
        name: "wasmscope_workload_linear_memory_limit_bytes",
        kind: Kind::Gauge,
        unit: Some(Bytes),
        labels: &["workload"],
        ucum: "By",
        since: Since::Recognised,
        help: "What the linear memories may grow to.",
        samples: |page| per_workload(page, |w| w.usage.linear_memory_limit_bytes),
    },
    Metric {
        name: "wasmscope_workload_page_faults_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "kind"],
        ucum: "{fault}",
        since: Since::Process,
        help: "Page faults: minor ones were served without I/O, major ones waited for it.",
        samples: |page| {
            per_workload_and(page, ["minor", "major"], |w| [w.usage.minor_faults, w.usage.major_faults])
        },
    },
    Metric {
        name: "wasmscope_workload_syscalls_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "call"],
        ucum: "{call}",
        since: Since::Recognised,
        help: "System calls by name; those beyond the named ones are call other.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.syscalls),
    },
    Metric {
        name: "wasmscope_workload_syscall_errors_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "errno"],
        ucum: "{error}",
        since: Since::Recognised,
        help: "System calls that failed, by errno; those beyond the named ones are errno other.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.syscall_errors),
    },
    Metric {
        name: "wasmscope_workload_io_operations_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "kind", "direction"],
        ucum: "{operation}",
        since: Since::Recognised,
        help: "Reads and writes that succeeded, of files, network sockets and other streams.",
        samples: |page| {
            Box::new(page.workloads.iter().flat_map(|w| {
                w.usage.io.iter().map(|io| {
                    Sample::new([w.id.as_str(), io.kind.as_str(), io.direction.as_str()], io.operations)
                })
            }))
        },
    },
    Metric {
        name: "wasmscope_workload_io_bytes_total",
        kind: Kind::Counter,
        unit: Some(Bytes),
        labels: &["workload", "kind", "direction"],
        ucum: "By",
        since: Since::Recognised,
        help: "Bytes read and written, of files, network sockets and other streams.",
        samples: |page| {
            Box::new(page.workloads.iter().flat_map(|w| {
                w.usage
                    .io
                    .iter()
                    .map(|io| Sample::new([w.id.as_str(), io.kind.as_str(), io.direction.as_str()], io.bytes))
            }))
        },
    },
    Metric {
        name: "wasmscope_workload_open_descriptors",
        kind: Kind::Gauge,
        unit: None,
        labels: &["workload"],
        ucum: "{descriptor}",
        since: Since::Recognised,
        help: "Open file descriptors.",
        samples: |page| per_workload(page, |w| w.usage.open_descriptors),
    },
    Metric {
        name: "wasmscope_workload_traps_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "kind"],
        ucum: "{trap}",
        since: Since::Recognised,
        help: "Traps of guest code by kind.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.traps),
    },
    Metric {
        name: "wasmscope_workload_detections_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload", "rule"],
        ucum: "{detection}",
        since: Since::Recognised,
        help: "Detections by rule; those withheld because the same was told a short time ago are not in it.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.detections),
    },
    Metric {
        name: "wasmscope_workload_guest_result",
        kind: Kind::Gauge,
        unit: None,
        labels: &["workload", "result"],
        ucum: "",
        since: Since::Recognised,
        help: "What an instrumented module counts of itself, by the name of the result; `violations` among them.",
        samples: |page| per_workload_by_name(page, |w| &w.usage.guest_results),
    },
    Metric {
        name: "wasmscope_workload_host_calls_denied_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload"],
        ucum: "{call}",
        since: Since::Recognised,
        help: "Host calls that a policy refused, as hooks in the process told (`watch --hooks`).",
        samples: |page| per_workload(page, |w| w.usage.host_calls_denied),
    },
    Metric {
        name: "wasmscope_workload_events_withheld_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["workload"],
        ucum: "{event}",
        since: Since::Recognised,
        help: "Events about the workload that were not told because there were too many.",
        samples: |page| per_workload(page, |w| w.usage.events_withheld),
    },
    Metric {
        name: "wasmscope_agent_build_info",
        kind: Kind::Info,
        unit: None,
        labels: &["version"],
        ucum: "",
        since: Since::Agent,
        help: "The agent that was scraped.",
        samples: |page| Box::new([Sample::new([page.rest.agent.version.as_ref()], 1u64)].into_iter()),
    },
    Metric {
        name: "wasmscope_agent_workloads_not_exported",
        kind: Kind::Gauge,
        unit: None,
        labels: &[],
        ucum: "{workload}",
        since: Since::Agent,
        help: "Workloads without series of their own, because there are too many.",
        samples: |page| single(Some(page.rest.workloads_not_exported)),
    },
    Metric {
        name: "wasmscope_agent_events_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["event"],
        ucum: "{event}",
        since: Since::Agent,
        help: "Events told, by event.name.",
        samples: |page| by_name(&page.rest.agent.events),
    },
    Metric {
        name: "wasmscope_agent_records_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["family", "stage"],
        ucum: "{record}",
        since: Since::Agent,
        help: "Records of the kernel that reached a stage on their way to the events.",
        samples: |page| by_stage(&page.rest.agent.records),
    },
    Metric {
        name: "wasmscope_agent_losses_total",
        kind: Kind::Counter,
        unit: None,
        labels: &["family", "stage"],
        ucum: "{record}",
        since: Since::Agent,
        help: "Records and events that were lost, by where and why.",
        samples: |page| by_stage(&page.rest.agent.losses),
    },
    Metric {
        name: "wasmscope_agent_detection_evictions_total",
        kind: Kind::Counter,
        unit: None,
        labels: &[],
        ucum: "{eviction}",
        since: Since::Agent,
        help: "Workloads and modules of which the rules forgot what they had seen, because there was too much.",
        samples: |page| single(page.rest.agent.detection_evictions),
    },
    Metric {
        name: "wasmscope_agent_acts_undecided_total",
        kind: Kind::Counter,
        unit: None,
        labels: &[],
        ucum: "{act}",
        since: Since::Agent,
        help: "Acts in hooked workloads of which it could not be said whether a host call explains them.",
        samples: |page| single(page.rest.agent.undecided_acts),
    },
    Metric {
        name: "wasmscope_agent_rule_info",
        kind: Kind::Info,
        unit: None,
        labels: &["rule", "severity", "maturity"],
        ucum: "",
        since: Since::Agent,
        help: "The rules that events are shown to. Join on rule to know how bad a detection is.",
        samples: |page| {
            let rules = page.rest.agent.rules.iter();
            Box::new(rules.map(|rule| Sample::new([rule.rule.as_str(), rule.severity, rule.maturity], 1u64)))
        },
    },
    Metric {
        name: "wasmscope_agent_probe_state",
        kind: Kind::Gauge,
        unit: None,
        labels: &["probe", "state"],
        ucum: "",
        since: Since::Agent,
        help: "1 for the state that a probe is in, 0 for the others.",
        samples: |page| {
            Box::new(page.rest.agent.probes.iter().flat_map(|(probe, is)| {
                [
                    ("active", ProbeState::Active),
                    ("degraded", ProbeState::Degraded),
                    ("refused", ProbeState::Refused),
                ]
                .map(|(name, state)| Sample::new([probe.as_ref(), name], *is == state))
            }))
        },
    },
    Metric {
        name: "wasmscope_agent_queue_length",
        kind: Kind::Gauge,
        unit: None,
        labels: &["queue"],
        ucum: "{entry}",
        since: Since::Agent,
        help: "Entries that wait in a queue between two threads of the agent.",
        samples: |page| per_entry(&page.rest.agent.queues, |queue| &queue.name, |queue| queue.length),
    },
    Metric {
        name: "wasmscope_agent_queue_capacity",
        kind: Kind::Gauge,
        unit: None,
        labels: &["queue"],
        ucum: "{entry}",
        since: Since::Agent,
        help: "Entries that can wait in the queue; what comes beyond is lost and counted.",
        samples: |page| per_entry(&page.rest.agent.queues, |queue| &queue.name, |queue| queue.capacity),
    },
    Metric {
        name: "wasmscope_agent_cpu_seconds_total",
        kind: Kind::Counter,
        unit: Some(Seconds),
        labels: &[],
        ucum: "s",
        since: Since::Agent,
        help: "CPU time of the agent itself.",
        samples: |page| single(page.rest.agent.cpu),
    },
    Metric {
        name: "wasmscope_agent_resident_bytes",
        kind: Kind::Gauge,
        unit: Some(Bytes),
        labels: &[],
        ucum: "By",
        since: Since::Agent,
        help: "Resident memory of the agent itself.",
        samples: |page| single(page.rest.agent.resident_bytes),
    },
];
