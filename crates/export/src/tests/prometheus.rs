//! What the real Prometheus makes of our pages.

use super::fixture::{Fixed, fleet, full, id};
use crate::{Encoder, Snapshot, listen_address, metrics::METRICS, prometheus_text, serve};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use wasmscope_testkit::{
    may_skip,
    prometheus::{Prometheus, check_metrics, missing},
    wait_until,
};

macro_rules! require_prometheus {
    () => {
        if let Some(reason) = missing() {
            return may_skip(module_path!(), reason, true);
        }
    };
}

fn text(snapshot: Snapshot) -> String {
    prometheus_text(&Encoder::default().openmetrics(snapshot))
}

#[test]
fn promtool_has_no_complaint() {
    require_prometheus!();
    for snapshot in [full(), Snapshot::default(), fleet(50, 100, 50)] {
        assert_eq!(check_metrics(&text(snapshot)), "");
    }
    assert_ne!(check_metrics("wasmscope_bad{ 1\n"), "", "promtool complains of what is wrong");
}

/// The values that Prometheus has, as text, of each series that matches.
fn values(prometheus: &Prometheus, promql: &str) -> Vec<String> {
    let answer: serde_json::Value = serde_json::from_str(&prometheus.query(promql)).unwrap();
    assert_eq!(answer["status"], "success", "{promql}: {answer}");
    let results = answer["data"]["result"].as_array().unwrap().iter();
    results.map(|result| result["value"][1].as_str().unwrap().to_owned()).collect()
}

fn has_everything(target: SocketAddr) {
    let prometheus = Prometheus::scraping(&[target]);
    let up = || values(&prometheus, "up") == ["1"];
    assert!(wait_until(up, Duration::from_secs(20)), "{}", prometheus.query("up"));
    for metric in METRICS {
        assert!(!values(&prometheus, metric.name).is_empty(), "{} did not arrive", metric.name);
    }
    let one = |promql: &str| values(&prometheus, promql).join(", ");
    let workload = id(4711);
    assert_eq!(one("wasmscope_workloads"), "3");
    let cpu = format!("wasmscope_workload_cpu_seconds_total{{workload='{workload}',mode='user'}}");
    assert_eq!(one(&cpu), "12.34");
    assert_eq!(one("wasmscope_workload_linear_memory_limit_bytes"), "4294967296");
    // The join that the documentation recommends.
    let joined = "sum by (module) (wasmscope_workload_cpu_seconds_total \
                  * on (workload) group_left (module) wasmscope_workload_info)";
    assert_eq!(one(joined), "14.34");
    // Nothing was out of order, twice or refused for another reason.
    assert_eq!(one("scrape_samples_scraped - scrape_samples_post_metric_relabeling"), "0");
    let log = prometheus.log();
    assert!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");
}

#[test]
fn prometheus_scrapes_openmetrics() {
    require_prometheus!();
    let server = serve(listen_address("0").unwrap(), Arc::new(Fixed(full()))).unwrap();
    has_everything(server.address());
}

#[test]
fn prometheus_scrapes_the_older_text() {
    require_prometheus!();
    let server = serve(listen_address("0").unwrap(), Arc::new(Fixed(full()))).unwrap();
    has_everything(asking_for_text(server.address()));
}

/// Stands before a server and passes requests on as an old Prometheus would have made them.
fn asking_for_text(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the tests: Prometheus is gone by then.
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let request = String::from_utf8(request).unwrap();
            assert!(request.contains("application/openmetrics-text"), "{request}");
            let mut upstream = TcpStream::connect(server).unwrap();
            upstream.write_all(request.replace("application/openmetrics-text", "x/x").as_bytes()).unwrap();
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).unwrap();
            assert!(String::from_utf8_lossy(&answer).contains("version=0.0.4"));
            let _ = client.write_all(&answer);
        }
    });
    address
}
