//! Errors as gRPC statuses.

use std::{collections::HashMap, fmt};

use mungpy_core::reason::{Reason, WithReason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::matching::MatchError;

/// The domain of every reason in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "mungpy";

/// A status with the reason's code and a message.
pub(super) fn status(reason: Reason, message: impl fmt::Display) -> Status {
    let code = Code::from_i32(reason.grpc() as i32);
    let details = ErrorDetails::with_error_info(reason.code(), DOMAIN, HashMap::new());
    Status::with_error_details(code, message.to_string(), details)
}

impl From<MatchError> for Status {
    fn from(error: MatchError) -> Self {
        status(error.reason(), error)
    }
}
