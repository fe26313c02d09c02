//! What is known of a request before it is looked at: when it came, how long its caller waits, and
//! the memory that it holds.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header::ACCEPT_LANGUAGE};
use mungpy_core::{reason::Reason, resemblance::Language};
use mungpy_transport::{Arrival, Charge};
use tokio::time::timeout_at;
use tonic::{Status, metadata::MetadataValue};

use super::status::status;

/// What is known of a request before it is looked at.
pub(super) struct Errand {
    /// When the head of the request came.
    pub(super) arrival: Instant,
    /// When its caller stops waiting, if that is known.
    pub(super) deadline: Option<Instant>,
    /// The memory that it holds.
    pub(super) charge: Option<Charge>,
}

impl Errand {
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        let timeout = request.metadata().get("grpc-timeout").map(MetadataValue::as_bytes);
        Self::new(request.extensions(), timeout)
    }

    /// The same of a call that is not decoded yet.
    pub(super) fn of_call<B>(request: &http::Request<B>) -> Self {
        let timeout = request.headers().get("grpc-timeout").map(HeaderValue::as_bytes);
        Self::new(request.extensions(), timeout)
    }

    fn new(extensions: &http::Extensions, timeout: Option<&[u8]>) -> Self {
        let arrival = extensions.get().map_or_else(Instant::now, |Arrival(time)| time.into_std());
        let deadline = timeout.and_then(duration).map(|timeout| arrival + timeout);
        Self { arrival, deadline, charge: extensions.get().cloned() }
    }
}

/// Waits for an answer until the caller's deadline.
pub(super) async fn in_time<T>(
    deadline: Option<Instant>,
    answering: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(deadline) = deadline else { return answering.await };
    timeout_at(deadline.into(), answering).await.unwrap_or_else(|_| Err(late()))
}

/// The answer to a caller whose deadline has passed.
pub(super) fn late() -> Status {
    status(Reason::DeadlinePassed, "the caller's deadline passed; allow more time")
}

/// The language of the people that a request is made for: what the request says, or else what its
/// caller's browser says.
pub(super) fn language(tag: &str, headers: &HeaderMap) -> Language {
    let accepted = || headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?.split([',', ';']).next();
    Language::from_tag(if tag.is_empty() { accepted().unwrap_or_default().trim() } else { tag })
}

/// The value of `grpc-timeout`; tonic keeps its own parser to itself. A value that is malformed
/// counts as none.
fn duration(value: &[u8]) -> Option<Duration> {
    let text = str::from_utf8(value).ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // At most eight digits, as the protocol says; that cannot overflow.
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let read = |text: &str| duration(text.as_bytes());
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        assert_eq!(read("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for malformed in ["", "S", "2", "2 S", "-2S", "2x", "100000000S", "1.5S"] {
            assert_eq!(read(malformed), None, "{malformed:?}");
        }
    }
}
