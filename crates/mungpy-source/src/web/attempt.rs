//! One attempt: asks, follows redirects, and reads the answer within the limits.

use std::time::Instant;

use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, LAST_MODIFIED},
};
use url::Url;

use super::{
    Validators, WebAnswer, WebError, WebOptions, WebRequest, address,
    failure::{self, Failure},
    hop::Hop,
    hosts::Hosts,
    network::{self, Reach},
};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// Longest entity tag or date that is kept, in bytes.
const MAX_VALIDATOR_BYTES: usize = 512;

/// Bytes that are reserved at once for what a server announces.
const MAX_RESERVED_BYTES: u64 = 16 << 20;

/// What attempts are made with.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) options: WebOptions,
    pub(super) client: Client,
    pub(super) hosts: Hosts,
    pub(super) reach: Reach,
}

/// What one address answers.
enum Step<'a> {
    Answer(WebAnswer),
    Redirect(Hop<'a>),
}

impl Fetcher {
    /// Asks once.
    pub(super) async fn attempt(&self, request: &WebRequest) -> Result<WebAnswer, Failure> {
        let mut hop = Hop::first(request)?;
        let mut left = self.options.timeout;
        for _ in 0..=MAX_REDIRECTS {
            let turn = self.hosts.turn(&hop.url).await;
            let started = Instant::now();
            let step = tokio::time::timeout(left, self.ask(&hop, request.limit)).await;
            left = left.saturating_sub(started.elapsed());
            drop(turn);
            match step.map_err(|_| Failure::timed_out(&hop.url, self.options.timeout))?? {
                Step::Answer(answer) => return Ok(answer),
                Step::Redirect(next) => hop = next,
            }
        }
        let place = address::place(&hop.url);
        Err(WebError::TooManyRedirects { place, limit: MAX_REDIRECTS }.into())
    }

    async fn ask<'a>(&self, hop: &Hop<'a>, limit: u64) -> Result<Step<'a>, Failure> {
        network::check_host(&hop.url, self.reach)?;
        let asked = match hop.body() {
            Some(json) => self.client.post(hop.url.clone()).json(json),
            None => self.client.get(hop.url.clone()),
        };
        let response = asked.headers(hop.headers()).send().await;
        let response = response.map_err(|error| Failure::of_connection(&hop.url, &error))?;
        if let Some(next) = hop.next(response.status(), response.headers())? {
            return Ok(Step::Redirect(next));
        }
        match response.status() {
            StatusCode::OK => content(&hop.url, response, limit).await.map(Step::Answer),
            StatusCode::NOT_MODIFIED if hop.is_conditional() => {
                Ok(Step::Answer(WebAnswer::NotModified))
            }
            _ => Err(Failure::of_status(&hop.url, response).await),
        }
    }
}

/// Reads an answer, and never holds more than the limit and one chunk of it.
async fn content(url: &Url, mut response: Response, limit: u64) -> Result<WebAnswer, Failure> {
    check_encoding(url, response.headers())?;
    let too_large = || WebError::TooLarge { place: address::place(url), limit };
    let expected = response.content_length();
    if expected.is_some_and(|expected| expected > limit) {
        return Err(too_large().into());
    }
    let validators = validators(response.headers());
    let mut bytes = Vec::with_capacity(expected.unwrap_or(0).min(MAX_RESERVED_BYTES) as usize);
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| Failure::of_connection(url, &error))? else {
            break;
        };
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(too_large().into());
        }
        bytes.extend_from_slice(&chunk);
    }
    let got = bytes.len() as u64;
    match expected.filter(|expected| *expected != got) {
        Some(expected) => Err(Failure::cut_short(url, got, expected)),
        None => Ok(WebAnswer::Content { bytes, validators }),
    }
}

/// Refuses a compressed answer, which nobody asked for.
fn check_encoding(url: &Url, headers: &HeaderMap) -> Result<(), WebError> {
    let is_identity = |coding: &[u8]| {
        let coding = coding.trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    };
    let codings = headers.get_all(CONTENT_ENCODING).into_iter();
    let is_plain =
        codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).all(is_identity);
    if is_plain {
        return Ok(());
    }
    Err(failure::unusable(url, "the server compresses although it was asked not to".to_owned()))
}

fn validators(headers: &HeaderMap) -> Validators {
    let kept = |name: HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
    };
    Validators { etag: kept(ETAG), last_modified: kept(LAST_MODIFIED) }
}
