//! One engine: how busy and how healthy it is.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use utoipa::ToSchema;

use super::failure;
use crate::{deadline::Deadline, telemetry};

/// Failures in a row after which an engine is ejected.
const FAILURES: u32 = 3;
/// How long an engine is ejected at first, and at most; the time doubles with each failure.
const EJECTION: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// One engine: its connections, how busy and how healthy it is.
pub(super) struct Engine {
    /// Its address, to know it again. It may hold a password, so it is never shown.
    pub(super) address: String,
    /// Host and port, for log lines and operators.
    pub(super) place: String,
    /// Host and port of the configuration, which may stand for several engines.
    label: String,
    channel: Channel,
    /// For streams. What a caller does not read stays in the window of a connection, and would hold
    /// up the calls of all others there.
    streams: Channel,
    calls: AtomicUsize,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    failures: u32,
    ejected_until: Option<Instant>,
}

/// What makes an engine a worse choice than another, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Burden {
    ejected_until: Option<Instant>,
    calls: usize,
}

/// An engine as the gateway sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EngineState {
    /// Its host and port.
    address: String,
    /// Calls under way.
    calls: usize,
    /// Whether it is left out for a while, because it failed.
    left_out: bool,
}

impl Engine {
    pub(super) fn new(address: String, label: String, endpoint: &Endpoint) -> Arc<Self> {
        let (channel, streams) = (endpoint.connect_lazy(), endpoint.connect_lazy());
        let (calls, health) = (AtomicUsize::new(0), Mutex::default());
        let place = telemetry::place(&address);
        Arc::new(Self { address, place, label, channel, streams, calls, health })
    }

    pub(super) fn burden(&self) -> Burden {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let ejected_until = health.ejected_until.filter(|until| *until > Instant::now());
        Burden { ejected_until, calls: self.calls.load(Ordering::Relaxed) }
    }

    pub(super) fn state(&self) -> EngineState {
        let Burden { ejected_until, calls } = self.burden();
        EngineState { address: self.place.clone(), calls, left_out: ejected_until.is_some() }
    }

    pub(super) fn lease(self: &Arc<Self>, deadline: Deadline) -> Lease {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Lease { engine: Arc::clone(self), deadline }
    }
}

/// A call to an engine; it is under way until this is dropped.
pub(crate) struct Lease {
    engine: Arc<Engine>,
    deadline: Deadline,
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The engine itself.
    Engine,
    /// What it was asked.
    Request,
    /// The connection, which was closed for a reason that has nothing to do with the request. It says
    /// nothing about the engine.
    Connection,
    /// The caller, who waits no longer. It says nothing about the engine.
    Caller,
}

impl Lease {
    pub(crate) fn channel(&self) -> Channel {
        self.engine.channel.clone()
    }

    pub(super) fn streams(&self) -> Channel {
        self.engine.streams.clone()
    }

    pub(super) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    pub(crate) fn succeeded(&self) {
        *self.engine.health.lock().unwrap_or_else(PoisonError::into_inner) = Health::default();
    }

    /// The engine as metrics name it.
    pub(super) fn label(&self) -> &str {
        &self.engine.label
    }

    /// Counts a failure if it is the engine's own, and tells what it is about. One in a row too
    /// many ejects the engine for a while.
    pub(crate) fn failed(&self, status: &Status) -> Blame {
        if self.deadline.was_callers(status) {
            return Blame::Caller;
        }
        if failure::was_closed(status) {
            return Blame::Connection;
        }
        if !failure::is_own_fault(status) {
            self.succeeded();
            return Blame::Request;
        }
        let mut health = self.engine.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.failures = health.failures.saturating_add(1);
        let is_gone = failure::is_untouched(status);
        if is_gone || health.failures >= FAILURES {
            let doublings = health.failures.saturating_sub(1).min(10);
            let pause = (EJECTION.0 * 2_u32.pow(doublings)).min(EJECTION.1);
            health.ejected_until = Some(Instant::now() + pause);
            drop(health);
            let (engine, seconds) = (&self.engine.place, pause.as_secs());
            tracing::warn!(engine, seconds, "engine left out for a while: {}", status.message());
        }
        Blame::Engine
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.engine.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_is_left_out_for_the_gateways_timeouts_and_not_for_the_callers() {
        let engine =
            Engine::new(String::new(), String::new(), &Endpoint::from_static("http://[::1]:1"));
        let timeout = Status::cancelled("Timeout expired");
        let fail = |callers| engine.lease(Deadline::of_call(callers)).failed(&timeout);
        for _ in 0..2 * FAILURES {
            assert_eq!(fail(Some(Instant::now())), Blame::Caller);
        }
        assert!(!engine.state().left_out);
        for _ in 0..FAILURES {
            assert_eq!(fail(None), Blame::Engine);
        }
        assert!(engine.state().left_out);
    }
}
