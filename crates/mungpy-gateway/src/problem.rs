//! Errors in the format of RFC 9457.

use std::borrow::Cow;

use axum::{
    Json,
    extract::multipart::MultipartError,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use mungpy_core::reason::Reason;
use mungpy_proto::limits::MAX_PHOTO_BYTES;
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A problem document (`application/problem+json`).
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    /// Identifies the kind of problem and contains the reason.
    #[serde(rename = "type")]
    kind: String,
    /// The phrase of the HTTP status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, with the numbers, and what to do next.
    detail: String,
    /// The stable reason code.
    reason: Cow<'static, str>,
}

impl Problem {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(reason.http()).expect("the table holds HTTP statuses");
        Self::with_code(status, reason.code().into(), detail.into())
    }

    fn with_code(status: StatusCode, reason: Cow<'static, str>, detail: String) -> Self {
        Self {
            kind: format!("urn:mungpy:problem:{}", reason.to_ascii_lowercase().replace('_', "-")),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            reason,
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
        let code = status.get_error_details().error_info().map(|info| info.reason.clone());
        if let Some(code) = code {
            return match Reason::from_code(&code) {
                Some(reason) => Self::new(reason, status.message()),
                // The engine is newer than this program.
                None => Self::with_code(http(status.code()), code.into(), status.message().into()),
            };
        }
        // This message comes from the transport rather than the engine, so it goes to the log only.
        tracing::warn!(code = ?status.code(), "engine: {}", status.message());
        match status.code() {
            Code::Unavailable => Self::new(
                Reason::EngineUnreachable,
                "the matching engine cannot be reached; try again",
            ),
            Code::DeadlineExceeded | Code::Cancelled => Self::new(
                Reason::EngineTimeout,
                "the matching engine did not answer in time; try again",
            ),
            _ => Self::new(Reason::EngineFailed, "the matching engine failed"),
        }
    }
}

/// The HTTP status for a reason that this program does not know.
fn http(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded | Code::Cancelled => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail =
                format!("the photo has more than {MAX_PHOTO_BYTES} bytes; send a smaller photo");
            return Self::new(Reason::PhotoTooManyBytes, detail);
        }
        Self::new(Reason::FormMalformed, error.body_text())
    }
}
