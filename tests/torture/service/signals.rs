//! The signal to stop, whatever callers do.

use std::{io::Write, net::TcpStream, time::Duration};

use super::{connections::half_a_body, server::Server};

/// Long enough for a loaded machine; the server used to take its whole grace period of 20 s.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_do_not_hold_up_the_end() {
    let mut server = Server::start(&[]).await;
    let mut sockets: Vec<_> =
        (0..20).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    sockets[0].write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let channel = server.channel().await;
    server.signal("-TERM");
    let (status, took) = server.wait(SOON).expect("the server ends");
    println!("ended after {took:?} with {} idle connections", sockets.len() + 1);
    assert_eq!(status.code(), Some(0));
    drop(channel);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_body_holds_up_the_end_for_the_grace_period_only() {
    let mut server = Server::start(&["--grace", "1", "--receive-timeout", "60"]).await;
    let calling = tokio::spawn(half_a_body(server.channel().await, 1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.signal("-TERM");
    let (status, took) = server.wait(SOON).expect("the server ends");
    println!("ended after {took:?} with a grace period of 1 s");
    assert_eq!(status.code(), Some(0));
    calling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&["--receive-timeout", "60"]).await;
    let calling = tokio::spawn(half_a_body(server.channel().await, 1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.signal("-TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.wait(Duration::from_millis(200)).is_none(), "a request is in flight");
    server.signal("-INT");
    let (status, _) = server.wait(SOON).expect("the server ends");
    assert_eq!(status.code(), Some(130));
    calling.abort();
}
