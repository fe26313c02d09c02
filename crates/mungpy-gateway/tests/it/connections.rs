//! Connections to an engine that end under a request. All callers of a gateway share them.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    common::{assert_problem, client, form, get, post, start},
    engine::Engine,
};

const PATH: &str = "/api/v1/similar-dog";
/// Bytes with which an HTTP/2 client begins (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// The kind of a frame that opens a request.
const HEADERS: u8 = 1;
/// A frame of settings without any, as an HTTP/2 server begins.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// The frame GOAWAY: no stream was looked at, and `ENHANCE_YOUR_CALM` (RFC 9113, sections 6.8 and 7).
const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];

/// An address before an engine where each of the first connections ends with its first request, after
/// the server has said `last`. Those after them reach the engine.
async fn breaking(engine: &Engine, connections: usize, last: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, engine) = (listener.local_addr().unwrap(), engine.address);
    tokio::spawn(async move {
        for number in 0.. {
            let (mut gateway, _) = listener.accept().await.unwrap();
            if number < connections {
                tokio::spawn(end_with_the_first_request(gateway, last));
                continue;
            }
            let mut behind = TcpStream::connect(engine).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut gateway, &mut behind).await });
        }
    });
    format!("http://{address}")
}

async fn end_with_the_first_request(mut gateway: TcpStream, last: &[u8]) {
    gateway.write_all(&SETTINGS).await.unwrap();
    gateway.read_exact(&mut [0; PREFACE]).await.unwrap();
    let mut head = [0; 9];
    loop {
        gateway.read_exact(&mut head).await.unwrap();
        let [high, middle, low, kind, ..] = head;
        let mut content = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
        gateway.read_exact(&mut content).await.unwrap();
        if kind == HEADERS {
            break;
        }
    }
    gateway.write_all(last).await.unwrap();
    // What it said arrives before the end does.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn a_call_is_made_again_if_its_connection_was_closed() {
    let engine = Engine::start().await;
    let gateway = start(&breaking(&engine, 1, &GO_AWAY).await, |_| {}).await;
    assert_eq!(post(gateway, PATH, form("x")).await.status(), 200);
    assert_eq!(engine.calls(), 1);
    let retries = metric(gateway, "mungpy_gateway_upstream_retries_total").await;
    assert!(retries.ends_with(" 1"), "{retries}");
}

/// The line of a metric that has one.
async fn metric(gateway: SocketAddr, name: &str) -> String {
    let metrics = get(gateway, "/metrics").await.text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with(&format!("{name}{{")));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).to_owned()
}

/// Four in a row end, but it has not failed.
#[tokio::test]
async fn an_engine_is_not_left_out_because_connections_are_closed() {
    let (first, second) = (Engine::start().await, Engine::start().await);
    let url = breaking(&first, 4, &GO_AWAY).await;
    let gateway = start(&url, |settings| settings.upstream.push(second.url())).await;
    for _ in 0..12 {
        assert_eq!(post(gateway, PATH, form("x")).await.status(), 200);
    }
    assert!(first.calls() > 0);
}

/// Whatever listens there is no engine, so it is left out like one that fails.
#[tokio::test]
async fn what_breaks_the_rules_of_http_is_ill() {
    let engine = Engine::start().await;
    let wrong = breaking(&engine, usize::MAX, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let gateway = start(&wrong, |settings| settings.upstream.push(engine.url())).await;
    let mut refused = 0;
    for _ in 0..12 {
        refused += usize::from(post(gateway, PATH, form("x")).await.status() != 200);
    }
    assert!((1..=3).contains(&refused), "{refused} of 12 calls met the wrong server");
}

#[tokio::test]
async fn a_call_is_made_again_only_once() {
    let engine = Engine::start().await;
    let gateway = start(&breaking(&engine, 2, &GO_AWAY).await, |_| {}).await;
    let broken = post(gateway, PATH, form("x")).await;
    assert_eq!(broken.headers()["retry-after"], "1");
    assert_problem(broken, 503, "ENGINE_UNREACHABLE").await;
    assert_eq!(post(gateway, PATH, form("x")).await.status(), 200);
}

/// The engine may have begun, or the photo may have ended it.
#[tokio::test]
async fn a_call_whose_connection_breaks_is_not_made_again() {
    let engine = Engine::start().await;
    let gateway = start(&breaking(&engine, 1, &[]).await, |_| {}).await;
    let broken = post(gateway, PATH, form("x")).await;
    assert_eq!(broken.headers()["retry-after"], "1");
    assert_problem(broken, 503, "ENGINE_UNREACHABLE").await;
    assert_eq!(engine.calls(), 0);
    assert_eq!(post(gateway, PATH, form("x")).await.status(), 200);
}

#[tokio::test]
async fn a_stream_whose_connection_was_closed_may_be_sent_again() {
    let engine = Engine::start().await;
    let gateway = start(&breaking(&engine, 1, &GO_AWAY).await, |_| {}).await;
    let send = || {
        let request = client().post(format!("http://{gateway}{PATH}/batch"));
        request.header("content-type", "application/x-ndjson").body("{\"image\": \"eA==\"}").send()
    };
    let broken = send().await.unwrap();
    assert_eq!(broken.headers()["retry-after"], "1");
    assert_problem(broken, 503, "ENGINE_UNREACHABLE").await;
    assert_eq!(send().await.unwrap().status(), 200);
}
