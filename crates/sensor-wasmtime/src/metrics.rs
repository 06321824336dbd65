//! The one list of metrics, and their values from a [`Summary`].

use crate::{FunctionTotals, Sensor, Summary};

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name in Prometheus' style, without the `_total` that counters get.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Whether it only ever grows.
    pub is_counter: bool,
    /// Names of its labels. Their values come from the host and from WASI, never from guests.
    pub labels: &'static [&'static str],
}

/// A value of a metric: the values of its labels, and the number.
pub type Sample = (Vec<&'static str>, f64);

macro_rules! metrics {
    ($($(#[doc = $help:literal])* $id:ident $kind:ident $name:literal $labels:expr;)*) => {
        $(
            $(#[doc = $help])*
            pub const $id: Metric = Metric {
                name: concat!("wasmscope_boundary_", $name),
                help: concat!($($help),*),
                is_counter: metrics!(@ $kind),
                labels: &$labels,
            };
        )*

        /// All of them.
        pub const ALL: &[Metric] = &[$($id),*];
    };
    (@ counter) => { true };
    (@ gauge) => { false };
}

const FUNCTION: [&str; 3] = ["class", "interface", "function"];

metrics! {
    /// Calls from guests to the host.
    CALLS counter "calls" FUNCTION;
    /// Calls that ended the guest.
    CALL_TRAPS counter "call_traps" FUNCTION;
    /// Calls that the gate refused.
    CALLS_DENIED counter "calls_denied" FUNCTION;
    /// Errors that guests got from calls.
    CALL_ERRORS counter "call_errors" ["class", "interface", "function", "error"];
    /// Errors that guests got beyond those that are named.
    CALL_ERRORS_OTHER counter "call_errors_other" [];
    /// Seconds in calls, waiting included.
    CALL_SECONDS counter "call_seconds" FUNCTION;
    /// Bytes that guests got from calls.
    READ_BYTES counter "read_bytes" FUNCTION;
    /// Bytes that guests gave to calls.
    WRITTEN_BYTES counter "written_bytes" FUNCTION;
    /// Instances that began.
    INSTANCES_STARTED counter "instances_started" [];
    /// Instances that have not ended.
    INSTANCES gauge "instances" [];
    /// Bytes of linear memory of instances that have not ended.
    MEMORY_BYTES gauge "memory_bytes" [];
    /// The most linear memory that one instance ever had.
    MEMORY_HIGH_WATER_BYTES gauge "memory_high_water_bytes" [];
    /// Wishes for more memory, by what came of them.
    MEMORY_GROWTH counter "memory_growth" ["answer"];
    /// Wishes for larger tables, by what came of them.
    TABLE_GROWTH counter "table_growth" ["answer"];
    /// Runs of guest code, by how they ended.
    RUNS counter "runs" ["end"];
    /// Seconds in runs of guest code.
    RUN_SECONDS counter "run_seconds" [];
    /// CPU seconds of runs, by who spent them.
    RUN_CPU_SECONDS counter "run_cpu_seconds" ["part"];
    /// Fuel used.
    FUEL counter "fuel" [];
    /// Epoch deadlines that were reached.
    EPOCHS counter "epochs" [];
    /// Events that did not reach their destination.
    EVENTS_LOST counter "events_lost" [];
}

/// Gives each metric with its values. Metrics by function have only those that were called.
pub fn each(sensor: &Sensor, mut f: impl FnMut(Metric, Vec<Sample>)) {
    let summary = sensor.summary();
    for metric in ALL {
        f(*metric, samples(*metric, &summary, sensor.lost()));
    }
}

fn samples(metric: Metric, summary: &Summary, lost: u64) -> Vec<Sample> {
    let functions = |value: fn(&FunctionTotals) -> f64| {
        summary
            .functions
            .iter()
            .map(|of| (vec![of.function.class.name(), of.function.interface, of.function.name], value(of)))
            .collect()
    };
    let one = |value: u64| vec![(Vec::new(), value as f64)];
    let growth = |of: crate::GrowthTotals| {
        vec![(vec!["granted"], of.granted as f64), (vec!["refused"], of.refused as f64)]
    };
    let run = summary.run;
    match metric {
        CALLS => functions(|of| of.calls as f64),
        CALL_TRAPS => functions(|of| of.traps as f64),
        CALLS_DENIED => functions(|of| of.denied as f64),
        CALL_SECONDS => functions(|of| seconds(of.ns)),
        READ_BYTES => functions(|of| of.read as f64),
        WRITTEN_BYTES => functions(|of| of.written as f64),
        CALL_ERRORS => summary
            .errors
            .iter()
            .map(|of| {
                let function = of.function;
                (
                    vec![function.class.name(), function.interface, function.name, of.code.name()],
                    of.count as f64,
                )
            })
            .collect(),
        CALL_ERRORS_OTHER => one(summary.other_errors),
        INSTANCES_STARTED => one(summary.started),
        INSTANCES => one(summary.started - summary.ended),
        MEMORY_BYTES => one(summary.memory.now),
        MEMORY_HIGH_WATER_BYTES => one(summary.memory.high_water),
        MEMORY_GROWTH => growth(summary.memory),
        TABLE_GROWTH => growth(summary.table),
        RUNS => vec![
            // Counters of an instance that runs are read one after the other: they need not fit together.
            (vec!["returned"], run.runs.saturating_sub(run.trapped + run.exited + run.failed) as f64),
            (vec!["trapped"], run.trapped as f64),
            (vec!["exited"], run.exited as f64),
            (vec!["failed"], run.failed as f64),
        ],
        RUN_SECONDS => vec![(Vec::new(), seconds(run.wall_ns))],
        RUN_CPU_SECONDS => vec![
            (vec!["guest"], seconds(run.guest_cpu_ns)),
            (vec!["host"], seconds(run.cpu_ns.saturating_sub(run.guest_cpu_ns))),
        ],
        FUEL => one(run.fuel),
        EPOCHS => one(run.epochs),
        EVENTS_LOST => one(lost),
        // `ALL` has no others: see the test.
        _ => Vec::new(),
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(feature = "prometheus")]
mod prometheus {
    use super::{Metric, each};
    use crate::Sensor;
    use prometheus_client::{
        collector::Collector,
        encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet},
        metrics::MetricType,
    };
    use std::fmt;

    /// ```
    /// use prometheus_client::{encoding::text::encode, registry::Registry};
    /// use wasmscope_sensor_wasmtime::Sensor;
    ///
    /// let sensor = Sensor::builder().build();
    /// let mut registry = Registry::default();
    /// registry.register_collector(Box::new(sensor.clone()));
    /// let mut text = String::new();
    /// encode(&mut text, &registry).unwrap();
    /// assert!(text.contains("wasmscope_boundary_instances_started_total 0"));
    /// ```
    impl Collector for Sensor {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
            let mut outcome = Ok(());
            each(self, |metric, samples| {
                if outcome.is_ok() {
                    outcome = encode(&mut encoder, metric, &samples);
                }
            });
            outcome
        }
    }

    fn encode(encoder: &mut DescriptorEncoder<'_>, metric: Metric, samples: &[super::Sample]) -> fmt::Result {
        let kind = if metric.is_counter { MetricType::Counter } else { MetricType::Gauge };
        let mut encoder = encoder.encode_descriptor(metric.name, metric.help, None, kind)?;
        for (values, value) in samples {
            let labels: Vec<_> = metric.labels.iter().copied().zip(values.iter().copied()).collect();
            if labels.is_empty() {
                number(&mut encoder, metric, *value)?;
            } else {
                number(&mut encoder.encode_family(&labels)?, metric, *value)?;
            }
        }
        Ok(())
    }

    fn number(encoder: &mut MetricEncoder<'_>, metric: Metric, value: f64) -> fmt::Result {
        match metric.is_counter {
            true => encoder.encode_counter::<NoLabelSet, _, u64>(&value, None),
            false => encoder.encode_gauge(&value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_values_and_a_name_of_its_own() {
        let sensor = Sensor::builder().build();
        let mut hooks = sensor.instance("a");
        let function = &crate::functions()[0];
        let call = hooks.begin(function, |_| {}, |_| {});
        hooks.end(call, || crate::Outcome::Error(crate::Code(0)), 1, 1, || crate::Value::None);
        let mut names = std::collections::BTreeSet::new();
        each(&sensor, |metric, samples| {
            assert!(names.insert(metric.name), "{} is there twice", metric.name);
            assert!(!samples.is_empty(), "{} has no value", metric.name);
            assert!(samples.iter().all(|(labels, _)| labels.len() == metric.labels.len()), "{}", metric.name);
        });
        assert_eq!(names.len(), ALL.len());
    }
}
