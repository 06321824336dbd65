//! Files that appear as a whole or not at all.

use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};
use wasmscope_model::text::shown;

/// Fails if both are one file, by whatever names.
pub(super) fn refuse_same(input: &Path, output: &Path) -> Result<()> {
    let file = |path: &Path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    let same = input == output || file(input).is_some_and(|input| Some(input) == file(output));
    ensure!(!same, "{} is the input: name another output", shown(&output.display().to_string()));
    Ok(())
}

/// Writes a file by way of another one beside it: whoever reads it finds the old one or the whole new one.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    // As others make files (the process's mask applies); a temporary one is for its owner alone otherwise.
    write_as(path, bytes, 0o666)
}

/// The same, for its owner alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    write_as(path, bytes, 0o600)
}

fn write_as(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = (|| {
        let permissions = fs::Permissions::from_mode(mode);
        let mut file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    })();
    written.with_context(|| format!("cannot write {}", shown(&path.display().to_string())))
}
