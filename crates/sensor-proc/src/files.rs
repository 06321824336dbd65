//! Files as evidence: which one is it really, and reading it without being led astray.

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use std::{
    fs::{File, Metadata},
    io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::{FileExt as _, MetadataExt as _},
    },
    path::Path,
};
use wasmscope_runtimes::fingerprint::ReadFile;

/// One version of one file: contents that change get another id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// Device as stat(2) gives it.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of content, ns since the epoch.
    pub modified_ns: i128,
    /// Last change of the inode, ns since the epoch: cannot be set back by the owner.
    pub changed_ns: i128,
}

impl FileId {
    /// The id of the file that `metadata` describes.
    pub fn of(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A regular file, open for reading.
#[derive(Debug)]
pub struct RegularFile {
    file: File,
    /// Which file, at the time of opening.
    pub id: FileId,
}

impl RegularFile {
    /// Opens `path` for reading if it is a regular file; a FIFO, device or socket is never opened, so it can
    /// neither block nor act.
    ///
    /// # Errors
    /// Not there, not permitted, or not a regular file (`InvalidInput`).
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let handle = rustix::fs::open(path.as_ref(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        Self::reopen(handle)
    }

    /// Opens `path` as the process whose root directory is `root` would, never leaving that root.
    pub(crate) fn open_in_root(root: impl AsFd, path: &Path) -> io::Result<Self> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let handle = openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)?;
        Self::reopen(handle)
    }

    /// Turns an `O_PATH` handle into a readable file once it is known to be a regular one.
    pub(crate) fn reopen(handle: impl AsFd) -> io::Result<Self> {
        let stat = rustix::fs::fstat(&handle)?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let link = format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd());
        let file = File::from(rustix::fs::open(
            link,
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY,
            Mode::empty(),
        )?);
        let id = FileId::of(&file.metadata()?);
        Ok(Self { file, id })
    }

    /// The first `N` bytes, or fewer where the file is shorter.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn head<const N: usize>(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; N];
        let read = self.file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// The whole content, if it is at most `limit` bytes; `None` for a larger file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn content(&self, limit: u64) -> io::Result<Option<Vec<u8>>> {
        if self.id.size > limit {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.id.size).unwrap_or(0));
        // The file may grow while it is read; one byte more than the limit tells.
        io::Read::read_to_end(&mut io::Read::take(&self.file, limit + 1), &mut bytes)?;
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    }
}

impl ReadFile for RegularFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.id.size
    }
}

/// A file that a process holds open.
#[derive(Debug)]
pub struct OpenFile {
    /// Path as the process sees it.
    pub path: String,
    /// The file.
    pub file: RegularFile,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn a_link_out_of_the_root_stays_in_the_root() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/passwd"), "inside").unwrap();
        symlink("/etc/passwd", root.path().join("module.wasm")).unwrap();
        symlink("../../../../etc/passwd", root.path().join("up.wasm")).unwrap();
        let handle = File::open(root.path()).unwrap();
        for name in ["module.wasm", "up.wasm", "/etc/passwd"] {
            let file = RegularFile::open_in_root(&handle, Path::new(name)).unwrap();
            assert_eq!(file.content(100).unwrap().unwrap(), b"inside", "{name}");
        }
    }

    #[test]
    fn a_fifo_is_refused_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo.wasm");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(RegularFile::open(&path).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_larger_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        fs::write(&path, [7; 100]).unwrap();
        let file = RegularFile::open(&path).unwrap();
        assert_eq!(file.content(99).unwrap(), None);
        assert_eq!(file.content(100).unwrap().unwrap().len(), 100);
        assert_eq!(file.head::<4>().unwrap(), [7; 4]);
    }
}
