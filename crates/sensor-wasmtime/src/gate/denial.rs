//! How a refused call looks to the guest.

use std::{fmt, io};
use wasmtime_wasi::p2::{
    FsError, SocketError, StreamError,
    bindings::{filesystem::types::ErrorCode as Files, sockets::network::ErrorCode as Sockets},
};

/// The error that a guest gets for a refused call. Functions that have no error (such as `wasi:random`'s) trap.
///
/// | | preview 1 | files | sockets | streams | http |
/// | --- | --- | --- | --- | --- | --- |
/// | `Access` | `acces` | `access` | `access-denied` | last operation failed | `HTTP-request-denied`, headers: `forbidden` |
/// | `NotPermitted` | `perm` | `not-permitted` | `access-denied` | 〃 | 〃 |
/// | `NoEntry` | `noent` | `no-entry` | `name-unresolvable` | 〃 | 〃 |
/// | `ReadOnly` | `rofs` | `read-only` | `access-denied` | 〃 | 〃 |
/// | `Unsupported` | `notsup` | `unsupported` | `not-supported` | 〃 | 〃 |
/// | `Again` | `again` | `would-block` | `would-block` | 〃 | 〃 |
/// | `Quota` | `dquot` | `quota` | `new-socket-limit` | 〃 | 〃 |
/// | `Trap` | the guest ends | 〃 | 〃 | 〃 | 〃 |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Denial {
    /// It may not.
    #[default]
    Access,
    /// Nobody may.
    NotPermitted,
    /// As if it were not there.
    NoEntry,
    /// Nothing may be changed.
    ReadOnly,
    /// As if the host could not do it.
    Unsupported,
    /// Later perhaps.
    Again,
    /// It had its share.
    Quota,
    /// The guest ends.
    Trap,
}

/// The guest asked for what the gate refuses; the error that ends it, where it cannot be told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by the host's policy")
    }
}

impl std::error::Error for Refused {}

impl Denial {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Access,
        Self::NotPermitted,
        Self::NoEntry,
        Self::ReadOnly,
        Self::Unsupported,
        Self::Again,
        Self::Quota,
        Self::Trap,
    ];

    /// Its name in policies: that of the error of preview 1, `trap` for a trap.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "acces",
            Self::NotPermitted => "perm",
            Self::NoEntry => "noent",
            Self::ReadOnly => "rofs",
            Self::Unsupported => "notsup",
            Self::Again => "again",
            Self::Quota => "dquot",
            Self::Trap => "trap",
        }
    }

    pub(crate) fn trap(self) -> wasmtime::Error {
        wasmtime::Error::new(Refused)
    }

    /// Error number of preview 1.
    pub(crate) fn errno(self) -> wasmtime::Result<i32> {
        use wasmtime_wasi::p1::types::Errno;
        Ok(match self {
            Self::Access => Errno::Acces,
            Self::NotPermitted => Errno::Perm,
            Self::NoEntry => Errno::Noent,
            Self::ReadOnly => Errno::Rofs,
            Self::Unsupported => Errno::Notsup,
            Self::Again => Errno::Again,
            Self::Quota => Errno::Dquot,
            Self::Trap => return Err(self.trap()),
        } as i32)
    }

    pub(crate) fn files(self) -> FsError {
        match self {
            Self::Access => Files::Access,
            Self::NotPermitted => Files::NotPermitted,
            Self::NoEntry => Files::NoEntry,
            Self::ReadOnly => Files::ReadOnly,
            Self::Unsupported => Files::Unsupported,
            Self::Again => Files::WouldBlock,
            Self::Quota => Files::Quota,
            Self::Trap => return FsError::trap(self.trap()),
        }
        .into()
    }

    pub(crate) fn socket(self) -> SocketError {
        match self {
            Self::Access | Self::NotPermitted | Self::ReadOnly => Sockets::AccessDenied,
            Self::NoEntry => Sockets::NameUnresolvable,
            Self::Unsupported => Sockets::NotSupported,
            Self::Again => Sockets::WouldBlock,
            Self::Quota => Sockets::NewSocketLimit,
            Self::Trap => return SocketError::trap(self.trap()),
        }
        .into()
    }

    pub(crate) fn stream(self) -> StreamError {
        match self {
            Self::Trap => StreamError::Trap(self.trap()),
            // `filesystem-error-code` finds this kind, so that a program of preview 1 in a component gets `acces`.
            _ => StreamError::LastOperationFailed(io::Error::from(io::ErrorKind::PermissionDenied).into()),
        }
    }
}

#[cfg(feature = "http")]
impl Denial {
    /// Of a function whose error has no type.
    pub(crate) fn nameless<T>(self) -> wasmtime::Result<Result<T, ()>> {
        match self {
            Self::Trap => Err(self.trap()),
            _ => Ok(Err(())),
        }
    }

    pub(crate) fn http(self) -> wasmtime_wasi_http::p2::HttpError {
        use wasmtime_wasi_http::p2::{HttpError, bindings::http::types::ErrorCode};
        match self {
            Self::Trap => HttpError::trap(self.trap()),
            _ => ErrorCode::HttpRequestDenied.into(),
        }
    }

    pub(crate) fn header(self) -> wasmtime_wasi_http::p2::HeaderError {
        use wasmtime_wasi_http::p2::{HeaderError, bindings::http::types::HeaderError as Header};
        match self {
            Self::Trap => HeaderError::trap(self.trap()),
            _ => Header::Forbidden.into(),
        }
    }
}
