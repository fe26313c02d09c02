//! Errors as gRPC statuses.

use std::{collections::HashMap, fmt, time::Duration};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_transport::BodyError;
use tonic::{Code, Status, metadata::MetadataValue};
use tonic_types::{ErrorDetails, StatusExt};

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

/// The status of a request of which too many others are under way.
pub(super) fn busy(message: impl fmt::Display) -> Status {
    overloaded(RETRY, message)
}

fn with_details(reason: Reason, message: impl fmt::Display, mut details: ErrorDetails) -> Status {
    let code = Code::from_i32(reason.grpc() as i32);
    details.set_error_info(reason.code(), DOMAIN, HashMap::new());
    Status::with_error_details(code, message.to_string(), details)
}

impl From<MatchError> for Status {
    fn from(error: MatchError) -> Self {
        status(error.reason(), error)
    }
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
            let mut status = status(Reason::RequestMalformed, message);
            let read = MetadataValue::from_static("identity");
            status.metadata_mut().insert("grpc-accept-encoding", read);
            status
        }
        // This message would repeat what the caller sent.
        (Reason::MethodUnknown, _) | (_, "") => status(reason, reason.entry().meaning),
        (_, message) => status(reason, message),
    }
}
