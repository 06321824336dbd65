//! Why the kernel said no: its error number read together with the state of the host. libbpf's own hint on
//! EPERM ("try raising ulimit -l") is wrong on every kernel since 5.11 and is not passed on.

use crate::load::Refusal;
use libbpf_rs::ErrorKind;
use std::{fs, path::Path};

// linux/capability.h
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;
/// Reading the memory and files of other users' processes.
pub(crate) const CAP_SYS_PTRACE: u32 = 19;

/// The effective capabilities of this process, from `/proc/self/status`.
pub(crate) fn effective_capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("CapEff:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

pub(crate) fn has(capabilities: u64, capability: u32) -> bool {
    capabilities & 1 << capability != 0
}

/// Capabilities that loading tracing programs needs and this process lacks; `CAP_SYS_ADMIN` stands for both.
pub(crate) fn missing_capabilities(capabilities: u64) -> Vec<&'static str> {
    if has(capabilities, CAP_SYS_ADMIN) {
        return Vec::new();
    }
    [(CAP_BPF, "CAP_BPF"), (CAP_PERFMON, "CAP_PERFMON")]
        .into_iter()
        .filter(|(number, _)| !has(capabilities, *number))
        .map(|(_, name)| name)
        .collect()
}

pub(crate) fn btf_present() -> bool {
    Path::new("/sys/kernel/btf/vmlinux").exists()
}

fn lockdown() -> Option<String> {
    let modes = fs::read_to_string("/sys/kernel/security/lockdown").ok()?;
    let mode = modes.split_once('[')?.1.split_once(']')?.0;
    (mode != "none").then(|| mode.to_owned())
}

/// Active Linux security modules, comma-separated; `None` where securityfs is not mounted.
pub(crate) fn security_modules() -> Option<String> {
    fs::read_to_string("/sys/kernel/security/lsm").ok()
}

/// Reason and remedy for one refusal.
pub(crate) fn explain(refusal: &Refusal) -> (String, String) {
    let missing = missing_capabilities(effective_capabilities());
    if !missing.is_empty() {
        return (
            format!("this process lacks {}", missing.join(" and ")),
            format!(
                "run as root, or grant the capabilities: setcap {}=ep, or in a container cap-add",
                "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search,cap_checkpoint_restore"
            ),
        );
    }
    if !btf_present() {
        return (
            "the kernel has no BTF type information: /sys/kernel/btf/vmlinux is missing".into(),
            "use a kernel built with CONFIG_DEBUG_INFO_BTF=y (every distribution kernel since about 2021); in a container, mount /sys/kernel/btf".into(),
        );
    }
    let mode = lockdown();
    // libbpf's own answer for a tracepoint or function that is not in the type information is ESRCH, which reads as
    // "no such process".
    let no_target = refusal.said.contains("failed to find kernel BTF type ID");
    match (refusal.error.kind(), mode) {
        (ErrorKind::PermissionDenied, Some(mode)) if mode == "confidentiality" => (
            "kernel lockdown is in confidentiality mode, which forbids reading kernel memory from BPF".into(),
            "boot with lockdown=integrity or none".into(),
        ),
        (ErrorKind::PermissionDenied, _) => (
            "the kernel answered EPERM although this process has the capabilities: a security policy of the kernel or hypervisor forbids this kind of program".into(),
            "ask whoever builds the kernel; the layers above do without it".into(),
        ),
        (kind, _) if no_target || kind == ErrorKind::NotFound => (
            format!("this kernel does not have what the probe attaches to{}", first_complaint(&refusal.said)),
            "a newer kernel, or one built with the missing option".into(),
        ),
        _ => (format!("{:#}{}", refusal.error, first_complaint(&refusal.said)), String::new()),
    }
}

/// The first line in which libbpf names what it did not find or the verifier did not like.
fn first_complaint(said: &str) -> String {
    let telling = |l: &&str| {
        [
            "failed to find",
            "not found",
            "is not found",
            "invalid",
            "unknown",
            "not supported",
            "doesn't exist",
        ]
        .iter()
        .any(|w| l.contains(w))
    };
    let lines = || said.lines().map(str::trim);
    // The verifier ends with what it did not like and a line of statistics.
    let verdict = || {
        lines().zip(lines().skip(1)).find(|(_, next)| next.starts_with("processed ")).map(|(line, _)| line)
    };
    let line = lines().find(telling).or_else(verdict);
    line.map(|l| format!(" ({})", l.strip_prefix("libbpf: ").unwrap_or(l))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sys_admin_stands_for_the_newer_capabilities() {
        assert_eq!(missing_capabilities(0), ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(missing_capabilities(1 << CAP_BPF), ["CAP_PERFMON"]);
        assert!(missing_capabilities(1 << CAP_SYS_ADMIN).is_empty());
    }

    #[test]
    fn the_first_telling_line_is_quoted() {
        let said =
            "libbpf: loading object\nlibbpf: prog 'on_read': failed to find kernel BTF type ID of 'x': -3\n";
        assert_eq!(first_complaint(said), " (prog 'on_read': failed to find kernel BTF type ID of 'x': -3)");
        assert_eq!(first_complaint(""), "");
        let said = "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n0: R1=ctx\ntoo far\nprocessed 7 insns (limit 1000000)\n";
        assert_eq!(first_complaint(said), " (too far)");
    }
}
