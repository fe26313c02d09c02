//! Gives a reason to every refusal of a unary call that has none.

use http::{Request, Response};
use mungpy_transport::MeteredBody;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;

use super::status;

/// Names the failures of a body by their reasons, for tonic to answer with.
pub(super) fn name_body_errors(request: Request<MeteredBody>) -> Request<Body> {
    use http_body_util::BodyExt;

    request.map(|body| Body::new(body.map_err(status::of_body)))
}

/// Gives a reason to an answer that is nothing but a status without one.
pub(super) fn explain(response: Response<Body>) -> Response<Body> {
    match Status::from_header_map(response.headers()) {
        Some(own) if own.code() != Code::Ok && own.get_error_details().error_info().is_none() => {
            status::explained(&own).into_http()
        }
        _ => response,
    }
}
