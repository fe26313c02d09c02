//! The reasons of errors: one table with a stable code, the gRPC code, the HTTP status, and what
//! the caller should do.
//!
//! Every error type of the project has one method `reason()`. Codes are stable, messages are not.
//! [`markdown`] generates `docs/ERRORS.md`, and a test keeps the two equal.

mod page;
mod table;
mod words;

use std::fmt;

pub use page::markdown;
pub use table::Reason;

/// Where a reason comes from; the sections of `docs/ERRORS.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The photo cannot be decoded.
    Photo,
    /// The photo shows no face that can be compared.
    Face,
    /// The request breaks a rule of the contract.
    Request,
    /// The caller may not do this.
    Access,
    /// The engine cannot answer, at least not now.
    Engine,
    /// The gateway refuses a form, or cannot use the engine.
    Gateway,
    /// A model file or the GPU cannot be used.
    Models,
    /// The batch left a dog of the source out, or failed as a whole.
    Batch,
    /// The command line failed.
    Command,
}

/// The gRPC status codes in use, with their numbers in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrpcCode {
    /// The caller has gone.
    Cancelled = 1,
    /// The request is at fault.
    InvalidArgument = 3,
    /// The caller allowed too little time.
    DeadlineExceeded = 4,
    /// Nothing fits the request.
    NotFound = 5,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// The server is at its limit.
    ResourceExhausted = 8,
    /// The server is not in the state that the request needs.
    FailedPrecondition = 9,
    /// The service has no such method.
    Unimplemented = 12,
    /// The server is at fault.
    Internal = 13,
    /// The server cannot answer now.
    Unavailable = 14,
    /// The caller has not said who it is.
    Unauthenticated = 16,
}

impl GrpcCode {
    /// Name of the code in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "CANCELLED",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NotFound => "NOT_FOUND",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The stable code, for programs.
    pub code: &'static str,
    /// Where the reason comes from.
    pub section: Section,
    /// gRPC code, if the service answers with this reason.
    pub grpc: Option<GrpcCode>,
    /// HTTP status, if the gateway answers with this reason.
    pub http: Option<u16>,
    /// What happened.
    pub meaning: &'static str,
    /// What to do next.
    pub remedy: &'static str,
}

impl Reason {
    /// The stable code, for programs.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// The gRPC code. A failure that no request can cause counts as the server's.
    pub fn grpc(self) -> GrpcCode {
        self.entry().grpc.unwrap_or(GrpcCode::Internal)
    }

    /// The HTTP status. A failure that no request can cause counts as the engine's.
    pub fn http(self) -> u16 {
        self.entry().http.unwrap_or(502)
    }

    /// Looks up the reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

/// An error that has a reason.
pub trait WithReason: std::error::Error {
    /// The reason, for programs.
    fn reason(&self) -> Reason;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_lead_back() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(Reason::from_code("NO_SUCH_REASON"), None);
    }

    #[test]
    fn codes_are_upper_case_words() {
        for reason in Reason::ALL {
            let code = reason.code();
            assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{code}");
        }
    }
}
