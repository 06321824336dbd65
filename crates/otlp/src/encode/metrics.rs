//! The series of a snapshot as OTLP metrics.

use super::{ITEM, wire};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{
        AggregationTemporality, Gauge, Metric, NumberDataPoint, Sum, metric::Data, number_data_point,
    },
};
use prost::Message as _;
use std::time::Duration;
use wasmscope_export::{About, Kind, Point, Table, Value};

/// Data points in one message at most: about a quarter of a mebibyte.
const MOST_POINTS: usize = 2048;

/// Gives every metric, encoded, with the number of its points; one with many points in several parts.
///
/// `agent_start` and `now` are since the Unix epoch.
pub(crate) fn metrics(table: &Table, agent_start: Duration, now: Duration, mut give: impl FnMut(&[u8], u64)) {
    let mut bytes = vec![];
    for family in table.families() {
        for part in family.points.chunks(MOST_POINTS) {
            let points = part.iter().map(|point| data_point(point, agent_start, now)).collect();
            bytes.clear();
            let encoded = metric(&family.about, points).encode_to_vec();
            wire::bytes(&mut bytes, ITEM, &encoded);
            give(&bytes, part.len() as u64);
        }
    }
}

fn metric(about: &About, data_points: Vec<NumberDataPoint>) -> Metric {
    let aggregation_temporality = AggregationTemporality::Cumulative as i32;
    let data = match about.kind {
        Kind::Counter => Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: true }),
        Kind::Gauge => Data::Gauge(Gauge { data_points }),
        // "Prometheus and OpenMetrics Compatibility", Info: a sum that is not monotonic.
        Kind::Info => Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: false }),
    };
    Metric {
        name: about.otel_name(),
        description: about.help.into(),
        unit: about.ucum.into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn data_point(point: &Point<'_>, agent_start: Duration, now: Duration) -> NumberDataPoint {
    let text = |value: &str| AnyValue { value: Some(any_value::Value::StringValue(value.into())) };
    let attribute = |(key, value): (&str, &str)| KeyValue {
        key: key.into(),
        value: Some(text(value)),
        ..KeyValue::default()
    };
    NumberDataPoint {
        attributes: point.labels().map(attribute).collect(),
        start_time_unix_nano: nanos(point.begun.unwrap_or(agent_start).min(now)),
        time_unix_nano: nanos(now),
        value: Some(match point.value() {
            Value::Count(count) => number_data_point::Value::AsInt(count.try_into().unwrap_or(i64::MAX)),
            Value::Seconds(time) => number_data_point::Value::AsDouble(time.as_secs_f64()),
        }),
        ..NumberDataPoint::default()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
