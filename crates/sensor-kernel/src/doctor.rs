//! What this host lets us see: every probe and every kind of program is tried, none inferred.

use crate::{
    CpuSampler, Sensor, Settings, TaskUsage, cpu_sample, host, kinds, lifecycle,
    sensor::{active, refused},
    task_usage, task_vma,
};
use std::os::unix::fs::MetadataExt as _;
use wasmscope_model::{ProbeReport, ProbeState};

/// The result of trying everything.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// wasmscope's own probes, and reading other processes.
    pub probes: Vec<ProbeReport>,
    /// Kinds of BPF programs, including those that only optional layers use.
    pub kinds: Vec<ProbeReport>,
}

impl Diagnosis {
    /// Whether `watch` works: everything required is there.
    pub fn usable(&self) -> bool {
        self.probes.iter().all(|p| !p.required || p.state != ProbeState::Refused)
    }
}

/// Tries everything. Takes about a second; attaches nothing for longer than an instant.
pub fn diagnose() -> Diagnosis {
    let settings = Settings::default();
    let mut probes = match Sensor::load(&settings) {
        Ok((mut sensor, mut reports)) => {
            try_calls(&mut sensor, &mut reports);
            reports
        }
        Err(refusal) => vec![*refusal.0],
    };
    if probes.iter().any(|p| p.name == lifecycle::NAME && p.state == ProbeState::Active) {
        probes.push(match crate::sensor::running_processes(&settings) {
            Ok(_) => active(task_vma::NAME, task_vma::SEES, false),
            Err(report) => *report,
        });
    }
    probes.push(trial(TaskUsage::load(), task_usage::NAME, task_usage::SEES));
    probes.push(trial(CpuSampler::load(CpuSampler::USUAL_PERIOD), cpu_sample::NAME, cpu_sample::SEES));
    probes.push(other_processes());
    if probes.iter().all(|p| p.name != PID_NAMESPACE) {
        probes.push(pid_namespace());
    }
    let kinds = kinds::KINDS
        .iter()
        .map(|kind| match kinds::try_kind(kind) {
            Ok(()) => active(kind.name, kind.sees, false),
            Err(refusal) => {
                let mut report = refused(kind.name, kind.cost, false, &refusal);
                if kind.name == "lsm"
                    && let Some(modules) = host::security_modules()
                    && !modules.split(',').any(|m| m.trim() == "bpf")
                {
                    report.reason =
                        format!("\"bpf\" is not among the active security modules ({})", modules.trim());
                    report.remedy = format!("boot with lsm={},bpf", modules.trim());
                }
                report
            }
        })
        .collect();
    Diagnosis { probes, kinds }
}

/// What became of a probe that is loaded on demand.
fn trial<T>(loaded: Result<T, Box<ProbeReport>>, name: &str, sees: &str) -> ProbeReport {
    loaded.map_or_else(|report| *report, |_| active(name, sees, false))
}

fn try_calls(sensor: &mut Sensor, reports: &mut [ProbeReport]) {
    let report = reports.iter_mut().find(|r| r.name == crate::calls_probe::NAME);
    if let Some(report) = report
        && report.state == ProbeState::Active
        && !sensor.watch_calls(true)
    {
        report.state = ProbeState::Degraded;
        report.reason = "it loads, but system-call tracepoints cannot be attached".into();
        report.visibility = crate::calls_probe::COST.into();
        report.remedy =
            "use a kernel built with CONFIG_HAVE_SYSCALL_TRACEPOINTS and CONFIG_FTRACE_SYSCALLS".into();
    }
    sensor.watch_calls(false);
}

/// Reading memory, maps and files of processes of other users.
fn other_processes() -> ProbeReport {
    let capabilities = host::effective_capabilities();
    if host::has(capabilities, host::CAP_SYS_PTRACE) {
        return active("process_memory", "code images, memories and modules of every process", true);
    }
    ProbeReport {
        name: "process_memory".into(),
        state: ProbeState::Degraded,
        reason: "this process lacks CAP_SYS_PTRACE".into(),
        visibility: "only processes of your own user can be looked into (`ps`, `inspect`)".into(),
        remedy: "run as root, or grant cap_sys_ptrace".into(),
        required: true,
    }
}

const PID_NAMESPACE: &str = "pid_namespace";

/// The kernel reports process ids of the initial PID namespace; `/proc` must show the same ones.
pub(crate) fn pid_namespace() -> ProbeReport {
    // include/linux/proc_ns.h, PROC_PID_INIT_INO
    const INITIAL: u64 = 0xEFFF_FFFC;
    let name = PID_NAMESPACE;
    match std::fs::metadata("/proc/self/ns/pid") {
        Ok(namespace) if namespace.ino() == INITIAL => {
            active(name, "processes by the ids that the kernel reports", true)
        }
        _ => ProbeReport {
            name: name.into(),
            state: ProbeState::Refused,
            reason: "this process runs in a PID namespace of its own".into(),
            visibility: "what the kernel reports cannot be found in /proc".into(),
            remedy: "run it in the host's: `docker run --pid=host`, Kubernetes `hostPID: true`".into(),
            required: true,
        },
    }
}
