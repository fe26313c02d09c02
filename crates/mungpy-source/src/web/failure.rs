//! Why one attempt failed, and whether another may help.

use std::{error::Error, io, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use url::Url;

use super::{
    WebError, address,
    network::{self, NotPublic},
};

/// Bytes of the body of a refusal that are kept.
const KEPT_BYTES: usize = 4096;

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: WebError,
    /// Whether it may pass.
    pub(super) is_transient: bool,
    /// How long the server asks to wait.
    pub(super) wait: Option<Duration>,
}

impl From<WebError> for Failure {
    fn from(error: WebError) -> Self {
        Self { error, is_transient: false, wait: None }
    }
}

impl Failure {
    /// The connection failed or ended early.
    pub(super) fn of_connection(url: &Url, error: &reqwest::Error) -> Self {
        if let Some(refusal) = cause::<NotPublic>(error) {
            return network::refused(url, &refusal.to_string()).into();
        }
        let detail = innermost(error);
        if error.is_builder() {
            return unusable(url, format!("the request cannot be made: {detail}")).into();
        }
        let failed = if error.is_connect() { "cannot connect" } else { "the answer broke off" };
        let is_of_certificate = matches!(cause(error), Some(rustls::Error::InvalidCertificate(_)));
        Self {
            is_transient: !is_of_certificate,
            ..Self::unreachable(url, format!("{failed}: {detail}"))
        }
    }

    /// The answer is shorter than the server said.
    pub(super) fn cut_short(url: &Url, got: u64, expected: u64) -> Self {
        Self::unreachable(url, format!("the answer ended after {got} of {expected} bytes"))
    }

    /// The attempt took too long.
    pub(super) fn timed_out(url: &Url, limit: Duration) -> Self {
        Self::unreachable(url, format!("no whole answer within {limit:?}"))
    }

    fn unreachable(url: &Url, detail: String) -> Self {
        let error = WebError::Unreachable { place: address::place(url), detail };
        Self { error, is_transient: true, wait: None }
    }

    /// The server answered with a status that is no success.
    pub(super) async fn of_status(url: &Url, mut response: Response) -> Self {
        let status = response.status();
        let wait = wait(response.headers(), Utc::now());
        let mut body = Vec::new();
        while body.len() < KEPT_BYTES
            && let Ok(Some(chunk)) = response.chunk().await
        {
            body.extend_from_slice(&chunk[..chunk.len().min(KEPT_BYTES - body.len())]);
        }
        let error = WebError::Status {
            place: address::place(url),
            status: status.as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        Self { error, is_transient: is_transient(status), wait }
    }
}

/// The server answers in a form that is not accepted.
pub(super) fn unusable(url: &Url, detail: String) -> WebError {
    WebError::Unusable { place: address::place(url), detail }
}

/// Whether the same request may succeed a moment later.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// How long the server asks to wait: seconds or a date.
fn wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.to_utc() - now).to_std().unwrap_or_default())
}

/// The errors behind an error, itself first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        // An error of I/O names the cause of what it holds, and skips what it holds.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The first cause of a type.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The message of the innermost cause. Outer ones repeat the address with its query.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = [(RETRY_AFTER, text.parse().unwrap())].into_iter().collect();
            assert_eq!(wait(&headers, now), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(wait(&HeaderMap::new(), now), None);
    }
}
