//! Callers who connect and are slow, or send nothing at all.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    process::Stdio,
    time::{Duration, Instant},
};

use http_body::Frame;
use http_body_util::StreamBody;
use prost::bytes::Bytes;
use tokio_stream::StreamExt;
use tonic::{Status, body::Body, transport::Channel};
use tower::ServiceExt;

use super::server::{Server, reason, request};

const MIB: usize = 1024 * 1024;

/// Sends so many MiB of a request that is said to have 50, and then nothing more. Returns the
/// refusal.
pub(super) async fn half_a_body(channel: Channel, mib: usize) -> Status {
    let mut head = vec![0];
    head.extend_from_slice(&(50 * MIB as u32).to_be_bytes());
    let frames = std::iter::once(Bytes::from(head)).chain((0..mib).map(|_| vec![0; MIB].into()));
    let sent = tokio_stream::iter(frames).map(|bytes| Ok::<_, Status>(Frame::data(bytes)));
    let body = Body::new(StreamBody::new(sent.chain(tokio_stream::pending())));
    let request = http::Request::post("/mungpy.v1.MatchService/Match")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(body)
        .unwrap();
    match channel.oneshot(request).await {
        Ok(response) => Status::from_header_map(response.headers()).expect("nothing but a status"),
        Err(error) => Status::from_error(error.into()),
    }
}

/// Whether the server closes a connection within a time.
fn is_closed(socket: &mut TcpStream, patience: Duration) -> bool {
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut buffer = [0; 1024];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return true,
            Err(_) => return false,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_bodies_hold_no_more_than_the_budget_and_are_given_up() {
    let server = Server::start(&["--body-memory", "100", "--receive-timeout", "2"]).await;
    let before = server.peak_memory();
    let begun = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        callers.spawn(half_a_body(server.channel().await, 40));
    }
    let refusals = tokio::time::timeout(Duration::from_secs(30), callers.join_all()).await;
    let refusals = refusals.expect("half-sent bodies are given up");
    let count = |wanted: &str| refusals.iter().filter(|one| reason(one) == wanted).count();
    let (overloaded, slow) = (count("OVERLOADED"), count("REQUEST_TOO_SLOW"));
    let memory = server.peak_memory() - before;
    println!("20 bodies of 40 MiB: {overloaded} OVERLOADED, {slow} REQUEST_TOO_SLOW, {memory} MiB");
    println!("given up after {:?}", begun.elapsed());
    assert_eq!(overloaded + slow, 20, "{refusals:?}");
    assert!(overloaded >= 10 && slow >= 1);
    assert!(memory < 250, "{memory} MiB for a budget of 100 MiB");
    // The budget is free again.
    let answer = server.client().await.r#match(request()).await;
    assert!(answer.is_ok(), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_ask_for_nothing_are_closed() {
    let server = Server::start(&["--receive-timeout", "2", "--idle-timeout", "2"]).await;
    let before = server.open_files();
    let mut sockets = Vec::new();
    for number in 0..300 {
        let mut socket = TcpStream::connect(server.address).unwrap();
        match number % 3 {
            0 => {}
            1 => socket.write_all(b"PRI * HTTP/2.0\r\n").unwrap(),
            // The preface, an empty SETTINGS frame, and a HEADERS frame that never ends.
            _ => socket
                .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x10\x01\0\0\0\0\x01\x82")
                .unwrap(),
        }
        sockets.push(socket);
    }
    let open = server.open_files();
    assert!(server.is_serving().await, "others are served meanwhile");
    let begun = Instant::now();
    let mut closed = 0;
    for socket in &mut sockets {
        let left = Duration::from_secs(10).saturating_sub(begun.elapsed());
        closed += u32::from(is_closed(socket, left.max(Duration::from_millis(1))));
    }
    println!("{closed} of 300 were closed within {:?}; files: {before}, {open}", begun.elapsed());
    assert_eq!(closed, 300);
    assert!(server.open_files() <= before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_caller_takes_the_place_of_an_idle_connection() {
    let server = Server::start(&["--max-connections", "10", "--receive-timeout", "60"]).await;
    let sockets: Vec<_> = (0..50).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let answer = server.client().await.r#match(request()).await;
    assert!(answer.is_ok(), "{answer:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let open = server.open_files();
    println!("{open} files are open after {} connections", sockets.len());
    assert!(open < 40, "{open}");
}

/// With 64 files the server allows fewer connections. With 20 it cannot even do that, and has to
/// wait for files.
async fn without_files(files: u32) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start_with_files(files, Stdio::from(log.reopen().unwrap())).await;
    let sockets: Vec<_> =
        (0..100).filter_map(|_| TcpStream::connect(server.address).ok()).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (begun, before) = (Instant::now(), server.cpu_time());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let busy = server.cpu_time_since(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    let served = server.is_serving().await;
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let told = lines.lines().filter(|line| {
        line.contains("file descriptors are limited") || line.contains("cannot be accepted")
    });
    let told = told.count();
    println!("{files} files: {:.0} % CPU, served: {served}, {told} log lines", busy * 100.0);
    assert!(busy < 0.3, "{busy}");
    assert!((1..10).contains(&told), "{lines}");
    assert!(served, "a new caller takes the place of an idle connection");
    drop(sockets);
    let mut back = false;
    for _ in 0..5 {
        back |= server.is_serving().await;
    }
    assert!(back, "it recovers");
}

#[tokio::test(flavor = "multi_thread")]
async fn few_files_allow_fewer_connections() {
    without_files(64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_files_the_server_rests_and_recovers() {
    without_files(22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extreme_settings_do_no_harm() {
    let flags = ["--max-connections", "--receive-timeout", "--idle-timeout", "--grace"];
    for value in [0, u64::MAX] {
        let value = value.to_string();
        let arguments: Vec<&str> = flags.iter().flat_map(|flag| [*flag, &value]).collect();
        let server = Server::start(&arguments).await;
        let answer = server.client().await.r#match(request()).await;
        assert!(answer.is_ok(), "{value}: {answer:?}");
    }
}
