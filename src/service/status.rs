//! Errors as gRPC statuses.

use std::{collections::HashMap, fmt, time::Duration};

use http::Response;
use mungpy_core::{
    reason::{Reason, WithReason},
    resemblance::Language,
};
use mungpy_telemetry::RequestId;
use mungpy_transport::BodyError;
use tonic::{Code, Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::matching::MatchError;

/// The domain of every reason in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "mungpy";
/// When to try again after the memory for bodies was spent.
const RETRY: Duration = Duration::from_secs(1);

/// A status with the reason's code and a message.
pub(super) fn status(reason: Reason, message: impl fmt::Display) -> Status {
    with_details(reason, message, ErrorDetails::new())
}

/// The status of a request that the server has no room for; it says when to try again.
pub(super) fn overloaded(retry: Duration, message: impl fmt::Display) -> Status {
    with_details(Reason::Overloaded, message, ErrorDetails::with_retry_info(Some(retry)))
}

/// The status of a request that may come again after a time.
pub(super) fn retry_after(reason: Reason, retry: Duration, message: impl fmt::Display) -> Status {
    with_details(reason, message, ErrorDetails::with_retry_info(Some(retry)))
}

/// The status that an answer consists of, if it holds nothing else.
pub(super) fn of_response<B>(response: &Response<B>) -> Option<Status> {
    Status::from_header_map(response.headers()).filter(|own| own.code() != Code::Ok)
}

/// The same status with the id of its request.
pub(super) fn of_request(status: &Status, id: &RequestId) -> Status {
    let mut details = status.get_error_details();
    details.set_request_info(id.as_str(), "");
    let mut told = Status::with_error_details(status.code(), status.message(), details);
    *told.metadata_mut() = status.metadata().clone();
    told
}

/// The status of a request of which too many others are under way.
pub(super) fn busy(message: impl fmt::Display) -> Status {
    overloaded(RETRY, message)
}

/// The status of a request whose fields break rules; it names each field and what is wrong with it.
pub(super) fn invalid(
    reason: Reason,
    message: impl fmt::Display,
    violations: impl IntoIterator<Item = (String, String)>,
) -> Status {
    let violations = violations.into_iter();
    let violations = violations.map(|(field, text)| FieldViolation::new(field, text));
    with_details(reason, message, ErrorDetails::with_bad_request(violations.collect::<Vec<_>>()))
}

fn with_details(reason: Reason, message: impl fmt::Display, mut details: ErrorDetails) -> Status {
    let code = Code::from_i32(reason.grpc() as i32);
    details.set_error_info(reason.code(), DOMAIN, HashMap::new());
    Status::with_error_details(code, message.to_string(), details)
}

impl From<MatchError> for Status {
    fn from(error: MatchError) -> Self {
        match error.field() {
            Some(field) => of_field(error.reason(), field, error),
            None => status(error.reason(), error),
        }
    }
}

/// The status of a request of which a field is at fault.
pub(super) fn of_field(reason: Reason, field: &str, message: impl fmt::Display) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, message.to_string());
    with_details(reason, message, details)
}

/// A status as a message, for one item of many.
pub(super) fn message(status: &Status) -> tonic_types::Status {
    // What the details hold was encoded by this module.
    prost::Message::decode(status.details()).unwrap_or_else(|_| tonic_types::Status {
        code: status.code() as i32,
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// The reason of a status that has one of ours.
pub(super) fn reason_of(status: &Status) -> Option<Reason> {
    let details = status.get_error_details();
    details.error_info().and_then(|info| Reason::from_code(&info.reason))
}

/// Adds what the person in front of a screen is told, in their language.
pub(super) fn for_people(status: Status, language: Language) -> Status {
    let mut details = status.get_error_details();
    let words = reason_of(&status).and_then(|reason| reason.words(language));
    let Some(words) = words else { return status };
    let locale = match language {
        Language::English => "en",
        Language::Korean => "ko",
    };
    details.set_localized_message(locale, words);
    let mut told = Status::with_error_details(status.code(), status.message(), details);
    *told.metadata_mut() = status.metadata().clone();
    told
}

/// The status of a request whose body did not arrive.
pub(super) fn of_body(error: BodyError) -> Status {
    match error {
        BodyError::Spent(spent) => busy(spent),
        error => status(error.reason(), error),
    }
}

/// Adds the reason to a status that tonic made itself, before the request reached a handler.
pub(super) fn explained(own: &Status) -> Status {
    let reason = match own.code() {
        Code::OutOfRange | Code::ResourceExhausted => Reason::RequestTooLarge,
        Code::Unimplemented => Reason::MethodUnknown,
        // A body that ended early, or that is no message of the contract.
        _ => Reason::RequestMalformed,
    };
    match (reason, own.message()) {
        // Tonic's own answer to a path that is unknown says nothing.
        (Reason::MethodUnknown, message) if !message.is_empty() => {
            let message = "this compression is not read; send without";
            let mut status = status(Reason::EncodingUnknown, message);
            let read = MetadataValue::from_static("identity");
            status.metadata_mut().insert("grpc-accept-encoding", read);
            status
        }
        // This message would repeat what the caller sent.
        (Reason::MethodUnknown, _) | (_, "") => status(reason, reason.entry().meaning),
        (_, message) => status(reason, message),
    }
}
