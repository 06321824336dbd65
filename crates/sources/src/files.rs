//! Files, streams and directories.

use crate::{
    Finder, SourceError,
    archive::{Expect, Format, Place, head},
    limits,
    meter::Meter,
};
use std::{
    ffi::OsString,
    fs::{self, File, FileType, OpenOptions},
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

impl Finder<'_> {
    pub(crate) fn path(&mut self, path: &Path) -> ControlFlow<()> {
        if path.is_dir() {
            return self.directory(path);
        }
        let name = path.to_string_lossy();
        match File::open(path) {
            Ok(file) => self.file(&name, file, Expect::Module),
            Err(error) => self.fail(&name, error.into()),
        }
    }

    pub(crate) fn stream(&mut self, name: &str, reader: &mut dyn Read) -> ControlFlow<()> {
        let meter = Meter::default();
        let place = Place::new(name, Expect::Module, &meter);
        self.enter(&place, &mut meter.consuming(BufReader::new(reader)), None)?;
        self.settle(&place)
    }

    fn file(&mut self, name: &str, mut file: File, expect: Expect) -> ControlFlow<()> {
        let size = match file.metadata() {
            // Of a device or pipe, and of files that the kernel makes up, the length says nothing.
            Ok(data) if data.is_file() && data.len() > 0 => data.len(),
            Ok(_) => return self.stream(name, &mut file),
            Err(error) => return self.fail(name, error.into()),
        };
        let start = head(&mut file).and_then(|head| file.seek(SeekFrom::Start(0)).map(|_| head));
        match start.map(|head| Format::of(&head)) {
            Err(error) => self.fail(name, error.into()),
            Ok(Format::Zip) => {
                let meter = Meter::of_size(size);
                let place = Place { depth: 1, ..Place::new(name, expect, &meter) };
                self.zip_file(&place, file)?;
                self.settle(&place)
            }
            Ok(_) => {
                let meter = Meter::default();
                let place = Place::new(name, expect, &meter);
                self.enter(&place, &mut meter.consuming(BufReader::new(file)), Some(size))?;
                self.settle(&place)
            }
        }
    }

    /// Tells of the bound that the whole file exceeded.
    pub(crate) fn settle(&mut self, place: &Place<'_>) -> ControlFlow<()> {
        match place.meter.exceeded() {
            Some(error) => self.fail(&place.name, error),
            None => ControlFlow::Continue(()),
        }
    }

    /// Files below `folder` that begin as modules do, and image layouts. What cannot be listed or read is told, not skipped.
    fn directory(&mut self, folder: &Path) -> ControlFlow<()> {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            if folder.join("oci-layout").is_file() {
                self.layout(&folder)?;
                continue;
            }
            let entries = match list(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.fail(&folder.to_string_lossy(), error)?;
                    continue;
                }
            };
            let mut inner = Vec::new();
            for (name, kind) in entries {
                let path = folder.join(name);
                if kind.is_dir() {
                    inner.push(path);
                } else if kind.is_file() {
                    self.file_of_directory(&path)?;
                }
            }
            folders.extend(inner.into_iter().rev());
        }
        ControlFlow::Continue(())
    }

    fn file_of_directory(&mut self, path: &Path) -> ControlFlow<()> {
        let name = path.to_string_lossy();
        let result = open(path).and_then(|mut file| {
            let format = Format::of(&head(&mut file)?);
            file.seek(SeekFrom::Start(0)).map(|_| (file, format))
        });
        match result {
            Err(error) => self.fail(&name, error.into()),
            Ok((file, format)) => {
                let archive = format.is_archive() && self.options.archives_in_directories;
                match format == Format::Module || archive {
                    true => self.file(&name, file, Expect::Nothing),
                    false => ControlFlow::Continue(()),
                }
            }
        }
    }
}

/// By name, without what symbolic links lead to: that may be above, and so without end.
fn list(folder: &Path) -> Result<Vec<(OsString, FileType)>, SourceError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entries.len() == limits::DIRECTORY {
            return Err(SourceError::Directory);
        }
        entries.push((entry.file_name(), entry.file_type()?));
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(entries)
}

/// Opens a regular file that was not named by the user. It may have become a link or a pipe since it was listed; a pipe
/// would not open until somebody writes.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("not a regular file")),
    }
}
