//! The time that a request waits for a worker, as metrics and traces see it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_telemetry::{EngineMetrics, Held, Stage, trace};
use tracing::{Span, span::EnteredSpan};

/// The wait of a request for a worker.
pub(super) struct Wait {
    metrics: Arc<EngineMetrics>,
    queued: Held,
    call: Span,
    /// The stage within the call.
    stage: Span,
    arrival: Instant,
}

/// A worker is at work on a request, within the span of the request's call, until this is dropped.
pub(super) struct AtWork {
    _busy: Held,
    _call: EnteredSpan,
}

impl Wait {
    /// A request that came at `arrival` begins to wait.
    pub(super) fn begin(metrics: &Arc<EngineMetrics>, arrival: Instant) -> Self {
        let (metrics, queued) = (Arc::clone(metrics), metrics.queued());
        let (call, stage) = (Span::current(), trace::stage_span(Stage::Queue));
        Self { metrics, queued, call, stage, arrival }
    }

    /// A worker begins. Returns how long the request has waited.
    pub(super) fn end(self) -> (Duration, AtWork) {
        drop((self.queued, self.stage));
        let waited = self.arrival.elapsed();
        self.metrics.stage_ended(Stage::Queue, waited);
        self.metrics.admitted();
        (waited, AtWork { _busy: self.metrics.busy(), _call: self.call.entered() })
    }
}
