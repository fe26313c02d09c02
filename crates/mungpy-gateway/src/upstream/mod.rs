//! The engines behind the gateway.
//!
//! - [`Engines`]: all engines; chooses one for each call
//! - `engine`: one engine, how busy and how healthy it is
//! - `failure`: what a failed call says about engine, request and connection
//! - `resolve`: finds the engines behind a name, again and again
//! - `questionnaire`: the questionnaire, kept for a while
//! - `calls`: the methods of the contract that the gateway uses

mod calls;
mod engine;
mod failure;
mod questionnaire;
mod resolve;

use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize, atomic::Ordering};

use mungpy_core::reason::Reason;
use mungpy_telemetry::GatewayMetrics;
use mungpy_transport::Secret;
use tokio::time::timeout;
use tonic::{
    Code, Request, Response, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use tonic_types::StatusExt;

use super::{
    caller::Caller, deadline::Deadline, error::GatewayError, problem::Problem, settings::Settings,
};
pub(crate) use calls::MAX_ANSWER;
use engine::{Blame, Engine};
pub(crate) use engine::{EngineState, Lease};
pub(crate) use failure::is_cut_off;
use resolve::Address;

/// The engines behind the gateway, shared by all requests.
pub(crate) struct Engines {
    addresses: Vec<Address>,
    members: RwLock<Vec<Arc<Engine>>>,
    next: AtomicUsize,
    token: Option<MetadataValue<Ascii>>,
    kept: questionnaire::Kept,
    metrics: Arc<GatewayMetrics>,
}

impl Engines {
    /// The engines that the settings name. They need not respond yet.
    pub(crate) fn new(
        settings: &Settings,
        metrics: &Arc<GatewayMetrics>,
    ) -> Result<Arc<Self>, GatewayError> {
        let parse = |url: &String| Address::parse(url, settings.upstream_ca.as_deref());
        let addresses = settings.upstream.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty() {
            return Err(GatewayError::NoUpstream);
        }
        let engines = addresses.iter().map(Address::unresolved).collect();
        let token = settings.upstream_token.as_ref().map(bearer).transpose()?;
        Ok(Arc::new(Self {
            addresses,
            members: RwLock::new(engines),
            next: AtomicUsize::new(0),
            token,
            kept: questionnaire::Kept::default(),
            metrics: Arc::clone(metrics),
        }))
    }

    fn all(&self) -> Vec<Arc<Engine>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The engine with the fewest calls under way among those that are not ejected and were not
    /// tried before; the one that has been ejected longest if all are.
    fn choose(&self, tried: &[Arc<Engine>], deadline: Deadline) -> Option<Lease> {
        let engines = self.all();
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let untried = |engine: &&Arc<Engine>| !tried.iter().any(|other| Arc::ptr_eq(other, engine));
        let in_turn = (0..engines.len()).map(|step| &engines[(turn + step) % engines.len()]);
        let best = in_turn.filter(untried).min_by_key(|engine| engine.burden());
        best.map(|engine| engine.lease(deadline))
    }

    /// How the engines do.
    pub(crate) fn states(&self) -> Vec<EngineState> {
        self.all().iter().map(|engine| engine.state()).collect()
    }

    /// A request as an engine gets it.
    fn request<T>(&self, caller: &Caller, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        caller.tell(request.metadata_mut());
        request
    }

    /// Calls an engine, and another one if the first has not begun with the request. If the connection
    /// was closed for a reason that has nothing to do with the call, the call is made once more: it
    /// only reads.
    async fn call<T, R, F>(
        &self,
        caller: &Caller,
        message: T,
        send: impl Fn(Channel, Request<T>) -> F,
    ) -> Result<R, Problem>
    where
        T: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let mut tried = Vec::new();
        let mut last = None;
        let mut was_closed = false;
        let deadline = Deadline::of_call(caller.deadline);
        while let Some(lease) = self.choose(&tried, deadline) {
            let left = deadline.left().unwrap_or_default();
            if left.is_zero() {
                break;
            }
            let mut request = self.request(caller, message.clone());
            request.set_timeout(left);
            // Tonic's own timeout ends with the head of an answer.
            let answered = timeout(left, send(lease.channel(), request)).await;
            match answered.unwrap_or_else(|_| Err(Status::cancelled("Timeout expired"))) {
                Ok(response) => {
                    lease.succeeded();
                    self.metrics.set_healthy(lease.label(), true);
                    return Ok(response.into_inner());
                }
                Err(status) => {
                    let blame = self.failed(&lease, &status);
                    if failure::is_untouched(&status) {
                        tried.push(lease.engine());
                    } else if blame != Blame::Connection || was_closed {
                        return Err(self.problem(caller, deadline, Some(status)));
                    }
                    was_closed |= blame == Blame::Connection;
                    self.metrics.retried(lease.label());
                    last = Some(status);
                }
            }
        }
        Err(self.problem(caller, deadline, last))
    }

    /// Counts a failure, and tells what it is about.
    fn failed(&self, lease: &Lease, status: &Status) -> Blame {
        let blame = lease.failed(status);
        match blame {
            Blame::Engine => self.metrics.set_healthy(lease.label(), false),
            Blame::Request => self.metrics.set_healthy(lease.label(), true),
            Blame::Connection | Blame::Caller => {}
        }
        blame
    }

    /// Opens a stream to one engine. It is never repeated, as a part of it may have been read.
    pub(crate) async fn open<T, R, F>(
        &self,
        send: impl FnOnce(Channel, Request<T>) -> F,
        caller: &Caller,
        messages: T,
    ) -> Result<(R, Lease), Problem>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let deadline = Deadline::of_stream(caller.deadline);
        let lease = self.choose(&[], deadline).ok_or_else(Problem::unreachable)?;
        let mut request = self.request(caller, messages);
        if let Some(left) = deadline.left() {
            request.set_timeout(left);
        }
        match send(lease.streams(), request).await {
            Ok(response) => Ok((response.into_inner(), lease)),
            Err(status) => {
                self.failed(&lease, &status);
                Err(self.problem(caller, deadline, Some(status)))
            }
        }
    }

    fn problem(&self, caller: &Caller, deadline: Deadline, status: Option<Status>) -> Problem {
        let Some(status) = status else {
            let detail = "the caller's deadline passed before an engine was asked; allow more time";
            return Problem::new(Reason::DeadlinePassed, detail);
        };
        if self.token.is_some() && !caller.has_token() && is_refusal(&status) {
            tracing::error!("engine: {}; check --upstream-token", status.message());
            return Problem::new(Reason::EngineFailed, "the matching engine refuses the gateway");
        }
        if deadline.was_callers(&status) {
            return Problem::new(
                Reason::DeadlinePassed,
                "the caller's deadline passed before the answer was there; allow more time",
            );
        }
        Problem::of_status(&status, caller.language)
    }
}

fn bearer(token: &Secret) -> Result<MetadataValue<Ascii>, GatewayError> {
    let value = MetadataValue::try_from(format!("Bearer {}", token.expose()));
    let mut value = value.map_err(|_| GatewayError::TokenUnusable)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_refusal(status: &Status) -> bool {
    matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied)
        && status.get_details_error_info().is_some()
}
