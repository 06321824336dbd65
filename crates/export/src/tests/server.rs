//! The server with well-meaning clients.

use super::{
    client::{get, send},
    fixture::{Fixed, full},
};
use crate::{Encoder, ServeError, Server, Snapshot, Source, bind, listen_address, prometheus_text, serve};
use std::{
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn any_port(source: impl Source + 'static) -> Server {
    serve(listen_address("0").unwrap(), Arc::new(source)).unwrap()
}

#[test]
fn every_page() {
    let server = any_port(Fixed(full()));
    let openmetrics = Encoder::default().openmetrics(full());

    let answer = get(server.address(), "/metrics", "application/openmetrics-text;version=1.0.0,*/*;q=0.1");
    assert_eq!((answer.status(), answer.body), (200, openmetrics.clone()));
    let content = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(answer.head.contains(content), "{}", answer.head);

    let answer = get(server.address(), "/metrics", "*/*");
    assert_eq!((answer.status(), answer.body), (200, prometheus_text(&openmetrics)));
    assert!(
        answer.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{}",
        answer.head
    );

    let answer = get(server.address(), "/", "text/html");
    assert!(answer.status() == 200 && answer.body.contains("href=\"/metrics\""), "{answer:?}");
    assert_eq!(get(server.address(), "/healthz", "*/*").body, "ok\n");
    assert_eq!(get(server.address(), "/metrics/../../etc/passwd", "*/*").status(), 404);

    let head = send(server.address(), b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((head.status(), head.body.as_str()), (200, ""));
    let post = send(server.address(), b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(post.status(), 405);
}

#[test]
fn a_port_in_use_is_one_clear_message() {
    let first = any_port(Fixed(full()));
    let error = bind(first.address()).unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }));
    let address = first.address();
    assert_eq!(
        error.to_string(),
        format!("cannot serve metrics on {address}: the port is in use; choose another with --metrics")
    );
    // An address of documentation (RFC 5737), which no host has.
    let error = bind("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert!(matches!(error, ServeError::Bind { .. }), "{error}");
}

#[test]
fn ipv6_loopback() {
    let Ok(listener) = bind("[::1]:0".parse().unwrap()) else {
        return wasmscope_testkit::may_skip("ipv6_loopback", "the host has no IPv6", false);
    };
    let server = listener.serve(Arc::new(Fixed(full()))).unwrap();
    assert_eq!(get(server.address(), "/healthz", "*/*").status(), 200);
}

#[test]
fn a_dropped_server_is_gone_at_once() {
    let server = any_port(Fixed(full()));
    let address = server.address();
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_millis(900));
    assert!(TcpStream::connect(address).is_err());
    bind(address).unwrap();
}

/// Takes its time and counts.
#[derive(Default)]
struct Slow {
    takes: Duration,
    inside: AtomicU32,
    most_inside: AtomicU32,
    calls: AtomicU32,
}

impl Source for Arc<Slow> {
    fn snapshot(&self, _timeout: Duration) -> Option<Snapshot> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_inside.fetch_max(inside, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
        thread::sleep(self.takes);
        self.inside.fetch_sub(1, Ordering::SeqCst);
        Some(full())
    }
}

#[test]
fn concurrent_scrapes_share_one_snapshot() {
    let slow = Arc::new(Slow { takes: Duration::from_millis(700), ..Slow::default() });
    let server = any_port(Arc::clone(&slow));
    let address = server.address();
    let scrapes: Vec<_> = (0..20).map(|_| thread::spawn(move || get(address, "/metrics", "*/*"))).collect();
    for scrape in scrapes {
        assert_eq!(scrape.join().unwrap().status(), 200);
    }
    assert_eq!(slow.most_inside.load(Ordering::SeqCst), 1);
    assert!(slow.calls.load(Ordering::SeqCst) <= 2, "{:?}", slow.calls);
}

#[test]
fn a_page_is_not_older_than_it_may_be() {
    let slow = Arc::new(Slow::default());
    let server = any_port(Arc::clone(&slow));
    for _ in 0..3 {
        assert_eq!(get(server.address(), "/metrics", "*/*").status(), 200);
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(slow.calls.load(Ordering::SeqCst), 3);
}

/// Has no answer.
struct Silent;

impl Source for Silent {
    fn snapshot(&self, _timeout: Duration) -> Option<Snapshot> {
        None
    }
}

/// Breaks.
struct Broken;

impl Source for Broken {
    fn snapshot(&self, _timeout: Duration) -> Option<Snapshot> {
        panic!("a source of a test that breaks")
    }
}

#[test]
fn no_answer_is_503_with_the_reason() {
    let server = any_port(Silent);
    let answer = get(server.address(), "/metrics", "*/*");
    assert_eq!((answer.status(), answer.body.as_str()), (503, "the agent did not answer in time\n"));

    let server = any_port(Broken);
    let answer = get(server.address(), "/metrics", "*/*");
    assert_eq!((answer.status(), answer.body.as_str()), (503, "the agent failed while it answered\n"));
}

#[test]
fn a_source_that_hangs_stops_neither_the_server_nor_its_end() {
    let server = any_port(Arc::new(Slow { takes: Duration::from_secs(30), ..Slow::default() }));
    let address = server.address();
    let scrape = thread::spawn(move || get(address, "/metrics", "*/*"));
    assert_eq!(get(address, "/healthz", "*/*").status(), 200);
    let answer = scrape.join().unwrap();
    assert_eq!((answer.status(), answer.body.as_str()), (503, "the agent did not answer in time\n"));
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(3));
}
