//! What both programs build their metrics of.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, prometheus_text},
    metrics::{
        MetricType,
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::{Metric, Registry},
};

/// Bounds that OpenTelemetry advises for durations of calls, in seconds.
pub(crate) const CALL_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bounds for stages, in seconds: a search takes a tenth of a millisecond.
pub(crate) const STAGE_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Makes a histogram with fixed bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds(pub(crate) [f64; 14]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0)
    }
}

/// Histograms by labels.
pub(crate) type Durations<L> = Family<L, Histogram, Bounds>;

/// Registers a metric under its whole name (a counter's without `_total`).
pub(crate) fn register<M: Metric + Clone>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

pub(crate) fn counter(registry: &mut Registry, name: &'static str, help: &'static str) -> Counter {
    register(registry, name, help, Counter::default())
}

pub(crate) fn gauge(registry: &mut Registry, name: &'static str, help: &'static str) -> Gauge {
    register(registry, name, help, Gauge::default())
}

/// Registers which program this is; `name` lacks its `_info`.
pub(crate) fn build_info(registry: &mut Registry, name: &'static str, build: Build) {
    registry.register(name, "Version of the program; always 1", Info::new(build));
}

/// Writes a gauge without labels.
pub(crate) fn constant<N>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    value: N,
) -> fmt::Result
where
    ConstGauge<N>: EncodeMetric,
{
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

/// The text of a scrape.
pub(crate) fn render(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail, nor can a label of ours.
    let _ = prometheus_text::encode(&mut text, registry);
    text
}

/// Which program this is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Build {
    /// The version, e.g. `0.2.0`.
    pub version: String,
    /// The commit, or empty if unknown.
    pub revision: String,
}

/// Something that is counted as long as it lasts.
#[derive(Debug)]
#[must_use = "dropping it ends the count"]
pub struct Held(Gauge);

impl Held {
    pub(crate) fn begin(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

pub(crate) fn observe(histogram: &Histogram, elapsed: Duration) {
    histogram.observe(elapsed.as_secs_f64());
}
