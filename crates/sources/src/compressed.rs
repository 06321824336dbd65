//! Streams that were compressed as a whole.

use crate::{Finder, SourceError, archive::Place, limits, meter::Layer};
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};
use std::{
    io::{self, BufRead, BufReader, Read},
    ops::ControlFlow,
};

const BUFFER: usize = 64 << 10;

pub(crate) fn gzip(finder: &mut Finder<'_>, place: &Place<'_>, reader: &mut dyn Read) -> ControlFlow<()> {
    // Container runtimes read gzip members after the first one, so they count.
    inside(finder, place, "gzip", MultiGzDecoder::new(BufReader::with_capacity(BUFFER, reader)))
}

pub(crate) fn zstd(finder: &mut Finder<'_>, place: &Place<'_>, reader: &mut dyn Read) -> ControlFlow<()> {
    inside(finder, place, "zstd", Zstd::new(BufReader::with_capacity(BUFFER, reader)))
}

fn inside(
    finder: &mut Finder<'_>,
    place: &Place<'_>,
    what: &'static str,
    decoder: impl Read,
) -> ControlFlow<()> {
    let layer = Layer::within(place.layer);
    let mut reader = BufReader::with_capacity(BUFFER, place.meter.producing(layer.watch(decoder)));
    finder.enter(&place.within(&layer), &mut reader, None)?;
    match layer.failure() {
        Some(reason) => finder.fail_in(place, SourceError::Broken { what, offset: layer.at(), reason }),
        None => ControlFlow::Continue(()),
    }
}

/// All frames of a stream; ruzstd reads one.
struct Zstd<R> {
    source: R,
    frame: Option<FrameDecoder>,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Self { source, frame: None }
    }

    /// Begins the next frame that has content; none at the end.
    fn begin(&mut self) -> io::Result<Option<FrameDecoder>> {
        while !self.source.fill_buf()?.is_empty() {
            let mut frame = FrameDecoder::new();
            frame.set_max_window_size(limits::ZSTD_WINDOW);
            match frame.init(&mut self.source) {
                Ok(()) => return Ok(Some(frame)),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else {
                self.frame = self.begin()?;
                if self.frame.is_none() {
                    return Ok(0);
                }
                continue;
            };
            if frame.can_collect() > 0 {
                return frame.read(buffer);
            } else if frame.is_finished() {
                self.frame = None;
            } else {
                frame
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
        }
    }
}
