use crate::look::{possible, quoted, texts};
use crate::{Found, Rule};
use wasmscope_analyze::facts::TextClass;
use wasmscope_analyze::{Capability, Facts};
use wasmscope_model::{Confidence, Severity};

/// What such files are for: a program of one trade names those of its own.
const SORTS: [&[&str]; 6] = [
    &[
        "docker.sock",
        "containerd.sock",
        "crio.sock",
        "podman.sock",
        "/etc/kubernetes",
        ".kube/config",
        ".docker/",
    ],
    &["/.ssh/", "id_rsa", "id_ed25519", "authorized_keys", ".git-credentials"],
    &[".aws/credentials", ".config/gcloud", "/run/secrets/"],
    &["/etc/shadow", "/etc/sudoers", "ld.so.preload", ".bash_history"],
    &["/etc/cron", "/spool/cron"],
    &["/proc/", "/sys/", "/dev/mem", "/dev/kmem"],
];

pub(super) static RULE: Rule = Rule {
    id: "sensitive-host-paths",
    title: "names files that give power over a host",
    severity: Severity::Medium,
    confidence: Confidence::percent(70),
    threat: "E4",
    cwe: &[200],
    attack: &["T1552.001", "T1083", "T1611"],
    sources: &[
        "https://attack.mitre.org/techniques/T1552/001/",
        "https://attack.mitre.org/techniques/T1611/",
    ],
    description: "The module can open files and names some that hold credentials, or by which a process \
        takes over its host: a container engine's socket, /proc/self/mem, kernel settings. Two or more \
        sorts of them are medium, one is low.",
    remediation: "Preopen only the directories that are needed, never /, /proc, /run or a home \
        directory.",
    false_positives: "Tools for containers, SSH and clouds; /etc/passwd alone is not counted, because C \
        libraries name it.",
    check,
};

fn check(facts: &Facts, found: &mut Found) {
    let files = [Capability::ReadFiles, Capability::WriteFiles];
    if possible(facts, &files).is_empty() {
        return;
    }
    for module in &facts.modules {
        let named: Vec<_> =
            texts(module, TextClass::HostPath).filter(|text| !text.value.contains("/etc/passwd")).collect();
        let sorts = SORTS.iter().filter(|sort| named.iter().any(|text| is_of(&text.value, sort))).count();
        let (Some(first), 1..) = (named.first(), sorts) else { continue };
        let message = format!("can open files, and names {}", quoted(named.iter().map(|text| &text.value)));
        let severity = if sorts >= 2 { Severity::Medium } else { Severity::Low };
        found.in_module(module, message).at(first.offset).milder(severity);
    }
}

fn is_of(text: &str, sort: &[&str]) -> bool {
    sort.iter().any(|part| text.contains(part))
}
