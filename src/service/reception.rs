//! What lies between the transport and the services of tonic: it receives bodies, and gives a reason
//! to every refusal that has none.

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use mungpy_core::{reason::Reason, resemblance::Language};
use mungpy_proto::limits::{MAX_PHOTO_BYTES, MAX_REQUEST_BYTES, MAX_SMALL_REQUEST_BYTES};
use mungpy_telemetry::RequestId;
use mungpy_transport::{BodyError, Charge, MeteredBody};
use tokio::sync::Semaphore;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt as _;

use super::{WorkerPool, queue::Overload, status};

/// The methods that measure one request, and the bytes that it may have.
const MEASURING: [(&str, usize); 2] = [
    ("/mungpy.v1.MatchService/Match", MAX_REQUEST_BYTES),
    ("/mungpy.v1.MatchService/Describe", MAX_PHOTO_BYTES + MAX_SMALL_REQUEST_BYTES),
];

/// Bytes before a message that tell its length.
const PREFIX: usize = 5;

/// Where the methods of reflection begin.
const REFLECTION: &str = "/grpc.reflection.";
/// Streams of reflection at a time. Callers decide how long they last, and each holds memory.
static REFLECTIONS: Semaphore = Semaphore::const_new(16);

/// The refusal of a request that does not speak gRPC; as the protocol says, the HTTP status is 415.
pub(super) fn refused_content_type(headers: &HeaderMap) -> Option<Response<Body>> {
    let content_type = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    if content_type.starts_with(b"application/grpc") {
        return None;
    }
    let message = "the content type is not application/grpc; call by gRPC, or ask the gateway";
    let mut refused = status::status(Reason::RequestMalformed, message).into_http();
    *refused.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Some(refused)
}

/// Receives the body of a request to measure as a whole, if there is room for one more, and passes
/// on the others as they come.
///
/// Tonic sets memory for a message aside as soon as its length is known, however little of it
/// arrives then.
///
/// # Errors
/// The body did not arrive.
pub(super) async fn receive(
    request: Request<MeteredBody>,
    workers: &WorkerPool,
) -> Result<Request<Body>, Status> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let measuring = MEASURING.iter().find(|(method, _)| *method == path);
    let body = match (measuring, parts.extensions.get()) {
        (Some((_, most)), Some(charge)) => {
            if let Some(overload) = workers.overload() {
                return Err(refusal(overload));
            }
            whole(body, *most, charge).await?
        }
        _ if path.starts_with(REFLECTION) => {
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

/// The answer to a request that finds no room in the queue.
fn refusal(overload: Overload) -> Status {
    let (wait, retry) = (overload.wait.as_secs_f64(), overload.retry.as_secs_f64());
    let message = format!(
        "all workers are busy for {wait:.1} s or longer and no more requests may wait; \
         try again in {retry:.1} s"
    );
    status::overloaded(overload.retry, message)
}

async fn whole(body: MeteredBody, most: usize, charge: &Charge) -> Result<Body, Status> {
    let received = Limited::new(body, most + PREFIX).collect().await.map_err(of_limited)?;
    // Tonic copies the message while it reads it.
    let copy = charge.another();
    copy.add(charge.bytes()).map_err(|spent| status::of_body(spent.into()))?;
    Ok(Body::new(received.map_frame(move |frame| {
        let _ = &copy;
        frame
    })))
}

fn of_limited(error: Box<dyn std::error::Error + Send + Sync>) -> Status {
    if let Ok(error) = error.downcast::<BodyError>() {
        return status::of_body(*error);
    }
    let message = "the request has more bytes than the method takes; send fewer and smaller photos";
    status::status(Reason::RequestTooLarge, message)
}

/// Gives a reason to an answer that is nothing but a status without one, and to every refusal the id
/// of the request and a sentence for people.
pub(super) fn explain(
    response: Response<Body>,
    own: &Status,
    language: Language,
    id: &RequestId,
) -> Response<Body> {
    // The health service says NOT_FOUND of a service that it does not know, as its protocol demands.
    if own.code() == Code::NotFound && own.details().is_empty() {
        return response;
    }
    let details = own.get_error_details();
    let mut told = match details.error_info() {
        Some(_) => own.clone(),
        None => status::explained(own),
    };
    // A handler knows the language better: the request may name one.
    if details.localized_message().is_none() {
        told = status::for_people(told, language);
    }
    let mut explained = status::of_request(&told, id).into_http();
    *explained.status_mut() = response.status();
    explained
}
