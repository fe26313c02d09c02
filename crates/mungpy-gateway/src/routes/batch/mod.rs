//! `POST /api/v1/similar-dog/batch`: many persons in one request, a line of JSON for each.
//!
//! - `line`: one line of the request, one of the answer
//! - `lines`: a body cut into lines, each of bounded length
//! - `feed`: turns lines into requests to the engine, never faster than it answers
//! - `answers`: turns what the engine says into lines, in the order of the requests

mod answers;
mod feed;
mod line;
mod lines;

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::match_service_client::MatchServiceClient;
use mungpy_transport::Charge;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    caller::Caller,
    problem::Problem,
    upstream::{Engines, MAX_ANSWER},
};
use answers::Answers;
use feed::Feed;
pub(crate) use line::{BatchAnswer, BatchLine};

/// Requests of one stream that are under way at a time.
const AHEAD: usize = 8;
const NDJSON: &str = "application/x-ndjson";
/// What callers also call it.
const TYPES: [&str; 4] =
    [NDJSON, "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// Names the most similar dog of many persons: takes a line of JSON for each and answers with a line
/// for each, in the same order. A line that fails does not end the stream. Read while you send: the
/// gateway takes no more lines than it can answer.
#[utoipa::path(post, path = "/api/v1/similar-dog/batch", tag = "similar dogs",
    request_body(content = BatchLine, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "A line for each line", body = BatchAnswer, content_type = "application/x-ndjson"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn batch(
    State(engines): State<Arc<Engines>>,
    Extension(charge): Extension<Charge>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    check_type(&request)?;
    let (expected, answered) = mpsc::channel(AHEAD);
    let (requests, stream) = mpsc::channel(1);
    let feed = Feed::new(Arc::clone(&engines), caller.clone(), charge.clone(), expected, requests);
    let feed = feed.at_pace(request.extensions().get().cloned());
    let feed = tokio::spawn(feed.run(request.into_body())).abort_handle();
    let opened = engines.open(
        |channel, call| async move {
            MatchServiceClient::new(channel)
                .max_decoding_message_size(MAX_ANSWER)
                .batch_match(call)
                .await
        },
        &caller,
        ReceiverStream::new(stream),
    );
    let (said, lease) = opened.await.inspect_err(|_| feed.abort())?;
    let answers = Answers::new(answered, said, lease, feed, charge, caller.language);
    let mut response = Response::new(Body::from_stream(answers.lines()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    Ok(response)
}

fn check_type(request: &Request) -> Result<(), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    let detail = format!("the body is no stream of lines of JSON; send {NDJSON}");
    Err(Problem::new(Reason::MediaTypeUnsupported, detail))
}
