//! Errors in the format of RFC 9457.

use std::{borrow::Cow, error::Error, time::Duration};

use axum::{
    Json,
    extract::{
        multipart::MultipartError,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mungpy_core::{
    reason::{Reason, WithReason},
    text::excerpt,
};
use mungpy_transport::{BodyError, Spent, TooManyRequests};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt};
use utoipa::ToSchema;

use super::{language::Language, upstream::is_cut_off};

/// When to try again after something that passes quickly.
const RETRY: Duration = Duration::from_secs(1);

/// A problem document (`application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Identifies the kind of problem and contains the reason.
    #[serde(rename = "type")]
    kind: String,
    /// The phrase of the HTTP status.
    #[schema(value_type = String)]
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, with the numbers, and what to do next.
    detail: String,
    /// The stable reason code.
    #[schema(value_type = String)]
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

    /// The gateway has no room for the request now.
    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::new(Reason::Overloaded, detail).after(Some(RETRY))
    }

    /// A caller sends more requests than it may.
    pub(super) fn rate(refused: &TooManyRequests) -> Self {
        Self::new(Reason::RateLimited, refused.to_string()).after(Some(refused.wait))
    }

    /// No engine takes the request.
    pub(super) fn unreachable() -> Self {
        let detail = "the matching engine cannot be reached; try again";
        Self::new(Reason::EngineUnreachable, detail).after(Some(RETRY))
    }

    /// The engine broke the contract.
    pub(super) fn engine(detail: impl Into<String>) -> Self {
        Self::new(Reason::EngineFailed, detail)
    }

    /// A field, parameter or header that is not understood.
    pub(super) fn field(detail: impl Into<String>) -> Self {
        Self::new(Reason::FieldInvalid, detail)
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
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl Problem {
    /// What an engine said, in the caller's language if the engine speaks it.
    pub(super) fn of_status(status: &Status, language: Language) -> Self {
        let details = status.get_error_details();
        let code = details.error_info().map(|info| info.reason.clone());
        let Some(code) = code else { return Self::of_transport(status) };
        let detail = localized(status, language).unwrap_or_else(|| status.message().to_owned());
        let problem = match Reason::from_code(&code) {
            Some(reason) => Self::new(reason, detail),
            // The engine is newer than this program.
            None => Self::with_code(http(status.code()), code.into(), detail),
        };
        problem.after(details.retry_info().and_then(|retry| retry.retry_delay))
    }

    /// A failure of the transport. Its message goes to the log only.
    fn of_transport(status: &Status) -> Self {
        tracing::warn!(code = ?status.code(), "engine: {}", status.message());
        match status.code() {
            Code::Unavailable => Self::unreachable(),
            _ if is_cut_off(status) => Self::new(
                Reason::EngineUnreachable,
                "the connection to the matching engine broke; try again",
            )
            .after(Some(RETRY)),
            Code::DeadlineExceeded | Code::Cancelled => Self::new(
                Reason::EngineTimeout,
                "the matching engine did not answer in time; try again",
            ),
            // An engine without the method.
            Code::Unimplemented => Self::new(
                Reason::MethodUnknown,
                "the matching engine is of an older version and does not do this; update it",
            ),
            _ => Self::new(Reason::EngineFailed, "the matching engine failed"),
        }
    }
}

/// The message in a language, if the engine has sent it.
fn localized(status: &Status, language: Language) -> Option<String> {
    status.get_error_details_vec().into_iter().find_map(|detail| match detail {
        ErrorDetail::LocalizedMessage(said) => {
            (Language::of_tag(&said.locale) == Some(language)).then_some(said.message)
        }
        _ => None,
    })
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
            let detail = "the form has more bytes than five photos may have; send fewer or smaller";
            return Self::new(Reason::RequestTooLarge, detail);
        }
        if let Some(body) = body_error(&error) {
            return Self::of_body(body);
        }
        // This text may repeat the names of fields.
        Self::new(Reason::FormMalformed, excerpt(&error.body_text()))
    }
}

impl Problem {
    /// A body that did not arrive.
    pub(super) fn of_body(error: &BodyError) -> Self {
        match error {
            BodyError::Spent(spent) => (*spent).into(),
            body => Self::new(body.reason(), body.to_string()),
        }
    }
}

impl From<Spent> for Problem {
    fn from(spent: Spent) -> Self {
        Self::new(spent.reason(), spent.to_string()).after(Some(RETRY))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        // The text may repeat what the caller sent.
        Self::new(Reason::FieldInvalid, excerpt(&rejection.body_text()))
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Reason::FieldInvalid, "the path is not UTF-8; encode it so")
    }
}

/// The failure of the body below another error.
pub(super) fn body_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a BodyError> {
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        below = error.source();
    }
    None
}
