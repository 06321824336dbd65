//! The file that a recording goes into: made for its owner only, and never in place of another by mistake.

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::{
    ffi::OsString,
    fs::{File, Permissions},
    io,
    os::{fd::OwnedFd, unix::fs::PermissionsExt as _},
    path::Path,
};

/// Command lines and paths of other users stand in it.
const MODE: u32 = 0o600;

/// A file to record into. Removed when dropped, if it was made here and not [kept](Target::keep).
#[derive(Debug)]
pub struct Target {
    file: File,
    /// Where it can be removed again, whatever became of the path that led there.
    made_in: Option<(OwnedFd, OsString)>,
}

impl Target {
    /// Makes the file, or takes one that is there if that is empty, a device or a pipe; any file if `overwrite`. A
    /// symbolic link at the end of `path` is not followed: in a folder that others can write to, they chose it.
    ///
    /// # Errors
    /// There is another file (`AlreadyExists`), no folder, or no right to write.
    pub fn new(path: &Path, overwrite: bool) -> io::Result<Self> {
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path names no file");
        let name = path.file_name().ok_or_else(no_name)?;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(parent, flags, Mode::empty())?;
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(MODE);
        match rustix::fs::openat(&folder, name, flags | OFlags::CREATE | OFlags::EXCL, mode) {
            Ok(file) => Ok(Self { file: file.into(), made_in: Some((folder, name.to_owned())) }),
            Err(rustix::io::Errno::EXIST) => {
                let file = File::from(rustix::fs::openat(&folder, name, flags, Mode::empty())?);
                may_be_written(&file, overwrite)?;
                Ok(Self { file, made_in: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A handle to write through.
    ///
    /// # Errors
    /// No more descriptors.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// There is something in it.
    pub fn keep(mut self) {
        self.made_in = None;
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((folder, name)) = &self.made_in {
            let _ = rustix::fs::unlinkat(folder, name, AtFlags::empty());
        }
    }
}

fn may_be_written(file: &File, overwrite: bool) -> io::Result<()> {
    let stat = rustix::fs::fstat(file)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_size > 0 && !overwrite => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "the file is there already: name another, or overwrite it with --force",
        )),
        FileType::RegularFile => file.set_permissions(Permissions::from_mode(MODE)),
        FileType::CharacterDevice | FileType::Fifo => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a pipe")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::Write as _, os::unix::fs::symlink};
    use tempfile::TempDir;

    #[test]
    fn what_was_not_kept_is_gone_and_what_was_there_stays() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("recording");
        drop(Target::new(&path, false).unwrap());
        assert!(!path.exists());
        Target::new(&path, false).unwrap().keep();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(Target::new(&path, false).unwrap());
        assert!(path.exists(), "it was empty, but not ours");
    }

    #[test]
    fn a_file_with_content_is_overwritten_only_when_asked_for_and_becomes_private() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notes");
        fs::write(&path, "precious").unwrap();
        let error = Target::new(&path, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        drop(Target::new(&path, true).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious", "nothing was written yet");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn links_and_folders_are_refused_and_devices_are_not() {
        let folder = TempDir::new().unwrap();
        let link = folder.path().join("link");
        fs::write(folder.path().join("empty"), "").unwrap();
        symlink("empty", &link).unwrap();
        assert!(Target::new(&link, true).is_err());
        assert!(Target::new(folder.path(), true).is_err());
        assert!(Target::new(Path::new("/"), true).is_err());
        let null = Target::new(Path::new("/dev/null"), false).unwrap();
        null.file().unwrap().write_all(b"x").unwrap();
    }
}
