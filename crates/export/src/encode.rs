//! Snapshots as pages.
//!
//! prometheus-client writes OpenMetrics and nothing else. Lines of samples are the same in the older
//! Prometheus text format for every kind of metric we have; only the lines about a metric differ. So a page
//! is encoded once, and the older format is that page with those lines written anew from the list.

use crate::{
    Snapshot,
    bounds::{Bounded, Choice},
    metric::{Kind, Metric, Sample, Value},
    metrics::METRICS,
    table::Table,
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet, text,
    },
    metrics::MetricType,
    registry::Registry,
};
use std::fmt::{self, Write};

/// Turns snapshots into OpenMetrics pages.
///
/// It remembers which names have series of their own (see `docs/metrics.md`, Bounds): use one for all
/// snapshots of an agent.
#[derive(Debug, Default)]
pub struct Encoder {
    choice: Choice,
    /// Length of the last page, in bytes: the next one will not be much longer.
    length: usize,
}

impl Encoder {
    /// The same series, for other formats.
    pub fn table(&mut self, snapshot: Snapshot) -> Table {
        Table::new(self.choice.apply(snapshot))
    }

    /// The page in the OpenMetrics text format, version 1.0.
    ///
    /// ```
    /// let page = wasmscope_export::Encoder::default().openmetrics(Default::default());
    /// assert!(page.starts_with("# HELP wasmscope_workloads ") && page.ends_with("# EOF\n"));
    /// ```
    pub fn openmetrics(&mut self, snapshot: Snapshot) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.choice.apply(snapshot)));
        let mut page = String::with_capacity(self.length + self.length / 8);
        // Writing to a string cannot fail, and prometheus-client only passes failures of writing on.
        if text::encode(&mut page, &registry).is_err() {
            tracing::error!("a metric could not be encoded");
        }
        self.length = page.len();
        page
    }
}

/// A page of [`Encoder::openmetrics`] in the Prometheus text format, version 0.0.4.
pub fn prometheus_text(openmetrics: &str) -> String {
    let mut page = String::with_capacity(openmetrics.len());
    for line in openmetrics.split_inclusive('\n') {
        // Line feeds in label values are escaped, so what looks like a line about a metric is one.
        let Some(about) = line.strip_prefix("# ") else {
            page.push_str(line);
            continue;
        };
        let family = about.strip_prefix("HELP ").and_then(|help| help.split(' ').next());
        if let Some(metric) = METRICS.iter().find(|metric| Some(metric.family()) == family) {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                // The format knows no info; by convention it is a gauge.
                Kind::Gauge | Kind::Info => "gauge",
            };
            let Metric { name, help, .. } = metric;
            let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
    }
    page
}

impl Collector for Bounded {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in METRICS {
            let mut samples = (metric.samples)(self).peekable();
            // What nobody measures here is not announced either.
            if samples.peek().is_none() {
                continue;
            }
            let kind = match metric.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Info => MetricType::Info,
            };
            let mut series =
                encoder.encode_descriptor(metric.stem(), metric.help, metric.unit.as_ref(), kind)?;
            for sample in samples {
                encode_sample(&mut series, metric, &sample)?;
            }
        }
        Ok(())
    }
}

fn encode_sample(series: &mut MetricEncoder<'_>, metric: &Metric, sample: &Sample<'_>) -> fmt::Result {
    let labels = Labels { names: metric.labels, values: &sample.labels };
    if metric.kind == Kind::Info {
        return series.encode_info(&labels);
    }
    if metric.labels.is_empty() {
        return encode_value(series, metric.kind, sample.value);
    }
    encode_value(&mut series.encode_family(&labels)?, metric.kind, sample.value)
}

fn encode_value(series: &mut MetricEncoder<'_>, kind: Kind, value: Value) -> fmt::Result {
    match (kind, value) {
        (Kind::Counter, Value::Count(count)) => series.encode_counter::<NoLabelSet, _, f64>(&count, None),
        (Kind::Counter, Value::Seconds(time)) => {
            series.encode_counter::<NoLabelSet, _, f64>(&time.as_secs_f64(), None)
        }
        (_, Value::Count(count)) => series.encode_gauge(&count),
        (_, Value::Seconds(time)) => series.encode_gauge(&time.as_secs_f64()),
    }
}

/// Names and values side by side.
struct Labels<'a> {
    names: &'a [&'static str],
    values: &'a [&'a str],
}

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.names
            .iter()
            .zip(self.values)
            .filter(|(_, value)| !value.is_empty())
            .try_for_each(|(name, value)| (*name, *value).encode(encoder.encode_label()))
    }
}
