//! Blobs are what their digest says, or it is told.

use crate::SourceError;
use sha2::{Digest as _, Sha256, Sha512, digest::DynDigest};
use std::{
    fmt,
    io::{self, Read},
};

/// `sha256:…` or `sha512:…`, in lower-case hexadecimal digits (OCI image specification 1.1, "Digests").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Digest {
    pub(crate) fn new(algorithm: &str, hex: &str) -> Option<Self> {
        let (algorithm, digits) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return None,
        };
        let well_formed = hex.len() == digits && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self { algorithm, hex: hex.to_owned() })
    }

    /// Of a path in an image layout: `blobs/sha256/…`.
    pub(crate) fn of_blob(path: &str) -> Option<Self> {
        let (algorithm, hex) = path.strip_prefix("blobs/")?.split_once('/')?;
        Self::new(algorithm, hex)
    }

    /// Where the blob lies in an image layout.
    pub(crate) fn path(&self) -> String {
        format!("blobs/{}/{}", self.algorithm, self.hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        })
    }
}

/// Hashes what is read.
pub(crate) struct Verified<R> {
    inner: R,
    expected: Digest,
    hasher: Box<dyn DynDigest>,
}

impl<R: Read> Verified<R> {
    pub(crate) fn new(inner: R, expected: Digest) -> Self {
        let hasher: Box<dyn DynDigest> = match expected.algorithm {
            Algorithm::Sha256 => Box::new(Sha256::new()),
            Algorithm::Sha512 => Box::new(Sha512::new()),
        };
        Self { inner, expected, hasher }
    }

    /// Reads what is left, and compares.
    pub(crate) fn finish(mut self) -> Result<(), SourceError> {
        io::copy(&mut self, &mut io::sink())?;
        let hex: String = self.hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
        let found = Digest { algorithm: self.expected.algorithm, hex };
        match found == self.expected {
            true => Ok(()),
            false => {
                Err(SourceError::Digest { expected: self.expected.to_string(), found: found.to_string() })
            }
        }
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..got]);
        Ok(got)
    }
}
