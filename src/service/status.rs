//! Errors in the form of gRPC: the one place where codes are chosen.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::matching::MatchError;

/// Domain of every reason, as `google.rpc.ErrorInfo` has it.
pub const DOMAIN: &str = "mungpy";

/// A status with a code, a message and a stable reason.
pub(super) fn status(code: Code, reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    Status::with_error_details(code, message, details)
}

impl From<MatchError> for Status {
    fn from(error: MatchError) -> Self {
        let code = match &error {
            MatchError::NoPhoto
            | MatchError::TooManyPhotos { .. }
            | MatchError::TopTooLarge { .. }
            | MatchError::Face(_)
            | MatchError::Temperament(_) => Code::InvalidArgument,
            MatchError::Photo { error, .. } if error.is_fault_of_photo() => Code::InvalidArgument,
            MatchError::Photo { .. } => Code::Internal,
            MatchError::CatalogueEmpty { .. } => Code::Unavailable,
            MatchError::NoCandidate { .. } => Code::NotFound,
        };
        status(code, error.reason(), &error.to_string())
    }
}
