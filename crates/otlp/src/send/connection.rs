//! A connection to a collector: TCP, TLS where it is wanted, and HTTP/1.1 or HTTP/2 over it.

use crate::config::{Protocol, Route};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use tonic::body::Body;

type Failure = Box<dyn Error + Send + Sync>;

/// An open connection.
#[derive(Debug)]
pub(super) enum Connection {
    Http(http1::SendRequest<Full<Bytes>>),
    Grpc(http2::SendRequest<Body>),
}

impl Connection {
    pub(super) async fn open(route: &Route) -> Result<Self, Failure> {
        let host = route.endpoint.host();
        let stream = TcpStream::connect((host, route.endpoint.port())).await?;
        stream.set_nodelay(true)?;
        match &route.tls {
            None => Self::over(stream, route.protocol).await,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned())?;
                let stream = TlsConnector::from(config.clone()).connect(name, stream).await?;
                Self::over(stream, route.protocol).await
            }
        }
    }

    async fn over<S>(stream: S, protocol: Protocol) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        Ok(match protocol {
            Protocol::Http => {
                let (sender, connection) = http1::handshake(stream).await?;
                // How it ends is told by the requests on it.
                tokio::spawn(async move { _ = connection.await });
                Self::Http(sender)
            }
            Protocol::Grpc => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                // A whole request at once, where the collector has room for it.
                builder.max_send_buf_size(1 << 20);
                let (sender, connection) = builder.handshake(stream).await?;
                tokio::spawn(async move { _ = connection.await });
                Self::Grpc(sender)
            }
        })
    }

    /// Waits until a request can be sent; `false` if the other side has closed it.
    pub(super) async fn ready(&mut self) -> bool {
        match self {
            Self::Http(sender) => sender.ready().await.is_ok(),
            Self::Grpc(sender) => sender.ready().await.is_ok(),
        }
    }
}
