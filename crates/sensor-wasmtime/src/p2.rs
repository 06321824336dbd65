//! Preview 2: components that import `wasi:cli`, `wasi:io`, `wasi:filesystem`, … and `wasi:http`.
//!
//! wasmtime-wasi's bindings link whatever implements their traits. [`Observed`] implements all of them, by looking at the
//! call and passing it on to wasmtime-wasi; the implementations are generated from the WIT.

use crate::{
    Observe, Outcome, Value,
    describe::{Describe, flags},
    function::*,
    gate::Subjects,
};
use std::{marker::PhantomData, net::SocketAddr};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::{
    I32Exit, WasiView,
    cli::WasiCliView as _,
    clocks::WasiClocksView as _,
    filesystem::WasiFilesystemView as _,
    p2::{
        FsError, SocketError, StreamError,
        bindings::{filesystem, sockets, sync},
    },
    sockets::WasiSocketsView as _,
};
#[cfg(feature = "http")]
use wasmtime_wasi_http::WasiHttpView;

include!(concat!(env!("OUT_DIR"), "/preview2.rs"));

/// The store's data, seen as the implementation of WASI.
struct Observed<'a, T>(&'a mut T);

/// Says to wasmtime that [`Observed`] is what it gets.
struct Via<T>(PhantomData<T>);

impl<T: 'static> HasData for Via<T> {
    type Data<'a> = Observed<'a, T>;
}

fn observed<T>(data: &mut T) -> Observed<'_, T> {
    Observed(data)
}

/// Adds all interfaces of `wasi:cli/imports`, observed, for a host that does not use async calls:
/// [`wasmtime_wasi::p2::add_to_linker_sync`] with eyes.
///
/// # Errors
/// As that: the linker has one of these interfaces already.
pub fn add_to_linker_sync<T: WasiView + Observe + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker_with_options_sync(linker, &sync::LinkOptions::default())
}

/// As [`add_to_linker_sync`], with a choice of unstable functions.
///
/// # Errors
/// As there.
pub fn add_to_linker_with_options_sync<T: WasiView + Observe + 'static>(
    linker: &mut Linker<T>,
    options: &sync::LinkOptions,
) -> wasmtime::Result<()> {
    link_sync(linker, options)
}

/// Adds all interfaces of `wasi:cli/imports`, observed, for a host with async calls:
/// [`wasmtime_wasi::p2::add_to_linker_async`] with eyes.
///
/// # Errors
/// As that: the linker has one of these interfaces already.
pub fn add_to_linker_async<T: WasiView + Observe + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker_with_options_async(linker, &wasmtime_wasi::p2::bindings::LinkOptions::default())
}

/// As [`add_to_linker_async`], with a choice of unstable functions.
///
/// # Errors
/// As there.
pub fn add_to_linker_with_options_async<T: WasiView + Observe + 'static>(
    linker: &mut Linker<T>,
    options: &wasmtime_wasi::p2::bindings::LinkOptions,
) -> wasmtime::Result<()> {
    link_async(linker, options)
}

/// Adds `wasi:http/types` and `wasi:http/outgoing-handler`, observed; to be used together with one of the other
/// functions. They are the same for hosts with and without async calls:
/// [`wasmtime_wasi_http::p2::add_only_http_to_linker_async`] with eyes.
///
/// # Errors
/// The linker has one of these interfaces already.
#[cfg(feature = "http")]
pub fn add_http_to_linker<T: WasiHttpView + Observe + 'static>(
    linker: &mut Linker<T>,
) -> wasmtime::Result<()> {
    add_http_to_linker_with_options(linker, &wasmtime_wasi_http::p2::bindings::LinkOptions::default())
}

/// As [`add_http_to_linker`], with a choice of unstable functions.
///
/// # Errors
/// As there.
#[cfg(feature = "http")]
pub fn add_http_to_linker_with_options<T: WasiHttpView + Observe + 'static>(
    linker: &mut Linker<T>,
    options: &wasmtime_wasi_http::p2::bindings::LinkOptions,
) -> wasmtime::Result<()> {
    link_http(linker, options)
}

/// Of a function without an error: it gives a result or ends the guest.
fn plain<R>(returned: &wasmtime::Result<R>) -> Outcome {
    returned.as_ref().map_or_else(ended, |_| Outcome::Ok)
}

/// Of a function whose error is an ordinary value: only `wasi:http` has such.
#[cfg(feature = "http")]
fn nested<R, E: Coded>(returned: &wasmtime::Result<Result<R, E>>) -> Outcome {
    match returned {
        Ok(Ok(_)) => Outcome::Ok,
        Ok(Err(error)) => Outcome::Error(error.code()),
        Err(error) => ended(error),
    }
}

/// Of a function whose error may also end the guest.
fn trappable<R, E: Trappable>(returned: &Result<R, E>) -> Outcome {
    returned.as_ref().map_or_else(E::outcome, |_| Outcome::Ok)
}

fn ended(error: &wasmtime::Error) -> Outcome {
    match error.downcast_ref::<I32Exit>() {
        Some(exit) => Outcome::Exit(exit.0),
        None => Outcome::Trap,
    }
}

/// An error that is either for the guest or ends it.
trait Trappable {
    fn outcome(&self) -> Outcome;
}

impl Trappable for StreamError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Closed => Outcome::Error(CODE_CLOSED),
            Self::LastOperationFailed(_) => Outcome::Error(CODE_LAST_OPERATION_FAILED),
            Self::Trap(error) => ended(error),
        }
    }
}

macro_rules! trappable {
    ($($error:ty => $code:ty),* $(,)?) => {$(
        impl Trappable for $error {
            fn outcome(&self) -> Outcome {
                self.downcast_ref().map_or(Outcome::Trap, |code: &$code| Outcome::Error(code.code()))
            }
        }
    )*};
}
trappable!(FsError => filesystem::types::ErrorCode, SocketError => sockets::network::ErrorCode);
#[cfg(feature = "http")]
trappable!(
    wasmtime_wasi_http::p2::HttpError => wasmtime_wasi_http::p2::bindings::http::types::ErrorCode,
    wasmtime_wasi_http::p2::HeaderError => wasmtime_wasi_http::p2::bindings::http::types::HeaderError,
);

/// An argument with addresses in it.
trait Concern {
    fn subjects(&self, subjects: &mut Subjects<'_>);
}

impl Concern for sockets::network::IpSocketAddress {
    fn subjects(&self, subjects: &mut Subjects<'_>) {
        subjects.address(SocketAddr::from(*self));
    }
}

impl<T: Concern> Concern for Option<T> {
    fn subjects(&self, subjects: &mut Subjects<'_>) {
        self.iter().for_each(|of| of.subjects(subjects));
    }
}

macro_rules! datagrams {
    ($($ty:ty),*) => {$(
        impl Concern for Vec<$ty> {
            fn subjects(&self, subjects: &mut Subjects<'_>) {
                self.iter().for_each(|datagram| datagram.remote_address.subjects(subjects));
            }
        }
    )*};
}
datagrams!(sockets::udp::OutgoingDatagram, sync::sockets::udp::OutgoingDatagram);
