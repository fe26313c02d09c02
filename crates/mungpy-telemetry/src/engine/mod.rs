//! The metrics of `mungpy serve`.

mod batch;
mod calls;
mod catalogue;
mod hub;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use mungpy_core::reason::Reason;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{
    answers::DogAnswers,
    instruments::{Build, Held, build_info, counter, gauge, register, render},
    labels::{Device, ReasonLabel, RpcStatus, Stage},
    latency::Quantiles,
    names::{Name, Names},
    process::register_process,
};
pub use batch::BatchOutcome;
use batch::Batches;
use calls::{Calls, Stages};
use catalogue::Published;
use hub::Hub;

/// The metrics of the engine. Every method is cheap enough for each request, and none waits for a
/// scrape longer than a lock is held.
pub struct EngineMetrics {
    registry: Registry,
    calls: Calls,
    stages: Stages,
    admission: Admission,
    connections: Gauge,
    published: Arc<Published>,
    batches: Batches,
    hub: Arc<Hub>,
    models: Family<Model, Gauge>,
    device: Family<DeviceLabels, Gauge>,
}

/// A model file that the engine has loaded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Model {
    /// What it is for, e.g. `dog-landmarks`.
    pub role: String,
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeviceLabels {
    device: Device,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    reason: ReasonLabel,
}

/// Requests at the door.
struct Admission {
    admitted: Counter,
    refused: Family<RefusalLabels, Counter>,
    queued: Gauge,
    busy: Gauge,
    workers: Gauge,
}

impl EngineMetrics {
    /// Metrics that are all at zero. `methods` are those of the services that are served.
    pub fn new(build: Build, methods: Names) -> Self {
        let mut registry = Registry::default();
        let calls = Calls::new(&mut registry, methods);
        let stages = Stages::new(&mut registry);
        let admission = Admission::new(&mut registry);
        let open = "Connections that are open";
        let connections = gauge(&mut registry, "mungpy_connections_open", open);
        let published = Published::new(&mut registry);
        let batches = Batches::new(&mut registry);
        let hub = Hub::new(&mut registry);
        let help = "Models that are loaded; always 1";
        let models = register(&mut registry, "mungpy_model_info", help, Family::default());
        let help = "What runs the networks; always 1";
        let device = register(&mut registry, "mungpy_device_info", help, Family::default());
        register_process(&mut registry);
        build_info(&mut registry, "mungpy_build", build);
        Self {
            registry,
            calls,
            stages,
            admission,
            connections,
            published,
            batches,
            hub,
            models,
            device,
        }
    }

    /// The text of a scrape, in the format that [`CONTENT_TYPE`](crate::CONTENT_TYPE) names.
    pub fn render(&self) -> String {
        render(&self.registry)
    }

    /// The label of a request's path, e.g. `/mungpy.v1.MatchService/Match`.
    pub fn method(&self, path: &str) -> Name {
        self.calls.methods.find(path)
    }

    /// Begins to measure a call that has arrived.
    pub fn call_begun(self: &Arc<Self>, method: Name) -> Call {
        Call { metrics: Arc::clone(self), method, begun: Instant::now(), is_ended: false }
    }

    /// A stage has taken this long.
    pub fn stage_ended(&self, stage: Stage, elapsed: Duration) {
        self.stages.ended(stage, elapsed);
    }

    /// Quantiles of the calls of a method in the last minutes; `None` without any.
    pub fn recent_calls(&self, method: &Name) -> Option<Quantiles> {
        self.calls.recent(method)
    }

    /// A worker begins with a request.
    pub fn admitted(&self) {
        self.admission.admitted.inc();
    }

    /// A request was refused: for want of room, or for a fault of its own.
    pub fn refused(&self, reason: Reason) {
        self.admission.refused.get_or_create(&RefusalLabels { reason: reason.into() }).inc();
    }

    /// How many requests were refused for a reason since the start.
    pub fn refusals(&self, reason: Reason) -> u64 {
        let counter = self.admission.refused.get(&RefusalLabels { reason: reason.into() });
        counter.map_or(0, |counter| counter.get())
    }

    /// A request waits for a worker, until the returned value is dropped.
    pub fn queued(&self) -> Held {
        Held::begin(&self.admission.queued)
    }

    /// A worker is busy, until the returned value is dropped.
    pub fn busy(&self) -> Held {
        Held::begin(&self.admission.busy)
    }

    /// Number of workers.
    pub fn set_workers(&self, workers: usize) {
        self.admission.workers.set(workers as i64);
    }

    /// A connection is open, until the returned value is dropped.
    pub fn connected(&self) -> Held {
        Held::begin(&self.connections)
    }

    /// The catalogue that is served, with the dogs that can still be adopted and when it was published.
    pub fn catalogue_loaded(&self, version: u64, dogs: usize, published: SystemTime) {
        self.published.set(version, dogs, published);
    }

    /// The last run of the batch, whichever process ran it. The same run may be told again.
    pub fn batch_ended(&self, outcome: &BatchOutcome) {
        self.batches.ended(outcome);
    }

    /// The end of the last run that succeeded, where the history tells it after a later run failed.
    pub fn batch_succeeded(&self, ended: SystemTime) {
        self.batches.succeeded(ended);
    }

    /// An answer named this dog first.
    pub fn dog_answered(&self, dog: &str) {
        self.hub.answered(dog);
    }

    /// The `n` dogs that were named first most often in the last day, for an operator's page.
    pub fn most_answered(&self, n: usize) -> Vec<DogAnswers> {
        self.hub.most(n)
    }

    /// Answers since the start.
    pub fn answers(&self) -> u64 {
        self.hub.all()
    }

    /// Answers of the last day.
    pub fn answers_of_day(&self) -> u64 {
        self.hub.of_day()
    }

    /// The models and the device that are in use.
    pub fn models_loaded(&self, models: impl IntoIterator<Item = Model>, device: Device) {
        self.models.clear();
        for model in models {
            self.models.get_or_create(&model).set(1);
        }
        self.device.clear();
        self.device.get_or_create(&DeviceLabels { device }).set(1);
    }
}

impl Admission {
    fn new(registry: &mut Registry) -> Self {
        let help = "Requests that were refused, by reason";
        let refused: Family<RefusalLabels, Counter> =
            register(registry, "mungpy_requests_refused", help, Family::default());
        // A rate needs a zero to start from.
        for reason in [Reason::Overloaded, Reason::Stopping] {
            let _ = refused.get_or_create(&RefusalLabels { reason: reason.into() });
        }
        let help = "Requests that a worker began to measure";
        Self {
            refused,
            admitted: counter(registry, "mungpy_requests_admitted", help),
            queued: gauge(registry, "mungpy_queue_depth", "Requests that wait for a worker"),
            busy: gauge(registry, "mungpy_workers_busy", "Workers that are at work"),
            workers: gauge(registry, "mungpy_workers", "Workers that measure photos"),
        }
    }
}

/// A call that is under way. If it is dropped before it has ended, the caller has gone.
#[must_use = "dropping it counts the call as cancelled"]
pub struct Call {
    metrics: Arc<EngineMetrics>,
    method: Name,
    begun: Instant,
    is_ended: bool,
}

impl Call {
    /// The call has ended with this status.
    pub fn ended(mut self, status: RpcStatus) {
        self.end(status);
    }

    fn end(&mut self, status: RpcStatus) {
        self.is_ended = true;
        self.metrics.calls.ended(&self.method, status, self.begun.elapsed());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_ended {
            self.end(RpcStatus::Cancelled);
        }
    }
}
