//! Tar archives, and the blobs of image layouts in them.

use crate::{
    Finder, SourceError,
    archive::Place,
    digest::{Digest, Verified},
    limits,
    meter::Layer,
};
use std::{
    cell::Cell,
    io::{self, Read},
    ops::ControlFlow,
};
use tar::{Archive, Entry, EntryType};

impl Finder<'_> {
    pub(crate) fn tar(&mut self, place: &Place<'_>, reader: &mut dyn Read) -> ControlFlow<()> {
        let layer = Layer::within(place.layer);
        let headers = Cell::new(None);
        let mut archive = Archive::new(layer.watch(Bounded { inner: reader, headers: &headers }));
        let result = self.entries(place, &layer, &headers, &mut archive)?;
        match result.err().or_else(|| layer.failure()) {
            Some(reason) => {
                self.fail_in(place, SourceError::Broken { what: "tar", offset: layer.at(), reason })
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn entries<R: Read>(
        &mut self,
        place: &Place<'_>,
        layer: &Layer<'_>,
        headers: &Cell<Option<u64>>,
        archive: &mut Archive<R>,
    ) -> ControlFlow<(), Result<(), String>> {
        let mut entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return ControlFlow::Continue(Err(error.to_string())),
        };
        let mut unread = 0;
        loop {
            // The library holds long names and extensions in memory, whatever size their headers give.
            headers.set(Some(limits::HEADERS.saturating_add(unread)));
            let mut entry = match entries.next() {
                None => return ControlFlow::Continue(Ok(())),
                Some(Err(error)) => return ControlFlow::Continue(Err(error.to_string())),
                Some(Ok(entry)) => entry,
            };
            headers.set(None);
            if place.meter.entry().is_err() {
                return ControlFlow::Continue(Ok(())); // told for the whole file
            }
            let before = layer.at();
            let stored = stored(&entry);
            if let ControlFlow::Break(()) = self.tar_entry(place, layer, &mut entry) {
                return ControlFlow::Break(());
            }
            if layer.is_lost() {
                return ControlFlow::Continue(Ok(()));
            }
            unread = stored.saturating_sub(layer.at() - before);
        }
    }

    fn tar_entry<R: Read>(
        &mut self,
        outer: &Place<'_>,
        layer: &Layer<'_>,
        entry: &mut Entry<'_, R>,
    ) -> ControlFlow<()> {
        let path = entry.path_bytes();
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let name = wasmscope_model::text::lossy_within(path, limits::NAME);
        // `docker save` and `skopeo copy … oci-archive:` write image layouts: a blob has its digest as its name.
        let digest = Digest::of_blob(&name);
        let place = match &digest {
            Some(digest) => outer.entry(&format!("layer {digest}"), layer),
            None => outer.entry(&name, layer),
        };
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {}
            // Other kinds have no content of their own: a link's target is found where it lies.
            _ => return ControlFlow::Continue(()),
        }
        match has_sparse_extension(entry) {
            Ok(false) => {}
            Ok(true) => {
                let reason = "a sparse file in the PAX format, which is not read: unpack the archive first";
                return self.fail_in(&place, SourceError::Unsupported(reason.into()));
            }
            Err(error) => return self.fail_in(&place, error.into()),
        }
        let size = Some(entry.size());
        if let Some(expected) = digest {
            let mut verified = Verified::new(entry, expected);
            self.enter(&place, &mut verified, size)?;
            return match verified.finish() {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => self.fail_in(&place, error),
            };
        }
        if entry.header().entry_type() == EntryType::GNUSparse {
            // Its holes come out of nothing, like what a decoder makes.
            return self.enter(&place, &mut outer.meter.producing(entry), size);
        }
        self.enter(&place, entry, size)
    }
}

/// Bytes of an entry in the archive.
fn stored<R: Read>(entry: &Entry<'_, R>) -> u64 {
    match entry.header().entry_type() {
        EntryType::GNUSparse => entry.header().entry_size().unwrap_or(0),
        _ => entry.size(),
    }
}

/// Whether its content is stored as GNU tar does with `--format=posix --sparse`: runtimes written in Go unpack that.
fn has_sparse_extension<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<bool> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(false) };
    for extension in extensions {
        if extension?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Fails when the archive's own data are longer than they may be, and when it ends within an entry.
struct Bounded<'c, R> {
    inner: R,
    /// Bytes until the next entry; `None` within one.
    headers: &'c Cell<Option<u64>>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.headers.get() == Some(0) {
            return Err(io::Error::other(format!("more than {} bytes of headers", limits::HEADERS)));
        }
        let got = self.inner.read(buffer)?;
        match self.headers.get() {
            None if got == 0 && !buffer.is_empty() => Err(io::Error::other("ends within an entry")),
            None => Ok(got),
            Some(left) => {
                self.headers.set(Some(left.saturating_sub(got as u64)));
                Ok(got)
            }
        }
    }
}
