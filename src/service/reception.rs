//! What lies between the transport and the services of tonic: it receives bodies, and gives a reason
//! to every refusal that has none.

use http::{Request, Response};
use http_body_util::BodyExt;
use mungpy_transport::{BodyError, Charge, MeteredBody};
use tokio::sync::Semaphore;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

use super::status;

/// The only method whose requests are large.
const MATCH: &str = "/mungpy.v1.MatchService/Match";

/// Where the methods of reflection begin.
const REFLECTION: &str = "/grpc.reflection.";
/// Streams of reflection at a time. Callers decide how long they last, and each holds memory.
static REFLECTIONS: Semaphore = Semaphore::const_new(16);

/// Receives the body of a match request as a whole, and passes on the others as they come.
///
/// Tonic sets memory for a message aside as soon as its length is known, however little of it
/// arrives then.
///
/// # Errors
/// The body did not arrive.
pub(super) async fn receive(request: Request<MeteredBody>) -> Result<Request<Body>, Status> {
    let (parts, body) = request.into_parts();
    let body = match parts.extensions.get() {
        Some(charge) if parts.uri.path() == MATCH => {
            whole(body, charge).await.map_err(status::of_body)?
        }
        _ if parts.uri.path().starts_with(REFLECTION) => {
            let busy = |_| status::busy("too many streams of reflection are open; try again");
            let permit = REFLECTIONS.try_acquire().map_err(busy)?;
            Body::new(body.map_err(status::of_body).map_frame(move |frame| {
                let _ = &permit;
                frame
            }))
        }
        _ => Body::new(body.map_err(status::of_body)),
    };
    Ok(Request::from_parts(parts, body))
}

async fn whole(body: MeteredBody, charge: &Charge) -> Result<Body, BodyError> {
    let received = body.collect().await?;
    // Tonic copies the message while it reads it.
    let copy = charge.another();
    copy.add(charge.bytes())?;
    Ok(Body::new(received.map_frame(move |frame| {
        let _ = &copy;
        frame
    })))
}

/// Gives a reason to an answer that is nothing but a status without one.
pub(super) fn explain(response: Response<Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        // The health service says NOT_FOUND of a service that it does not know, as its protocol
        // demands.
        Some(own)
            if !matches!(own.code(), Code::Ok | Code::NotFound)
                && own.get_error_details().error_info().is_none() =>
        {
            status::explained(&own).into_http()
        }
        _ => response,
    }
}
