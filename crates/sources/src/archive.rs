//! What some bytes are, by their first ones, and the way into them.

use crate::{
    Finder, Found, SourceError, compressed, limits,
    meter::{Layer, Meter},
};
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// The first bytes of a file: enough for the header of a tar archive.
pub(crate) const HEAD: usize = 512;
const CHUNK: u64 = 1 << 20;

/// What else the bytes are taken for, if they do not begin as anything known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Nothing: most files of an archive are no modules.
    Nothing,
    /// A module in whatever form: it was named, or its media type says so.
    Module,
    /// A tar archive: the media type says so.
    Tar,
}

/// Where the walk is.
pub(crate) struct Place<'a> {
    pub(crate) name: String,
    pub(crate) expect: Expect,
    pub(crate) depth: u32,
    pub(crate) meter: &'a Meter,
    pub(crate) layer: Option<&'a Layer<'a>>,
    /// Bytes of archives around it that are held in memory.
    pub(crate) held: u64,
}

impl<'a> Place<'a> {
    /// The outermost one.
    pub(crate) fn new(name: &str, expect: Expect, meter: &'a Meter) -> Self {
        Self { name: name.to_owned(), expect, depth: 0, meter, layer: None, held: 0 }
    }

    /// An entry of the archive here.
    pub(crate) fn entry<'b>(&self, name: &str, layer: &'b Layer<'b>) -> Place<'b>
    where
        'a: 'b,
    {
        Place { name: format!("{}!{name}", self.name), expect: Expect::Nothing, ..self.within(layer) }
    }

    /// The same place, behind one more layer.
    pub(crate) fn within<'b>(&self, layer: &'b Layer<'b>) -> Place<'b>
    where
        'a: 'b,
    {
        Place { name: self.name.clone(), layer: Some(layer), ..*self }
    }

    fn deeper(&self) -> Self {
        Self { name: self.name.clone(), depth: self.depth + 1, ..*self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Module,
    Gzip,
    Zstd,
    Tar,
    Zip,
    /// Compressed in a way that is not read.
    Other(&'static str),
    Unknown,
}

impl Format {
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0, b'a', b's', b'm', ..] => Self::Module,
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            // A frame, or one that is to be skipped, as seekable archives begin with (RFC 8878, 3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            // An entry, or the end of an archive without any.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [b'B', b'Z', b'h', ..] => Self::Other("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Other("xz"),
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::Other("7z"),
            _ if is_tar(head) => Self::Tar,
            _ => Self::Unknown,
        }
    }

    /// Whether other files are within.
    pub(crate) fn is_archive(self) -> bool {
        matches!(self, Self::Gzip | Self::Zstd | Self::Tar | Self::Zip)
    }
}

/// By the checksum of the first header, which a block of zeros does not have: archives without `ustar` in it are unpacked by runtimes too.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..HEAD) else { return false };
    let sum = |bytes: &[u8]| bytes.iter().map(|b| u32::from(*b)).sum::<u32>();
    // The checksum's own eight bytes count as spaces (POSIX.1-2024, pax, "ustar Interchange Format").
    let expected = sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..]);
    tar::Header::from_byte_slice(block).cksum().is_ok_and(|sum| sum == expected)
}

/// Reads up to [`HEAD`] bytes.
pub(crate) fn head(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

impl Finder<'_> {
    /// Hands over the modules of a stream, and errors. `size` is what a header says of its length.
    pub(crate) fn enter(
        &mut self,
        place: &Place<'_>,
        reader: &mut dyn Read,
        size: Option<u64>,
    ) -> ControlFlow<()> {
        let head = match head(reader) {
            Ok(head) => head,
            Err(error) => return self.fail_in(place, error.into()),
        };
        let format = Format::of(&head);
        let mut whole = head.as_slice().chain(reader);
        if format.is_archive() && place.depth >= limits::DEPTH {
            return self.fail(&place.name, SourceError::Depth);
        }
        let inner = place.deeper();
        match (format, place.expect) {
            (Format::Module, _) => self.module(place, &mut whole, size),
            (Format::Gzip, _) => compressed::gzip(self, &inner, &mut whole),
            (Format::Zstd, _) => compressed::zstd(self, &inner, &mut whole),
            (Format::Tar, _) | (Format::Unknown, Expect::Tar) => self.tar(&inner, &mut whole),
            (Format::Zip, _) => self.nested_zip(&inner, &mut whole),
            (Format::Other(method), Expect::Module | Expect::Tar) => {
                let reason = format!("compressed with {method}, which is not read: unpack it first");
                self.fail(&place.name, SourceError::Unsupported(reason))
            }
            (Format::Unknown, Expect::Module) => {
                self.module(place, &mut whole.take(self.options.most_other_bytes), None)
            }
            (Format::Other(_) | Format::Unknown, _) => ControlFlow::Continue(()),
        }
    }

    fn module(&mut self, place: &Place<'_>, reader: &mut dyn Read, size: Option<u64>) -> ControlFlow<()> {
        let mut bytes = Vec::new();
        match self.whole(reader, size, self.options.most_bytes, &mut bytes)? {
            Ok(()) => self.sink.found(Found { name: place.name.clone(), content: Ok(bytes) }),
            Err(error) => self.fail_in(place, error),
        }
    }

    /// Reads to the end, having asked for room step by step: `size` is only what somebody says.
    pub(crate) fn whole(
        &mut self,
        reader: &mut dyn Read,
        size: Option<u64>,
        most: u64,
        bytes: &mut Vec<u8>,
    ) -> ControlFlow<(), Result<(), SourceError>> {
        let too_large = ControlFlow::Continue(Err(SourceError::TooLarge { most }));
        if size.is_some_and(|size| size > most) {
            return too_large;
        }
        // One more, to see that it ends there.
        let mut want = size.map_or(CHUNK, |size| size + 1).min(most + 1);
        loop {
            if let ControlFlow::Break(()) = self.sink.room(want) {
                return ControlFlow::Break(());
            }
            let more = want - bytes.len() as u64;
            bytes.reserve_exact(more as usize);
            if let Err(error) = reader.take(more).read_to_end(bytes) {
                return ControlFlow::Continue(Err(error.into()));
            }
            let got = bytes.len() as u64;
            if got > most {
                return too_large;
            } else if got < want {
                let cut = size.filter(|size| got < *size);
                let result = cut.map_or(Ok(()), |size| Err(SourceError::Cut { got, size }));
                return ControlFlow::Continue(result);
            }
            want = want.saturating_mul(2).min(most + 1);
        }
    }

    /// Tells of an error, unless it only follows from that of an outer layer, or from a bound of the whole file: these are
    /// told where they belong.
    pub(crate) fn fail_in(&mut self, place: &Place<'_>, error: SourceError) -> ControlFlow<()> {
        match place.meter.exceeded().is_some() || place.layer.is_some_and(Layer::is_lost) {
            true => ControlFlow::Continue(()),
            false => self.fail(&place.name, error),
        }
    }
}
