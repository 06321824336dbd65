//! Which processes the probes look at. Others are dropped in the kernel, before anything of them is read.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The part of the host that is observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every process of the host.
    #[default]
    Host,
    /// These processes and all their descendants, present and future.
    Tree(Vec<u32>),
    /// The processes of one cgroup (version 2 hierarchy) and of those below it.
    Cgroup(CgroupScope),
}

/// A cgroup by the identity that the kernel compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupScope {
    /// Its directory.
    pub path: PathBuf,
    /// Kernel id: the inode number of the directory.
    pub id: u64,
    /// Depth below the hierarchy's root (root = 0).
    pub level: u32,
}

/// A scope that cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// Not `tree:PID` or `cgroup:PATH`.
    #[error("scope {0:?} is neither tree:PID nor cgroup:PATH")]
    Syntax(String),
    /// The process is not there.
    #[error("scope tree:{0}: there is no such process")]
    NoProcess(u32),
    /// The directory is not a cgroup of the version 2 hierarchy.
    #[error("scope cgroup:{path}: {reason}")]
    NoCgroup {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Scope {
    /// Parses `host`, `tree:PID` or `cgroup:PATH` and checks that the process or cgroup is there.
    ///
    /// # Errors
    /// Says what is wrong with the text, or that the process or cgroup is missing.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text == "host" {
            Ok(Self::Host)
        } else if let Some(pid) = text.strip_prefix("tree:") {
            let pid: u32 = pid.parse().map_err(|_| ScopeError::Syntax(text.into()))?;
            match fs::metadata(format!("/proc/{pid}")) {
                Ok(_) => Ok(Self::Tree(vec![pid])),
                Err(_) => Err(ScopeError::NoProcess(pid)),
            }
        } else if let Some(path) = text.strip_prefix("cgroup:") {
            CgroupScope::open(Path::new(path)).map(Self::Cgroup)
        } else {
            Err(ScopeError::Syntax(text.into()))
        }
    }

    /// Process ids that are in scope now, asked without touching any process outside it; `None` for the whole host.
    pub fn members(&self) -> Option<Vec<u32>> {
        match self {
            Self::Host => None,
            Self::Tree(roots) => Some(tree_members(roots)),
            Self::Cgroup(cgroup) => Some(cgroup.members()),
        }
    }
}

/// The processes and their descendants, by `/proc/PID/task/TID/children`, which names no stranger.
fn tree_members(roots: &[u32]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut next = 0;
    while next < found.len() {
        let tasks = fs::read_dir(format!("/proc/{}/task", found[next])).into_iter().flatten().flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(children.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        next += 1;
    }
    found
}

impl CgroupScope {
    /// Looks the cgroup at `path` up.
    ///
    /// # Errors
    /// Says why the directory is not a cgroup of the version 2 hierarchy.
    pub fn open(path: &Path) -> Result<Self, ScopeError> {
        let fail = |reason: String| ScopeError::NoCgroup { path: path.into(), reason };
        let path = path.canonicalize().map_err(|e| fail(e.to_string()))?;
        let stat = rustix::fs::statfs(&path).map_err(|e| fail(e.to_string()))?;
        // linux/magic.h
        const CGROUP2_SUPER_MAGIC: u64 = 0x6367_7270;
        if stat.f_type as u64 != CGROUP2_SUPER_MAGIC {
            return Err(fail(
                "not a directory of the cgroup version 2 hierarchy (usually below /sys/fs/cgroup or /sys/fs/cgroup/unified)"
                    .into(),
            ));
        }
        let id = path.metadata().map_err(|e| fail(e.to_string()))?;
        let level = path
            .ancestors()
            .skip(1)
            .take_while(|up| up.metadata().is_ok_and(|m| m.dev() == id.dev()))
            .count();
        Ok(Self { id: id.ino(), level: u32::try_from(level).unwrap_or(u32::MAX), path })
    }

    fn members(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            found.extend(processes.lines().filter_map(|pid| pid.parse::<u32>().ok()));
            let below = fs::read_dir(&folder).into_iter().flatten().flatten();
            folders.extend(below.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_says_what_is_wrong_with_it() {
        assert_eq!(Scope::parse("host").unwrap(), Scope::Host);
        let me = std::process::id();
        assert_eq!(Scope::parse(&format!("tree:{me}")).unwrap(), Scope::Tree(vec![me]));
        assert!(matches!(Scope::parse("pods"), Err(ScopeError::Syntax(_))));
        assert!(matches!(Scope::parse("tree:x"), Err(ScopeError::Syntax(_))));
        assert!(matches!(Scope::parse("tree:4294967295"), Err(ScopeError::NoProcess(_))));
        let error = Scope::parse("cgroup:/proc/self").unwrap_err().to_string();
        assert!(error.contains("version 2"), "{error}");
    }

    #[test]
    fn a_tree_has_its_children_and_nobody_else() {
        let mut child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
        let members = Scope::Tree(vec![std::process::id()]).members().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(members.contains(&child.id()), "{members:?}");
        assert!(!members.contains(&1), "{members:?}");
    }
}
