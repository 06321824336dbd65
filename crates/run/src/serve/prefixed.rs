//! Standard output and error of a served guest: each line begins with the number of its instance.

use std::{
    io::{self, Write as _},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

/// Bytes that a guest may write at once.
const ROOM: usize = 64 << 10;

/// Which stream of this process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// A stream of one instance.
#[derive(Debug, Clone)]
pub(super) struct Prefixed {
    stream: Stream,
    prefix: Arc<str>,
    at_start: Arc<AtomicBool>,
}

impl Prefixed {
    pub(super) fn new(stream: Stream, instance: u64, prefixed: bool) -> Self {
        let name = match stream {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        };
        let prefix = if prefixed { format!("{name} [{instance}] :: ") } else { String::new() };
        Self { stream, prefix: prefix.into(), at_start: Arc::new(AtomicBool::new(true)) }
    }

    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.at_start.swap(line.ends_with(b"\n"), Relaxed) {
                self.pass(self.prefix.as_bytes())?;
            }
            self.pass(line)?;
        }
        Ok(())
    }

    fn pass(&self, bytes: &[u8]) -> io::Result<()> {
        match self.stream {
            Stream::Out => io::stdout().write_all(bytes),
            Stream::Err => io::stderr().write_all(bytes),
        }
    }
}

impl StdoutStream for Prefixed {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl IsTerminal for Prefixed {
    fn is_terminal(&self) -> bool {
        match self.stream {
            Stream::Out => io::IsTerminal::is_terminal(&io::stdout()),
            Stream::Err => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl OutputStream for Prefixed {
    fn write(&mut self, bytes: hyper::body::Bytes) -> StreamResult<()> {
        self.put(&bytes).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(ROOM)
    }
}

#[async_trait]
impl Pollable for Prefixed {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Prefixed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.put(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
