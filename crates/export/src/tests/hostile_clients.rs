//! The server with clients that mean no good.

use super::{
    client::{connect, get, receive, send},
    fixture::{Fixed, fleet, full},
};
use crate::{Server, Snapshot, listen_address, serve};
use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

fn server(snapshot: Snapshot) -> Server {
    serve(listen_address("0").unwrap(), Arc::new(Fixed(snapshot))).unwrap()
}

#[test]
fn clients_that_say_nothing_or_read_nothing_do_not_block_another() {
    let server = server(fleet(1000, 20, 2));
    let silent: Vec<_> = (0..10).map(|_| connect(server.address())).collect();
    let unread: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = connect(server.address());
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    let answer = get(server.address(), "/metrics", "application/openmetrics-text");
    assert!(answer.status() == 200 && answer.body.ends_with("# EOF\n"));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    drop((silent, unread));
}

#[test]
fn clients_beyond_the_most_wait_until_the_silent_ones_are_turned_out() {
    let server = server(full());
    let silent: Vec<_> = (0..40).map(|_| connect(server.address())).collect();
    let start = Instant::now();
    let answer = get(server.address(), "/healthz", "*/*");
    assert_eq!(answer.status(), 200);
    let waited = start.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(15)).contains(&waited), "{waited:?}");
    drop(silent);
}

#[test]
fn clients_that_do_not_read_lose_their_place() {
    // More than the kernel buffers for a connection, so that the server has to wait for the client.
    let server = server(fleet(2048, 20, 20));
    let start = Instant::now();
    let unread: Vec<_> = (0..32)
        .map(|_| {
            let mut stream = connect(server.address());
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            stream
        })
        .collect();
    // They are connected in this order, and so served.
    assert_eq!(get(server.address(), "/healthz", "*/*").status(), 200);
    let waited = start.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(30)).contains(&waited), "{waited:?}");
    drop(unread);
}

#[test]
fn a_request_that_never_ends_is_ended() {
    let server = server(full());
    let mut stream = connect(server.address());
    let start = Instant::now();
    // One byte now and then: each would look like life to a timeout between two reads.
    while start.elapsed() < Duration::from_secs(15) {
        if stream.write_all(b"G").is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_ne!(receive(&mut stream).status(), 200);
}

#[test]
fn requests_too_large_or_meaningless_are_refused() {
    let server = server(full());
    let header = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(1 << 16));
    let headers = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 16));
    for request in [header.as_str(), &headers, &path, "\0\x1b[2J\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let answer = send(server.address(), request.as_bytes());
        assert!(matches!(answer.status(), 0 | 400..500), "{answer:?}");
    }
    assert_eq!(get(server.address(), "/metrics", "*/*").status(), 200);
}
