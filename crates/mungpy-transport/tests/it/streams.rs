//! Answers that last: which of them are idle, and what becomes of their connections.

use std::time::Duration;

use mungpy_transport::Limits;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    caller::is_served,
    parts::TICKS,
    raw::{DATA, END_HEADERS, HEADERS, Raw, frame, get},
    server::{BRIEF, Guard, LARGE, Server},
};

/// No connection is closed for being idle.
const FEW: Limits = Limits { connections: 3, idle_timeout: Duration::from_secs(60), ..BRIEF };
/// Longer than an answer may be silent before it counts as idle.
const LATER: Duration = BRIEF.receive_timeout.saturating_mul(2);

/// Callers who have got the first part of an answer that is not finished.
async fn callers(server: &Server, path: &str, number: usize) -> Vec<Raw> {
    let mut callers = Vec::new();
    for _ in 0..number {
        let mut raw = Raw::connect(server.address, &[]).await;
        raw.ask(1, path).await.unwrap();
        assert!(raw.part().await.is_some());
        callers.push(raw);
    }
    callers
}

#[tokio::test]
async fn new_callers_take_the_places_of_idle_answers() {
    let server = Server::start(FEW).await;
    let _idle = callers(&server, "/watch", FEW.connections).await;
    sleep(LATER).await;
    for _ in 0..10 {
        assert!(is_served(server.address).await);
    }
}

#[tokio::test]
async fn silent_callers_go_before_idle_answers() {
    let server = Server::start(Limits { receive_timeout: LATER, ..FEW }).await;
    let mut idle = callers(&server, "/watch", FEW.connections - 1).await;
    sleep(2 * LATER).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let _newcomer = TcpStream::connect(server.address).await.unwrap();
    assert!(!matches!(silent.read(&mut [0; 100]).await, Ok(1..)));
    for raw in &mut idle {
        let ended = timeout(Duration::from_millis(300), raw.part()).await;
        assert!(ended.is_err(), "an idle answer is cut off: {ended:?}");
    }
}

#[tokio::test]
async fn answers_at_work_keep_their_places() {
    for (path, rest) in [("/ticks", TICKS - 1), ("/work", 1)] {
        let server = Server::start(FEW).await;
        let busy = callers(&server, path, FEW.connections).await;
        sleep(LATER).await;
        let mut refused = TcpStream::connect(server.address).await.unwrap();
        assert!(!matches!(refused.read(&mut [0; 100]).await, Ok(1..)));
        for mut raw in busy {
            for _ in 0..rest {
                assert!(raw.part().await.is_some(), "{path} is cut off");
            }
        }
    }
}

#[tokio::test]
async fn an_old_connection_with_nothing_but_an_idle_answer_ends() {
    let old =
        |server: mungpy_transport::Server| server.limits(BRIEF).max_age(Duration::from_millis(500));
    let server = Server::with(Guard::default(), old).await;
    let mut idle = callers(&server, "/watch", 1).await;
    let mut busy = [callers(&server, "/ticks", 1).await, callers(&server, "/work", 1).await];
    idle[0].end().await;
    for (raw, rest) in busy.iter_mut().flatten().zip([TICKS - 1, 1]) {
        for _ in 0..rest {
            assert!(raw.part().await.is_some(), "an answer at work is cut off");
        }
    }
}

#[tokio::test]
async fn answers_that_have_begun_are_finished_after_the_signal_to_stop() {
    let server = Server::start(Limits { grace: Duration::from_secs(60), ..BRIEF }).await;
    let busy = [callers(&server, "/ticks", 1).await, callers(&server, "/work", 1).await];
    let stopped = tokio::spawn(server.stop());
    for (mut raw, rest) in busy.into_iter().flatten().zip([TICKS - 1, 1]) {
        for _ in 0..rest {
            assert!(raw.part().await.is_some(), "an answer is cut off");
        }
    }
    stopped.await.unwrap();
}

#[tokio::test]
async fn who_takes_an_answer_slowly_gets_all_of_it_after_the_signal_to_stop() {
    let server = Server::start(Limits { grace: Duration::from_secs(60), ..BRIEF }).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    raw.ask(1, "/large").await.unwrap();
    let first = raw.part().await.unwrap().len();
    let stopped = tokio::spawn(server.stop());
    raw.take_slowly(first, LARGE, Duration::from_millis(400)).await;
    stopped.await.unwrap();
}

#[tokio::test]
async fn idle_answers_do_not_hold_up_the_end() {
    let grace = Duration::from_secs(600);
    let server = Server::start(Limits { grace, idle_timeout: grace, ..BRIEF }).await;
    let _idle = callers(&server, "/watch", 3).await;
    timeout(Duration::from_secs(20), server.stop()).await.expect("it waits for idle answers");
}

#[tokio::test]
async fn the_time_that_the_server_needs_is_not_the_callers() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    raw.send(&frame(HEADERS, END_HEADERS, 1, &get("/talk"))).await.unwrap();
    for _ in 0..2 {
        raw.send(&frame(DATA, 0, 1, b"a question")).await.unwrap();
        assert_eq!(raw.part().await.as_deref(), Some("heard"));
    }
    assert_eq!(raw.part().await.as_deref(), Some("too slow"));
}
