//! Why something could not be fetched.

use mungpy_core::reason::{Reason, WithReason};

/// Why something could not be fetched. No message holds a key or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The address must not be asked.
    #[error("{place}: {detail}")]
    AddressRefused {
        /// The address, without query.
        place: String,
        /// Why it is refused.
        detail: String,
    },
    /// The server answered with another status than 200.
    #[error("{place}: the server answered {status}")]
    Status {
        /// The address, without query.
        place: String,
        /// The HTTP status.
        status: u16,
        /// The first bytes of the body, in which services say why.
        body: String,
    },
    /// The answer is larger than the limit.
    #[error("{place}: the answer has more than {limit} bytes; offer a smaller file")]
    TooLarge {
        /// The address, without query.
        place: String,
        /// Largest answer.
        limit: u64,
    },
    /// The server sends from one address to the next without end.
    #[error("{place}: the server redirects more than {limit} times; name the last address")]
    TooManyRedirects {
        /// The last address, without query.
        place: String,
        /// Most redirects that are followed.
        limit: usize,
    },
    /// The server answers in a form that is not accepted.
    #[error("{place}: {detail}")]
    Unusable {
        /// The address, without query.
        place: String,
        /// What is not accepted.
        detail: String,
    },
    /// The connection failed, or no whole answer came in time.
    #[error("{place}: {detail}")]
    Unreachable {
        /// The address, without query.
        place: String,
        /// What failed.
        detail: String,
    },
}

impl WithReason for WebError {
    fn reason(&self) -> Reason {
        match self {
            Self::AddressRefused { .. } => Reason::AddressRefused,
            Self::TooLarge { .. } => Reason::PhotoTooManyBytes,
            Self::Status { .. }
            | Self::TooManyRedirects { .. }
            | Self::Unusable { .. }
            | Self::Unreachable { .. } => Reason::PhotoUnreachable,
        }
    }
}
