//! Container, pod and systemd unit from `/proc/PID/cgroup`.
//!
//! The path of a cgroup is chosen by whoever made it: an identity read from it is a hint of the platform, not
//! proof. A process outside any container has none; the host's own cgroup is never passed off as one.

use wasmscope_model::Container;

/// Longest part of a cgroup path that is kept.
const MOST_CHARS: usize = 256;

/// Reads the lines of `/proc/PID/cgroup` (cgroups(7): `hierarchy-ID:controllers:path`), version 1 and 2.
pub fn of_cgroup(lines: &str) -> Container {
    let mut found = Container::default();
    for line in lines.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && p.len() <= MOST_CHARS).collect();
        for part in &parts {
            found.pod_uid = found.pod_uid.or_else(|| pod_uid(part));
        }
        // The innermost container is the process's own (containers can be nested).
        found.id = found.id.or_else(|| container_id(&parts));
        if controllers.is_empty() || controllers == "name=systemd" {
            found.systemd_unit = found.systemd_unit.or_else(|| systemd_unit(&parts));
        }
    }
    found
}

/// The id that an engine wrote: Docker, containerd, CRI-O and Podman use 64 hexadecimal digits, with a driver
/// prefix and `.scope` under systemd. `ctr` and plain runc take any name and make a cgroup of it (`/default/web`);
/// nothing tells such a cgroup from one that is no container's, so a name of another form is none.
fn container_id(parts: &[&str]) -> Option<String> {
    parts.iter().rev().find_map(|part| {
        let name = part.strip_suffix(".scope").unwrap_or(part);
        // cri-containerd-<id>, docker-<id>, crio-<id>, libpod-<id>, <slice>:cri-containerd:<id>
        let id = name.rsplit(['-', ':']).next()?;
        (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| id.to_owned())
    })
}

/// `pod<uid>` (cgroupfs driver) or `kubepods-besteffort-pod<uid>.slice` (systemd driver, dashes as underscores).
fn pod_uid(part: &str) -> Option<String> {
    let name = part.strip_suffix(".slice").unwrap_or(part);
    let uid = match name.strip_prefix("pod") {
        Some(uid) => uid,
        None if name.starts_with("kubepods") => name.rsplit_once("-pod")?.1,
        None => return None,
    };
    let uid = uid.replace('_', "-");
    let groups: Vec<usize> = uid.split('-').map(str::len).collect();
    let is_uuid = groups == [8, 4, 4, 4, 12] && uid.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    // Static pods carry the hash of their manifest instead.
    let is_hash = uid.len() == 32 && uid.bytes().all(|b| b.is_ascii_hexdigit());
    (is_uuid || is_hash).then_some(uid)
}

/// The innermost service, or scope that is not merely a container's.
fn systemd_unit(parts: &[&str]) -> Option<String> {
    let unit = parts.iter().rev().find(|p| p.ends_with(".service") || p.ends_with(".scope"))?;
    if unit.ends_with(".scope") && (container_id(&[unit]).is_some() || *unit == "init.scope") {
        return None;
    }
    Some((*unit).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f4c0d5a9f2b8c1e6d7a5b4c3d2e1f00112233445566778899aabbccddeeff00";

    fn of(path: &str) -> (Option<String>, Option<String>, Option<String>) {
        let found = of_cgroup(&format!("0::{path}\n"));
        (found.id, found.pod_uid, found.systemd_unit)
    }

    #[test]
    fn kubernetes_under_both_drivers() {
        let pod = "0b6f7c1e-3c7e-4e0a-9f57-2f8a35c8f1aa";
        let some = |s: &str| Some(s.to_owned());
        let slice = pod.replace('-', "_");
        let systemd = format!(
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{slice}.slice/cri-containerd-{ID}.scope"
        );
        assert_eq!(of(&systemd), (some(ID), some(pod), None));
        assert_eq!(of(&format!("/kubepods/burstable/pod{pod}/{ID}")), (some(ID), some(pod), None));
        assert_eq!(of(&format!("/system.slice/x:cri-containerd:{ID}")), (some(ID), None, None));
    }

    #[test]
    fn engines_and_units() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(of(&format!("/docker/{ID}")), (some(ID), None, None));
        assert_eq!(of(&format!("/machine.slice/libpod-{ID}.scope/container")), (some(ID), None, None));
        assert_eq!(of("/system.slice/faas.service"), (None, None, some("faas.service")));
        assert_eq!(of("/user.slice/user-0.slice/session-3.scope"), (None, None, some("session-3.scope")));
    }

    #[test]
    fn the_host_is_no_container() {
        for path in [
            "/",
            "/init.scope",
            "/user.slice",
            "/system.slice",
            "/my-app/pod-of-peas",
            "/podracer",
            "/default/web",
        ] {
            assert_eq!(of(path), (None, None, None), "{path}");
        }
    }

    #[test]
    fn version_1_lines_and_garbage() {
        let lines = format!("12:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\nnonsense\n::\n");
        assert_eq!(of_cgroup(&lines).id.as_deref(), Some(ID));
        assert_eq!(of_cgroup("\u{0}:\u{1b}[2J"), Container::default());
    }
}
