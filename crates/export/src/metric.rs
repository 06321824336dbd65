//! What a metric is, and how its samples are taken from a snapshot.

use crate::{
    bounds::{Bounded, Exported},
    snapshot::{ByName, StageCount},
};
use prometheus_client::registry::Unit;
use std::{borrow::Cow, time::Duration};

/// Labels that a metric has at most.
const LABELS: usize = 8;

/// What kind of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the workload or the agent ends.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Always 1; what it says is in its labels.
    Info,
}

/// Since when a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The agent's start.
    Agent,
    /// When the workload was recognised.
    Recognised,
    /// The start of the workload's process: the kernel counted before anybody asked.
    Process,
}

/// What others may know of a metric: queries are checked against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The name of its series, suffixes included.
    pub name: &'static str,
    /// What kind of metric.
    pub kind: Kind,
    /// Names of its labels; a scrape adds its own.
    pub labels: &'static [&'static str],
    /// Its unit as OpenTelemetry writes it: UCUM, with the counted thing in braces.
    pub ucum: &'static str,
    /// One line about it.
    pub help: &'static str,
    /// Since when it counts.
    pub since: Since,
}

impl About {
    /// Its name in OpenTelemetry: without the unit and the suffix of its kind, which an exporter for Prometheus adds again, and
    /// with dots after the first two words.
    ///
    /// ```
    /// let about = wasmscope_export::metrics().find(|about| about.name == "wasmscope_workload_cpu_seconds_total");
    /// assert_eq!(about.unwrap().otel_name(), "wasmscope.workload.cpu");
    /// ```
    pub fn otel_name(&self) -> String {
        let suffixes: &[&str] = match (self.kind, self.ucum) {
            (Kind::Counter, "s") => &["_total", "_seconds"],
            (Kind::Counter, "By") => &["_total", "_bytes"],
            (Kind::Counter, _) => &["_total"],
            (Kind::Gauge, "s") => &["_seconds"],
            (Kind::Gauge, "By") => &["_bytes"],
            (Kind::Gauge | Kind::Info, _) => &[],
        };
        let stem = suffixes.iter().fold(self.name, |name, suffix| name.strip_suffix(suffix).unwrap_or(name));
        let words = if stem.starts_with("wasmscope_workload_") || stem.starts_with("wasmscope_agent_") {
            2
        } else {
            1
        };
        stem.replacen('_', ".", words)
    }
}

/// One metric: everything that is said about it anywhere.
pub(crate) struct Metric {
    /// The name of its series, suffixes included.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Also the last word of the name before the suffix of its kind.
    pub(crate) unit: Option<Unit>,
    pub(crate) labels: &'static [&'static str],
    /// See [`About::ucum`].
    pub(crate) ucum: &'static str,
    pub(crate) since: Since,
    /// One line without quotes or backslashes, which the formats would escape differently.
    pub(crate) help: &'static str,
    pub(crate) samples: for<'a> fn(&'a Bounded) -> Samples<'a>,
}

impl Metric {
    pub(crate) fn about(&self) -> About {
        let Self { name, kind, labels, ucum, help, since, .. } = *self;
        About { name, kind, labels, ucum, help, since }
    }

    /// The name without the suffix of its kind: what OpenMetrics calls the metric family.
    pub(crate) fn family(&self) -> &'static str {
        let suffix = match self.kind {
            Kind::Counter => "_total",
            Kind::Info => "_info",
            Kind::Gauge => "",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// The family without its unit, as prometheus-client wants to be told.
    pub(crate) fn stem(&self) -> &'static str {
        let family = self.family();
        let unit = self.unit.as_ref().map_or("", Unit::as_str);
        family.strip_suffix(unit).and_then(|stem| stem.strip_suffix('_')).unwrap_or(family)
    }
}

/// The value of one series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number of things, or of bytes.
    Count(u64),
    /// A time, told in seconds.
    Seconds(Duration),
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Count(u64::from(yes))
    }
}

impl From<Duration> for Value {
    fn from(time: Duration) -> Self {
        Self::Seconds(time)
    }
}

/// One series and its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// Values of the metric's labels, in their order. An empty one is left out, which means the same.
    pub(crate) labels: [&'a str; LABELS],
    pub(crate) value: Value,
}

impl<'a> Sample<'a> {
    pub(crate) fn new<const N: usize>(labels: [&'a str; N], value: impl Into<Value>) -> Self {
        const { assert!(N <= LABELS) };
        let mut all = [""; LABELS];
        all[..N].copy_from_slice(&labels);
        Self { labels: all, value: value.into() }
    }
}

/// All series of one metric.
pub(crate) type Samples<'a> = Box<dyn Iterator<Item = Sample<'a>> + 'a>;

/// One series, if its value is known.
pub(crate) fn single<'a>(value: Option<impl Into<Value>>) -> Samples<'a> {
    Box::new(value.map(|value| Sample::new([], value)).into_iter())
}

/// One series per workload whose value is known.
pub(crate) fn per_workload<'a, V: Into<Value> + 'a>(
    page: &'a Bounded,
    value: fn(&Exported) -> Option<V>,
) -> Samples<'a> {
    Box::new(page.workloads.iter().filter_map(move |w| Some(Sample::new([&w.id], value(w)?))))
}

/// `N` series per workload, each with a label of its own; those whose value is known.
pub(crate) fn per_workload_and<'a, V: Into<Value> + 'a, const N: usize>(
    page: &'a Bounded,
    labels: [&'static str; N],
    values: fn(&Exported) -> [Option<V>; N],
) -> Samples<'a> {
    Box::new(page.workloads.iter().flat_map(move |w| {
        let values = labels.into_iter().zip(values(w));
        values.filter_map(|(label, value)| Some(Sample::new([&w.id, label], value?)))
    }))
}

/// One series per workload and name.
pub(crate) fn per_workload_by_name<'a, T: Copy + Into<Value> + 'a>(
    page: &'a Bounded,
    list: fn(&Exported) -> &ByName<T>,
) -> Samples<'a> {
    Box::new(page.workloads.iter().flat_map(move |w| {
        list(w).iter().map(|(name, value)| Sample::new([w.id.as_str(), name.as_ref()], *value))
    }))
}

/// One series per name.
pub(crate) fn by_name(list: &ByName<u64>) -> Samples<'_> {
    Box::new(list.iter().map(|(name, count)| Sample::new([name.as_ref()], *count)))
}

/// One series per family and stage.
pub(crate) fn by_stage(stages: &[StageCount]) -> Samples<'_> {
    Box::new(stages.iter().map(|s| Sample::new([s.family.as_ref(), s.stage.as_ref()], s.count)))
}

/// The text, or nothing.
pub(crate) fn known(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// One series per name whose value is what `value` takes from the entry.
pub(crate) fn per_entry<'a, E>(
    entries: &'a [E],
    name: fn(&E) -> &Cow<'static, str>,
    value: fn(&E) -> u64,
) -> Samples<'a> {
    Box::new(entries.iter().map(move |entry| Sample::new([name(entry).as_ref()], value(entry))))
}
