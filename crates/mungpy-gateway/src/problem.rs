//! Errors in the format of RFC 9457.

use std::{borrow::Cow, error::Error, time::Duration};

use axum::{
    Json,
    extract::multipart::MultipartError,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use mungpy_core::{
    reason::{Reason, WithReason},
    text::excerpt,
};
use mungpy_proto::limits::MAX_PHOTO_BYTES;
use mungpy_transport::{BodyError, Spent};
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
    /// When to try again, as the header `Retry-After` says.
    #[serde(skip)]
    retry_after: Option<Duration>,
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
            retry_after: None,
        }
    }

    /// The same problem with a time after which to try again.
    fn after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        // Whole seconds, and none is too short.
        let seconds = self.retry_after.map(|after| after.as_secs_f64().ceil().max(1.0) as u64);
        let mut response = (status, content_type, Json(self)).into_response();
        if let Some(seconds) = seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let code = details.error_info().map(|info| info.reason.clone());
        if let Some(code) = code {
            let problem = match Reason::from_code(&code) {
                Some(reason) => Self::new(reason, status.message()),
                // The engine is newer than this program.
                None => Self::with_code(http(status.code()), code.into(), status.message().into()),
            };
            return problem.after(details.retry_info().and_then(|retry| retry.retry_delay));
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
        if let Some(body) = body_error(&error) {
            return match body {
                BodyError::Spent(spent) => (*spent).into(),
                body => Self::new(body.reason(), body.to_string()),
            };
        }
        // This text may repeat the names of fields.
        Self::new(Reason::FormMalformed, excerpt(&error.body_text()))
    }
}

impl From<Spent> for Problem {
    fn from(spent: Spent) -> Self {
        Self::new(spent.reason(), spent.to_string()).after(Some(Duration::from_secs(1)))
    }
}

/// The failure of the body below an error of the form.
fn body_error(error: &MultipartError) -> Option<&BodyError> {
    let mut below: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = below {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        below = error.source();
    }
    None
}
