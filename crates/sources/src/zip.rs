//! Zip archives: also Python wheels and Java archives.

use crate::{Finder, SourceError, archive::Place, limits, meter::Layer};
use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ReaderAt, ZipArchive};
use std::{
    fs::File,
    io::{BufReader, Cursor, Read},
    ops::ControlFlow,
};

impl Finder<'_> {
    /// A file: read in the order of its directory, which need not be that of its bytes.
    pub(crate) fn zip_file(&mut self, place: &Place<'_>, file: File) -> ControlFlow<()> {
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        match ZipArchive::from_file(file, &mut buffer) {
            Ok(archive) => self.zip(place, &archive, &mut buffer),
            Err(error) => self.zip_fails(place, 0, &error),
        }
    }

    /// One in a stream.
    pub(crate) fn nested_zip(&mut self, place: &Place<'_>, reader: &mut dyn Read) -> ControlFlow<()> {
        let mut bytes = Vec::new();
        match self.whole(reader, None, limits::NESTED_ZIP.saturating_sub(place.held), &mut bytes)? {
            Ok(()) => {}
            Err(SourceError::TooLarge { .. }) => {
                let most = wasmscope_model::text::bytes(limits::NESTED_ZIP);
                let reason =
                    format!("zip archives within others, together larger than {most}: unpack them first");
                return self.fail_in(place, SourceError::Unsupported(reason));
            }
            Err(error) => return self.fail_in(place, error),
        }
        let held = place.held + bytes.len() as u64;
        let place = &Place { name: place.name.clone(), held, ..*place };
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        match ZipArchive::from_seekable(Cursor::new(bytes), &mut buffer) {
            Ok(archive) => self.zip(place, &archive, &mut buffer),
            Err(error) => self.zip_fails(place, 0, &error),
        }
    }

    fn zip<R: ReaderAt>(
        &mut self,
        outer: &Place<'_>,
        archive: &ZipArchive<R>,
        buffer: &mut [u8],
    ) -> ControlFlow<()> {
        let mut entries = archive.entries(buffer);
        let mut at = archive.directory_offset();
        loop {
            let entry = match entries.next_entry() {
                Ok(None) => return ControlFlow::Continue(()),
                Ok(Some(entry)) => entry,
                Err(error) => return self.zip_fails(outer, at, &error),
            };
            at = entry.central_directory_offset();
            if outer.meter.entry().is_err() {
                return ControlFlow::Continue(()); // told for the whole file
            }
            if entry.is_dir() {
                continue;
            }
            let layer = Layer::within(outer.layer);
            let name = wasmscope_model::text::lossy_within(entry.file_path().as_bytes(), limits::NAME);
            let place = outer.entry(&name, &layer);
            let data = match archive.get_entry(entry.wayfinder()) {
                Ok(data) => data,
                Err(error) => {
                    self.zip_fails(&place, entry.local_header_offset(), &error)?;
                    continue;
                }
            };
            let method = entry.compression_method();
            let stored = BufReader::new(data.reader());
            let decoder: Box<dyn Read> = match method {
                _ if entry.flags().is_encrypted() => {
                    self.fail_in(&place, SourceError::Unsupported("encrypted".into()))?;
                    continue;
                }
                CompressionMethod::STORE => Box::new(stored),
                CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(stored)),
                _ => {
                    let reason = format!("compressed with {method}, which is not read: unpack it first");
                    self.fail_in(&place, SourceError::Unsupported(reason))?;
                    continue;
                }
            };
            let checked = data.verifying_reader(decoder);
            let mut reader = BufReader::new(outer.meter.producing(layer.watch(checked)));
            self.enter(&place, &mut reader, None)?;
            if let Some(reason) = layer.failure() {
                let error = SourceError::Broken { what: "zip", offset: layer.at(), reason };
                self.fail_in(&outer.entry(&name, &Layer::within(outer.layer)), error)?;
            }
        }
    }

    fn zip_fails(&mut self, place: &Place<'_>, offset: u64, error: &rawzip::Error) -> ControlFlow<()> {
        self.fail_in(place, SourceError::Broken { what: "zip", offset, reason: error.to_string() })
    }
}
