//! What all signals come from: this agent on this host.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    resource::v1::Resource,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The attributes, ours first; `named` ones are of the user, who knows better.
pub(crate) fn resource(service: Option<&str>, named: &BTreeMap<String, String>) -> Resource {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    all.insert("service.name", "wasmscope".into());
    all.insert("service.version", env!("CARGO_PKG_VERSION").into());
    // Another one for each run of the agent: the statistics of a process hold its start.
    let seed = format!("{boot} {stat}");
    all.insert("service.instance.id", Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()).to_string());
    all.insert("os.type", "linux".into());
    all.insert("process.pid", std::process::id().to_string());
    if !host.trim().is_empty() {
        all.insert("host.name", host.trim().into());
    }
    all.extend(named.iter().map(|(key, value)| (key.as_str(), value.clone())));
    if let Some(service) = service {
        all.insert("service.name", service.into());
    }
    let value = |key: &str, text: String| match (key, text.parse()) {
        ("process.pid", Ok(pid)) => any_value::Value::IntValue(pid),
        _ => any_value::Value::StringValue(text),
    };
    let attributes = all.into_iter().map(|(key, text)| KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value(key, text)) }),
        ..KeyValue::default()
    });
    Resource { attributes: attributes.collect(), ..Resource::default() }
}
