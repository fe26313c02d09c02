//! Errors in the form of RFC 9457: the one place where HTTP status is chosen.

use axum::{
    Json,
    extract::multipart::MultipartError,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A problem document (`application/problem+json`).
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// Identifies the kind of problem; the reason is part of it.
    #[serde(rename = "type")]
    kind: String,
    /// The words of the HTTP status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, with the numbers, and what to do next.
    detail: String,
    /// The stable reason code.
    reason: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:mungpy:problem:{}", reason.to_ascii_lowercase().replace('_', "-")),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            reason: reason.to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, Json(self)).into_response()
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let info = status.get_error_details().error_info().map(|info| info.reason.clone());
        let http = match status.code() {
            Code::InvalidArgument => StatusCode::UNPROCESSABLE_ENTITY,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::OutOfRange => StatusCode::PAYLOAD_TOO_LARGE,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::DeadlineExceeded | Code::Cancelled => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        if let Some(reason) = info {
            return Self::new(http, &reason, status.message());
        }
        // Not from the engine itself: the transport's words are for the log.
        tracing::warn!(code = ?status.code(), "engine: {}", status.message());
        let (reason, detail) = match http {
            StatusCode::SERVICE_UNAVAILABLE => {
                ("ENGINE_UNREACHABLE", "the matching engine cannot be reached; try again")
            }
            StatusCode::GATEWAY_TIMEOUT => {
                ("ENGINE_TIMEOUT", "the matching engine did not answer in time; try again")
            }
            _ => ("ENGINE_FAILED", "the matching engine failed"),
        };
        Self::new(http, reason, detail)
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let limit = super::MAX_BODY;
            let detail = format!("the request has more than {limit} bytes; send a smaller photo");
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PHOTO_TOO_MANY_BYTES", detail);
        }
        Self::new(StatusCode::BAD_REQUEST, "FORM_MALFORMED", error.body_text())
    }
}
