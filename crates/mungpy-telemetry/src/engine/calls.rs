//! Calls and their stages.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{encoding::EncodeLabelSet, metrics::counter::Counter, registry::Registry};

use crate::{
    instruments::{Bounds, CALL_SECONDS, Durations, STAGE_SECONDS, counter, observe, register},
    labels::{RpcStatus, Stage},
    latency::{Quantiles, RecentLatency},
    names::{Name, Names},
};

#[expect(clippy::struct_field_names, reason = "OpenTelemetry's names of attributes")]
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    rpc_system_name: &'static str,
    rpc_method: Name,
    rpc_response_status_code: RpcStatus,
}

/// The calls of all methods.
pub(super) struct Calls {
    pub(super) methods: Names,
    duration: Durations<CallLabels>,
    cancelled: Counter,
    deadline_exceeded: Counter,
    /// A method of the table each, so their number is bounded.
    recent: Mutex<HashMap<Name, Arc<RecentLatency>>>,
    start: Instant,
}

impl Calls {
    pub(super) fn new(registry: &mut Registry, methods: Names) -> Self {
        let duration = Durations::new_with_constructor(Bounds(CALL_SECONDS));
        let help = "Time from the head of a call to its status, in seconds";
        let cancelled = "Calls whose caller has gone before the answer";
        let late = "Calls whose deadline passed before the answer";
        Self {
            methods,
            duration: register(registry, "rpc_server_call_duration_seconds", help, duration),
            cancelled: counter(registry, "mungpy_requests_cancelled", cancelled),
            deadline_exceeded: counter(registry, "mungpy_requests_deadline_exceeded", late),
            recent: Mutex::default(),
            start: Instant::now(),
        }
    }

    pub(super) fn ended(&self, method: &Name, status: RpcStatus, elapsed: Duration) {
        if status == RpcStatus::Cancelled {
            self.cancelled.inc();
        }
        if status == RpcStatus::DeadlineExceeded {
            self.deadline_exceeded.inc();
        }
        let labels = CallLabels {
            rpc_system_name: "grpc",
            rpc_method: method.clone(),
            rpc_response_status_code: status,
        };
        observe(&self.duration.get_or_create(&labels), elapsed);
        let new = || Arc::new(RecentLatency::new(self.start));
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = Arc::clone(recent.entry(method.clone()).or_insert_with(new));
        drop(recent);
        latency.record(elapsed, Instant::now());
    }

    pub(super) fn recent(&self, method: &Name) -> Option<Quantiles> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = Arc::clone(recent.get(method)?);
        drop(recent);
        latency.quantiles(Instant::now())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: Stage,
}

/// The stages of all calls.
pub(super) struct Stages(Durations<StageLabels>);

impl Stages {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let duration = Durations::new_with_constructor(Bounds(STAGE_SECONDS));
        let help = "Time that a stage of a request took, in seconds";
        let duration = register(registry, "mungpy_stage_duration_seconds", help, duration);
        for stage in Stage::ALL {
            let _ = duration.get_or_create(&StageLabels { stage: *stage });
        }
        Self(duration)
    }

    pub(super) fn ended(&self, stage: Stage, elapsed: Duration) {
        observe(&self.0.get_or_create(&StageLabels { stage }), elapsed);
    }
}
