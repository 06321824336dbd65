//! A client that does exactly what it is told.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longer than anything the server may take, so that a hang is an error and not the end of the tests.
const PATIENCE: Duration = Duration::from_secs(40);

/// Head and body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }
}

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends these bytes and reads until the server closes.
pub(super) fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    receive(&mut stream)
}

pub(super) fn receive(stream: &mut TcpStream) -> Answer {
    let mut answer = Vec::new();
    // A server that closes while something is still on its way to it resets the connection.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Answer { head: head.to_ascii_lowercase(), body: body.to_owned() }
}

pub(super) fn get(address: SocketAddr, path: &str, accept: &str) -> Answer {
    send(address, format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n").as_bytes())
}
