//! What the health check says: whether the process lives, and whether it is ready for callers.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use mungpy_telemetry::EngineMetrics;
use tokio::sync::Mutex;
use tonic_health::{ServingStatus, server::HealthReporter};

use super::LiveCatalogue;
use crate::matching::Snapshot;

/// The name that is `SERVING` as long as the process lives; the others say whether it is ready.
pub const LIVENESS: &str = "liveness";
/// The names that say whether the server is ready.
const READINESS: [&str; 2] = ["", "mungpy.v1.MatchService"];
/// How often to look whether the catalogue has become too old, and which dogs have gone.
const INTERVAL: Duration = Duration::from_secs(5);

/// Announces to health checks what the server can do.
#[derive(Clone)]
pub(super) struct Health {
    reporter: HealthReporter,
    /// What was announced last. Whoever watches is told of changes only.
    announced: Arc<Mutex<Option<bool>>>,
    /// Age of the catalogue from which on the server is not ready.
    max_age: Option<Duration>,
}

impl Health {
    /// Announces that the process lives and is not ready yet.
    pub(super) async fn begin(reporter: HealthReporter, max_age: Option<Duration>) -> Self {
        reporter.set_service_status(LIVENESS, ServingStatus::Serving).await;
        let health = Self { reporter, announced: Arc::default(), max_age };
        health.announce(false).await;
        health
    }

    /// Announces whether this catalogue can be searched.
    pub(super) async fn judge(&self, snapshot: &Snapshot) {
        self.announce(self.is_good(snapshot)).await;
    }

    /// Announces for ever whether the catalogue has become too old or its last dog has gone, and
    /// counts the dogs.
    pub(super) async fn watch(self, catalogue: Arc<LiveCatalogue>, metrics: Arc<EngineMetrics>) {
        let mut was_good = true;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let Some(snapshot) = catalogue.current() else { continue };
            let (version, published_at) = (snapshot.version, snapshot.published_at);
            let dogs = snapshot.left(Utc::now());
            metrics.catalogue_loaded(version, dogs, published_at.into());
            let is_good = self.is_good(&snapshot);
            if was_good && !is_good {
                let message = "the catalogue is too old, or no dog of it is left: not ready";
                tracing::error!(version, dogs, %published_at, message);
            }
            was_good = is_good;
            self.announce(is_good).await;
        }
    }

    /// Ends the streams of those who watch, which would hold up the end.
    pub(super) async fn close(&mut self) {
        for name in READINESS.into_iter().chain([LIVENESS]) {
            self.reporter.clear_service_status(name).await;
        }
    }

    /// Announces that nobody should send new calls.
    pub(super) async fn end(&self) {
        self.announce(false).await;
    }

    fn is_good(&self, snapshot: &Snapshot) -> bool {
        let now = Utc::now();
        let age = (now - snapshot.published_at).to_std().unwrap_or_default();
        snapshot.left(now) > 0 && self.max_age.is_none_or(|max| age <= max)
    }

    async fn announce(&self, ready: bool) {
        let mut announced = self.announced.lock().await;
        if announced.replace(ready) == Some(ready) {
            return;
        }
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in READINESS {
            self.reporter.set_service_status(name, status).await;
        }
    }
}
