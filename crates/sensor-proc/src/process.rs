//! One process, pinned.

use crate::files::{FileId, OpenFile, RegularFile};
use procfs::{ProcError, process};
use rustix::fs::{AtFlags, Mode, OFlags};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    os::{
        fd::{AsFd, AsRawFd as _},
        unix::{ffi::OsStringExt as _, fs::FileExt as _},
    },
    path::{Path, PathBuf},
};
use wasmscope_model::{Pid, ProcessKey, text::lossy_within};
use wasmscope_runtimes::{
    maps::{self, Maps, Vma},
    memory::ReadMemory,
};

/// Most bytes of `/proc/PID/maps` that are read: 65,530 mappings (the kernel's default limit) of 100 bytes, doubled.
const MAPS_BYTES: u64 = 16 << 20;
/// Most of a command line, and most bytes of one path.
const COMMAND_LINE_BYTES: u64 = 64 << 10;
/// Most open descriptors and threads that are looked at.
const MOST_DESCRIPTORS: usize = 1024;
const MOST_THREADS: usize = 64;
/// Most mounts tried to find a file again.
const MOST_MOUNTS: usize = 512;

/// Why a process cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessError {
    /// It has ended, or never was.
    #[error("process {0} is not there (any more)")]
    Gone(u32),
    /// It belongs to somebody else.
    #[error("process {0} may not be looked into: run as root, or with CAP_SYS_PTRACE")]
    Denied(u32),
    /// It has no memory of its own: a kernel thread or a zombie.
    #[error("process {0} has no memory: a kernel thread, or it has just ended")]
    NoMemory(u32),
    /// Something else went wrong.
    #[error("process {pid} cannot be read: {reason}")]
    Other {
        /// Which.
        pid: u32,
        /// What the system said.
        reason: String,
    },
}

impl ProcessError {
    fn of(pid: u32, error: ProcError) -> Self {
        match error {
            ProcError::NotFound(_) => Self::Gone(pid),
            ProcError::PermissionDenied(_) => Self::Denied(pid),
            ProcError::Io(e, _) => Self::io(pid, &e),
            other => Self::Other { pid, reason: other.to_string() },
        }
    }

    fn io(pid: u32, error: &io::Error) -> Self {
        const ESRCH: i32 = 3;
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::NotFound, _) | (_, Some(ESRCH)) => Self::Gone(pid),
            (io::ErrorKind::PermissionDenied, _) => Self::Denied(pid),
            _ => Self::Other { pid, reason: error.to_string() },
        }
    }
}

/// The executable of a process.
#[derive(Debug)]
pub struct ExecutableFile {
    /// Path as the process sees it; with ` (deleted)` where it was deleted.
    pub path: String,
    /// Which file.
    pub id: FileId,
}

/// Facts that rarely change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Parent.
    pub parent: Pid,
    /// Effective user.
    pub uid: u32,
    /// Process id in the innermost PID namespace, where that is not ours.
    pub namespace_pid: Option<Pid>,
}

/// A process that cannot be confused with a later one of the same id.
#[derive(Debug)]
pub struct Process {
    proc: process::Process,
    key: ProcessKey,
}

impl Process {
    /// Pins the process with this id.
    ///
    /// # Errors
    /// It is gone, denied, or a kernel thread or zombie.
    pub fn open(pid: u32) -> Result<Self, ProcessError> {
        let id = i32::try_from(pid).map_err(|_| ProcessError::Gone(pid))?;
        let proc = process::Process::new(id).map_err(|e| ProcessError::of(pid, e))?;
        let stat = proc.stat().map_err(|e| ProcessError::of(pid, e))?;
        if stat.vsize == 0 {
            return Err(ProcessError::NoMemory(pid));
        }
        let key = ProcessKey { pid: Pid(pid), start_ticks: stat.starttime, exec_stamp: stat.startstack };
        Ok(Self { proc, key })
    }

    /// Which process, and which program in it.
    pub fn key(&self) -> &ProcessKey {
        &self.key
    }

    fn pid(&self) -> u32 {
        self.key.pid.0
    }

    /// Whether it still runs the program that it ran when it was opened.
    pub fn is_current(&self) -> bool {
        self.proc.stat().is_ok_and(|s| s.vsize != 0 && s.startstack == self.key.exec_stamp)
    }

    /// Parent, user and inner process id.
    ///
    /// # Errors
    /// The process is gone.
    pub fn facts(&self) -> Result<Facts, ProcessError> {
        let status = self.proc.status().map_err(|e| ProcessError::of(self.pid(), e))?;
        let inner = status.nspid.as_ref().and_then(|ids| ids.last()).and_then(|id| u32::try_from(*id).ok());
        Ok(Facts {
            parent: Pid(u32::try_from(status.ppid).unwrap_or(0)),
            uid: status.euid,
            namespace_pid: inner.filter(|id| *id != self.pid()).map(Pid),
        })
    }

    /// The memory map.
    ///
    /// # Errors
    /// The process is gone or denied.
    pub fn maps(&self) -> Result<Maps, ProcessError> {
        let text = self.read("maps", MAPS_BYTES)?;
        if text.is_empty() {
            return Err(ProcessError::NoMemory(self.pid()));
        }
        Ok(maps::parse(&text))
    }

    /// Its memory, for reading.
    ///
    /// # Errors
    /// The process is gone or denied.
    pub fn memory(&self) -> Result<ProcessMemory, ProcessError> {
        self.proc.mem().map(ProcessMemory).map_err(|e| ProcessError::of(self.pid(), e))
    }

    /// Which file its executable is, without opening it.
    ///
    /// # Errors
    /// The process is gone or denied.
    pub fn executable(&self) -> Result<ExecutableFile, ProcessError> {
        let path = self.seen_by_it(self.link("exe")?);
        let handle = self
            .proc
            .open_relative_flags("exe", OFlags::PATH | OFlags::CLOEXEC)
            .map_err(|e| ProcessError::of(self.pid(), e))?;
        let metadata = handle.metadata().map_err(|e| ProcessError::io(self.pid(), &e))?;
        Ok(ExecutableFile { path, id: FileId::of(&metadata) })
    }

    /// Opens its executable: the file that runs, whatever stands at its path now.
    ///
    /// # Errors
    /// The process is gone or denied.
    pub fn open_executable(&self) -> io::Result<RegularFile> {
        self.reopen("exe")
    }

    /// Opens the file that is mapped at `vma`, whatever stands at its path now.
    ///
    /// # Errors
    /// No file is mapped there, or it is not ours to read.
    pub fn open_mapped(&self, vma: &Vma) -> io::Result<RegularFile> {
        self.open_mapped_range(vma.start, vma.end)
    }

    /// Opens the file that is mapped at exactly this range.
    ///
    /// # Errors
    /// As for [`open_mapped`](Self::open_mapped).
    pub fn open_mapped_range(&self, start: u64, end: u64) -> io::Result<RegularFile> {
        self.reopen(format!("map_files/{start:x}-{end:x}"))
    }

    /// As [`open_mapped`](Self::open_mapped), with the path of what was opened: in the time since the maps were read,
    /// another file may have been mapped at the same range (Wasmtime maps one module after the other there).
    ///
    /// # Errors
    /// As for [`open_mapped`](Self::open_mapped).
    pub fn open_mapped_file(&self, vma: &Vma) -> io::Result<OpenFile> {
        let link = format!("map_files/{:x}-{:x}", vma.start, vma.end);
        let handle =
            self.proc.open_relative_flags(&link, OFlags::PATH | OFlags::CLOEXEC).map_err(io::Error::other)?;
        let path = rustix::fs::readlink(format!("/proc/self/fd/{}", handle.as_raw_fd()), Vec::new())?;
        let path = lossy_within(path.as_bytes(), 4096);
        // As in the maps' own paths: whether it was deleted is not part of its name.
        let path = self.seen_by_it(path.strip_suffix(" (deleted)").unwrap_or(&path).to_owned());
        Ok(OpenFile { path, file: RegularFile::reopen(handle)? })
    }

    fn reopen(&self, link: impl AsRef<Path>) -> io::Result<RegularFile> {
        let handle = self
            .proc
            .open_relative_flags(link.as_ref(), OFlags::PATH | OFlags::CLOEXEC)
            .map_err(io::Error::other)?;
        RegularFile::reopen(handle)
    }

    /// The command line as the process shows it now; it can write there what it likes. At most 64 KiB.
    pub fn command_line(&self) -> Vec<OsString> {
        let bytes = self.read("cmdline", COMMAND_LINE_BYTES).unwrap_or_default();
        let bytes = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
        bytes.split(|b| *b == 0).map(|arg| OsString::from_vec(arg.to_vec())).collect()
    }

    /// One of its folders, and the entries in it.
    fn list(&self, name: &str) -> Option<(File, rustix::fs::Dir)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = self.proc.open_relative_flags(name, flags).ok()?;
        let entries = rustix::fs::Dir::read_from(&folder).ok()?;
        Some((folder, entries))
    }

    /// Regular files it holds open, of at most 1,024 descriptors.
    pub fn open_files(&self) -> Vec<OpenFile> {
        let Some((folder, mut entries)) = self.list("fd") else { return Vec::new() };
        let mut files = Vec::new();
        while let Some(Ok(entry)) = entries.read() {
            if files.len() == MOST_DESCRIPTORS {
                break;
            }
            let name = entry.file_name();
            // Most descriptors are pipes and sockets: ask before opening.
            let regular = rustix::fs::statat(&folder, name, AtFlags::empty()).is_ok_and(|s| {
                rustix::fs::FileType::from_raw_mode(s.st_mode) == rustix::fs::FileType::RegularFile
            });
            if !regular {
                continue;
            }
            let Ok(path) = rustix::fs::readlinkat(&folder, name, Vec::new()) else { continue };
            let Ok(handle) = rustix::fs::openat(&folder, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            else {
                continue;
            };
            if let Ok(file) = RegularFile::reopen(handle) {
                files.push(OpenFile { path: self.seen_by_it(lossy_within(path.as_bytes(), 4096)), file });
            }
        }
        files
    }

    /// Names of its threads, at most 64 of them.
    pub fn thread_names(&self) -> Vec<String> {
        let Some((_, mut entries)) = self.list("task") else { return Vec::new() };
        let mut names = Vec::new();
        while let Some(Ok(entry)) = entries.read() {
            if names.len() == MOST_THREADS {
                break;
            }
            let Ok(tid) = entry.file_name().to_str() else { continue };
            if tid.starts_with('.') {
                continue;
            }
            if let Ok(name) = self.read(format!("task/{tid}/comm"), 64) {
                names.push(lossy_within(name.trim_ascii_end(), 64));
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Its cgroup memberships, the lines of `/proc/PID/cgroup`.
    pub fn cgroup(&self) -> String {
        String::from_utf8_lossy(&self.read("cgroup", 64 << 10).unwrap_or_default()).into_owned()
    }

    /// Opens `path` as the process would: relative to its working directory, inside its root and mount namespace.
    ///
    /// # Errors
    /// Not there, not a regular file, or the process is gone.
    pub fn open_path(&self, path: &Path) -> io::Result<RegularFile> {
        let root = self.folder("root")?;
        let absolute = if path.is_absolute() {
            path.to_owned()
        } else {
            PathBuf::from(self.seen_by_it(self.link("cwd").map_err(io::Error::other)?)).join(path)
        };
        RegularFile::open_in_root(root.as_fd(), &absolute)
    }

    /// Finds a file again that was read with this inode number and size at `path` within its file system, and says
    /// where the process sees it.
    ///
    /// Tried in turn: the mounts of the process; ever shorter tails of the path inside its root (an overlay shows
    /// its layers' files at such a tail, with their inode numbers); the path itself among our own mounts.
    pub fn find_read(&self, path: &Path, inode: u64, size: u64) -> Option<(String, RegularFile)> {
        let same = |file: &RegularFile| file.id.inode == inode && file.id.size == size;
        let shown = |path: &Path| lossy_within(path.as_os_str().as_encoded_bytes(), 4096);
        let mounts = self.proc.mountinfo().map(|m| m.0).unwrap_or_default();
        for mount in mounts.iter().take(MOST_MOUNTS) {
            let Ok(below) = path.strip_prefix(&mount.root) else { continue };
            // Of a mounted file nothing is below: joining an empty path would make it a directory's.
            let is_mounted_file = below.as_os_str().is_empty();
            let seen =
                if is_mounted_file { mount.mount_point.clone() } else { mount.mount_point.join(below) };
            if let Ok(file) = self.open_path(&seen)
                && same(&file)
            {
                return Some((shown(&seen), file));
            }
        }
        let names: Vec<_> = path.iter().skip(1).collect();
        for first in 0..names.len() {
            let tail = Path::new("/").join(names[first..].iter().collect::<PathBuf>());
            if let Ok(file) = self.open_path(&tail)
                && same(&file)
            {
                return Some((shown(&tail), file));
            }
        }
        RegularFile::open(path).ok().filter(same).map(|file| (shown(path), file))
    }

    /// `path` made absolute by the process's working directory, for showing.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        match self.link("cwd") {
            Ok(folder) if path.is_relative() => PathBuf::from(self.seen_by_it(folder)).join(path),
            _ => path.to_owned(),
        }
    }

    fn folder(&self, link: &str) -> io::Result<File> {
        self.proc
            .open_relative_flags(link, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC)
            .map_err(io::Error::other)
    }

    /// `path`, as `/proc` shows it of this process, in the process's own words: `/proc` names files from the root of
    /// the mount namespace, which is not what a process sees that lives below another root (`chroot`).
    pub fn seen_by_it(&self, path: String) -> String {
        match self.link("root") {
            Ok(root) if root != "/" => match path.strip_prefix(&root) {
                Some("") => "/".into(),
                Some(below) if below.starts_with('/') => below.to_owned(),
                _ => path, // outside its root: held open from before
            },
            _ => path,
        }
    }

    /// The target of one of its links.
    fn link(&self, name: &str) -> Result<String, ProcessError> {
        let pid = self.pid();
        let handle = self
            .proc
            .open_relative_flags(name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)
            .map_err(|e| ProcessError::of(pid, e))?;
        let target =
            rustix::fs::readlinkat(&handle, c"", Vec::new()).map_err(|e| ProcessError::io(pid, &e.into()))?;
        Ok(lossy_within(target.as_bytes(), 4096))
    }

    fn read(&self, name: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, ProcessError> {
        let pid = self.pid();
        let file = self
            .proc
            .open_relative_flags(name.as_ref(), OFlags::RDONLY | OFlags::CLOEXEC)
            .map_err(|e| ProcessError::of(pid, e))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(|e| ProcessError::io(pid, &e))?;
        Ok(bytes)
    }
}

const EIO: i32 = 5;
const EFAULT: i32 = 14;

/// `/proc/PID/mem`.
#[derive(Debug)]
pub struct ProcessMemory(File);

impl ReadMemory for ProcessMemory {
    fn read_at(&self, address: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read_at(buf, address) {
            // Not mapped, or not readable: the trait calls that a short read. What is left as an error is the end
            // of the process or a missing right.
            Err(e) if matches!(e.raw_os_error(), Some(EIO | EFAULT)) => Ok(0),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let me = Process::open(std::process::id()).unwrap();
        assert!(me.is_current());
        assert_ne!(me.key().exec_stamp, 0);
        assert!(me.maps().unwrap().vmas.len() > 10);
        let facts = me.facts().unwrap();
        assert_eq!(facts.parent.0, std::os::unix::process::parent_id());
        let exe = me.executable().unwrap();
        assert_eq!(exe.path, std::env::current_exe().unwrap().to_str().unwrap());
        assert_eq!(me.open_executable().unwrap().id, exe.id);
        assert!(!me.command_line().is_empty());
        assert!(!me.thread_names().is_empty());

        let word = 0x1234_5678_9abc_def0_u64;
        let mut bytes = [0; 8];
        me.memory().unwrap().read_at(&raw const word as u64, &mut bytes).unwrap();
        assert_eq!(u64::from_ne_bytes(bytes), word);
    }

    #[test]
    fn open_files_and_paths_lead_to_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guest.wasm");
        std::fs::write(&path, b"\0asm").unwrap();
        let held = File::open(&path).unwrap();
        let me = Process::open(std::process::id()).unwrap();
        let found = me.open_files().into_iter().find(|f| Path::new(&f.path) == path).unwrap();
        assert_eq!(found.file.id, me.open_path(&path).unwrap().id);
        drop(held);
    }

    /// Seen with Wasmtime: the path of one module beside the hash of the next.
    #[test]
    fn a_file_mapped_in_place_of_another_is_named_as_itself() {
        use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, name).unwrap();
            (File::open(&path).unwrap(), path)
        };
        let ((first, first_path), (second, second_path)) = (file("first.wasm"), file("second.wasm"));
        let map = |file: &File, at: *mut std::ffi::c_void, flags| {
            // SAFETY: a fresh page, or in place of the page that this test mapped and never reads.
            unsafe { mmap(at, 4096, ProtFlags::READ, MapFlags::PRIVATE | flags, file, 0).unwrap() }
        };
        let at = map(&first, std::ptr::null_mut(), MapFlags::empty());
        let me = Process::open(std::process::id()).unwrap();
        let maps = me.maps().unwrap();
        let vma = maps.vmas.iter().find(|vma| vma.start == at as u64).unwrap();
        let opened = || {
            let mapped = me.open_mapped_file(vma).unwrap();
            (PathBuf::from(mapped.path), mapped.file.content(99).unwrap().unwrap())
        };
        assert_eq!(opened(), (first_path, b"first.wasm".to_vec()));
        map(&second, at, MapFlags::FIXED);
        std::fs::remove_file(&second_path).unwrap();
        assert_eq!(opened(), (second_path, b"second.wasm".to_vec()));
        // SAFETY: nothing refers to the page.
        unsafe { munmap(at, 4096).unwrap() };
    }

    #[test]
    fn an_ended_process_is_gone_not_somebody_else() {
        let mut child = std::process::Command::new("sleep").arg("9").spawn().unwrap();
        let process = Process::open(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.is_current());
        assert!(matches!(process.maps(), Err(ProcessError::Gone(_))));
        assert!(matches!(Process::open(child.id()), Err(ProcessError::Gone(_))));
        assert!(matches!(Process::open(u32::MAX), Err(ProcessError::Gone(_))));
    }
}
