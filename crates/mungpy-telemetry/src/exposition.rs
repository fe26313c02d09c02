//! Serves `GET /metrics` to a scraper: a tiny HTTP/1 server of its own, so that it answers however
//! busy the program's main server is.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE as CONTENT_TYPE_HEADER},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Type of the text, for `Content-Type`.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;
/// Scrapers at a time; further ones wait.
const CONNECTIONS: usize = 8;
/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a connection may take as a whole.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a head.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves what `render` returns under `/metrics` until `stop` completes; then every connection is
/// closed. A connection answers one request, and no body is read.
pub async fn serve_metrics<R>(listener: TcpListener, render: R, stop: impl Future<Output = ()>)
where
    R: Fn() -> String + Send + Sync + 'static,
{
    let render = Arc::new(render);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => return,
            next = next => next,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let render = Arc::clone(&render);
        connections.spawn(async move {
            let _place = place;
            let _ = timeout(TIMEOUT, serve_connection(stream, render)).await;
        });
    }
}

async fn serve_connection<R>(stream: TcpStream, render: Arc<R>)
where
    R: Fn() -> String + Send + Sync + 'static,
{
    let service = service_fn(move |request| {
        let response = answer(&request, &*render);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A scraper that has gone comes again.
    let _ = connection.await;
}

fn answer(request: &Request<Incoming>, render: &impl Fn() -> String) -> Response<Full<Bytes>> {
    let (status, text) = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => (StatusCode::OK, render()),
        ("/metrics", _) => {
            (StatusCode::METHOD_NOT_ALLOWED, "metrics are read with GET\n".to_owned())
        }
        _ => (StatusCode::NOT_FOUND, "the metrics are at /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(CONTENT_TYPE));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
