//! The way of every call: it gets an id and a span, is admitted or refused, answered, and counted.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use mungpy_telemetry::{Call, EngineMetrics, RequestId, RpcStatus, trace};
use mungpy_transport::{MeteredBody, Peer};
use prost::bytes::Bytes;
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt};
use tracing::{Instrument, Span};

use super::{
    Guard, WorkerPool,
    errand::{self, Errand, in_time},
    reception, status,
};

/// What every call passes before it reaches its service.
pub(super) struct Front<S> {
    pub(super) guard: Guard,
    pub(super) metrics: Arc<EngineMetrics>,
    pub(super) workers: Arc<WorkerPool>,
    pub(super) services: S,
}

impl<S> Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    /// Answers a call.
    pub(super) async fn answer(&self, mut request: Request<MeteredBody>) -> Response<Body> {
        let id = RequestId::of_request(request.headers());
        let method = self.metrics.method(request.uri().path());
        let span = trace::rpc_span(&id, &method, request.headers());
        let call = self.metrics.call_begun(method);
        request.extensions_mut().insert(id.clone());
        let deadline = Errand::of_call(&request).deadline;
        let language = errand::language("", request.headers());
        // A service that keeps the deadline itself is asked first.
        let answering = in_time(deadline, async {
            let peer = request.extensions().get::<Peer>();
            self.guard.admit(request.uri(), request.headers(), peer)?;
            if let Some(refused) = reception::refused_content_type(request.headers()) {
                return Ok(refused);
            }
            let request = reception::receive(request, &self.workers).await?;
            self.services.clone().oneshot(request).await.map_err(|never| match never {})
        });
        let answered = answering.instrument(span.clone()).await;
        let mut response = answered.unwrap_or_else(Status::into_http);
        let refused = status::of_response(&response);
        if let Some(own) = &refused {
            response = reception::explain(response, own, language, &id);
            let told = status::of_response(&response);
            if let Some(reason) = told.as_ref().and_then(status::reason_of) {
                self.metrics.refused(reason);
            }
        }
        id.put(response.headers_mut());
        let mut ending = Ending { call: Some(call), span };
        // A refusal has its status in the headers.
        ending.ended(response.headers());
        response.map(|body| Body::new(Watched { body, ending }))
    }
}

/// A call whose status is not known yet. Dropped before, its caller has gone.
struct Ending {
    call: Option<Call>,
    span: Span,
}

impl Ending {
    fn ended(&mut self, trailers: &HeaderMap) {
        let Some(number) = trailers.get("grpc-status") else { return };
        let number = number.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(2);
        if let Some(call) = self.call.take() {
            let status = RpcStatus::of_number(number);
            trace::rpc_ended(&self.span, status);
            call.ended(status);
        }
    }
}

/// The body of an answer, watched for the status at its end.
struct Watched {
    body: Body,
    ending: Ending,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        // A stream works while it is read.
        let polled =
            self.ending.span.clone().in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            self.ending.ended(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
