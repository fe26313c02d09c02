use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use http::StatusCode;
use mungpy_telemetry::{CONTENT_TYPE, serve_metrics};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::{busy_engine, busy_gateway};

/// Whether promtool is installed. Debian's package `prometheus` brings it.
pub(crate) fn has_promtool() -> bool {
    let found = Command::new("promtool").arg("--version").output().is_ok();
    if !found {
        eprintln!("promtool is not installed, so it checks nothing");
    }
    found
}

fn check(text: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A server of these metrics, and what stops it.
async fn server(render: impl Fn() -> String + Send + Sync + 'static) -> (String, impl Drop) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve_metrics(listener, render, async { drop(stopped.await) }));
    (address, Stop(Some(stop)))
}

struct Stop(Option<oneshot::Sender<()>>);

impl Drop for Stop {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// The whole answer to a request.
async fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_scrape_is_text_that_prometheus_accepts() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (engine, gateway) = (busy_engine(), busy_gateway());
    let (address, _engine) = server(move || engine.render()).await;
    let (other, _gateway) = server(move || gateway.render()).await;
    for (address, name) in [(address, "mungpy_build_info"), (other, "mungpy_gateway_build_info")] {
        let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
        assert_eq!(answer.status().as_u16(), StatusCode::OK.as_u16());
        assert_eq!(answer.headers()["content-type"], CONTENT_TYPE);
        let text = answer.text().await.unwrap();
        assert!(text.contains(&format!("{name}{{version=\"0.2.0\",revision=\"abc\"}} 1\n")));
        if has_promtool() {
            check(&text);
        }
    }
}

#[tokio::test]
async fn only_get_and_only_metrics_are_answered() {
    let (address, _stop) = server(|| "the metrics\n".to_owned()).await;
    let head = ask(&address, "HEAD /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(!head.contains("the metrics"), "{head}");
    let query = ask(&address, "GET /metrics?a=b HTTP/1.0\r\n\r\n").await;
    assert!(query.ends_with("the metrics\n"), "{query}");
    let elsewhere = ask(&address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "{elsewhere}");
    let posted = "POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\nbody";
    let posted = ask(&address, posted).await;
    assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
    assert!(posted.to_lowercase().contains("allow: get, head"), "{posted}");
    let endless = format!("GET /metrics HTTP/1.1\r\na: {}\r\n\r\n", "a".repeat(20_000));
    let endless = ask(&address, &endless).await;
    assert!(endless.starts_with("HTTP/1.1 431"), "{endless}");
}

#[tokio::test]
async fn scrapers_that_say_nothing_do_not_keep_another_out() {
    let (address, _stop) = server(|| "the metrics\n".to_owned()).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"GET /met").await.unwrap();
        silent.push(stream);
    }
    let answer = ask(&address, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.ends_with("the metrics\n"), "{answer}");
}

#[tokio::test]
async fn the_server_ends_when_it_is_told_to() {
    let (address, stop) = server(String::new).await;
    let mut open = TcpStream::connect(&address).await.unwrap();
    open.write_all(b"GET").await.unwrap();
    ask(&address, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    drop(stop);
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
