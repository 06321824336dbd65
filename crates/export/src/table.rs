//! The series of one snapshot, for formats other than Prometheus's.

use crate::{
    bounds::{Bounded, Exported},
    metric::{About, Metric, Sample, Since, Value},
    metrics::METRICS,
};
use std::{collections::HashMap, time::Duration};

/// What [`Encoder::openmetrics`](crate::Encoder::openmetrics) would write: the same metrics, series and values.
#[derive(Debug)]
pub struct Table(Bounded);

impl Table {
    pub(crate) fn new(bounded: Bounded) -> Self {
        Self(bounded)
    }

    /// The metrics that have series, in the order of the page.
    pub fn families(&self) -> impl Iterator<Item = Family<'_>> {
        let begun: HashMap<_, _> = self.0.workloads.iter().map(|of| (of.id.as_str(), of)).collect();
        METRICS.iter().filter_map(move |metric| {
            let mut samples = (metric.samples)(&self.0).peekable();
            samples.peek()?;
            let points = samples.map(|sample| Point::new(metric, &sample, &begun)).collect();
            Some(Family { about: metric.about(), points })
        })
    }
}

/// One metric and all its series.
#[derive(Debug)]
pub struct Family<'a> {
    /// What it is.
    pub about: About,
    /// Its series; there is one at least.
    pub points: Vec<Point<'a>>,
}

/// One series.
#[derive(Debug)]
pub struct Point<'a> {
    names: &'static [&'static str],
    values: Sample<'a>,
    /// When it began to count, since the Unix epoch: of a workload's, where that is known.
    pub begun: Option<Duration>,
}

impl<'a> Point<'a> {
    fn new(metric: &Metric, sample: &Sample<'a>, workloads: &HashMap<&str, &Exported>) -> Self {
        let of = || workloads.get(sample.labels[0]).map(|of| &of.usage);
        let begun = match metric.since {
            Since::Agent => None,
            Since::Recognised => of().and_then(|usage| usage.recognised),
            Since::Process => of().and_then(|usage| usage.process_started),
        };
        Self { names: metric.labels, values: *sample, begun }
    }

    /// Its labels, without those that are not known.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let pairs = self.names.iter().zip(self.values.labels);
        pairs.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (*name, value))
    }

    /// Its value.
    pub fn value(&self) -> Value {
        self.values.value
    }
}
