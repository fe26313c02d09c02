//! What is known of a request before it is looked at: when it came, how long its caller waits, and
//! the memory that it holds.

use std::time::{Duration, Instant};

use mungpy_transport::{Arrival, Charge};
use tonic::{Request, metadata::MetadataMap};

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
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        let extensions = request.extensions();
        let arrival = extensions.get().map_or_else(Instant::now, |Arrival(time)| time.into_std());
        let deadline = timeout(request.metadata()).map(|timeout| arrival + timeout);
        Self { arrival, deadline, charge: extensions.get().cloned() }
    }
}

/// The value of `grpc-timeout`; tonic keeps its own parser to itself. A value that is malformed
/// counts as none.
fn timeout(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
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
        let read = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            timeout(&metadata)
        };
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        assert_eq!(read("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(read("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for malformed in ["", "S", "2", "2 S", "-2S", "2x", "100000000S", "1.5S"] {
            assert_eq!(read(malformed), None, "{malformed:?}");
        }
    }
}
