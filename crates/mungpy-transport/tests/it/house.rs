//! Who gets a place when there are few.

use std::time::Duration;

use mungpy_transport::{Limits, Protocol};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use super::{
    caller::{Caller, get_http1, is_served},
    server::{BRIEF, Guard, LARGE, Server},
};

const FEW: Limits = Limits { connections: 3, idle_timeout: Duration::from_secs(60), ..BRIEF };

async fn silent(server: &Server, number: usize) -> Vec<TcpStream> {
    let mut silent = Vec::new();
    for _ in 0..number {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    silent
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let read = timeout(Duration::from_secs(20), stream.read(&mut [0; 100])).await;
    !matches!(read, Ok(Ok(1..)) | Err(_))
}

#[tokio::test]
async fn new_callers_take_the_places_of_silent_ones_and_not_of_those_at_work() {
    let server = Server::start(FEW).await;
    let mut busy = Caller::connect(server.address).await;
    assert!(busy.get("/").await.is_ok());
    let working = tokio::spawn(async move { busy.get("/slow").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..20 {
        let silent = silent(&server, 10).await;
        assert!(is_served(server.address).await);
        drop(silent);
    }
    assert_eq!(working.await.unwrap().unwrap().1, "slow");
}

#[tokio::test]
async fn the_oldest_silent_caller_goes_first() {
    let server = Server::start(Limits { receive_timeout: Duration::from_secs(60), ..FEW }).await;
    let mut used = Caller::connect(server.address).await;
    assert!(used.get("/").await.is_ok());
    let mut silent = silent(&server, 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let _newcomer = TcpStream::connect(server.address).await.unwrap();
    assert!(is_closed(&mut silent[0]).await);
    let kept = timeout(Duration::from_millis(300), silent[1].read(&mut [0; 100])).await;
    assert!(kept.is_err(), "the second is closed too: {kept:?}");
    assert!(used.get("/").await.is_ok());
}

#[tokio::test]
async fn when_all_are_at_work_a_newcomer_is_refused_and_the_place_comes_back() {
    let server = Server::start(FEW).await;
    let work = async || {
        let mut caller = Caller::connect(server.address).await;
        caller.get("/slow").await.unwrap();
    };
    let newcomer = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut refused = TcpStream::connect(server.address).await.unwrap();
        assert!(is_closed(&mut refused).await);
    };
    tokio::join!(work(), work(), work(), newcomer);
    assert!(is_served(server.address).await);
}

#[tokio::test]
async fn silent_and_half_open_connections_are_closed() {
    let server = Server::start(BRIEF).await;
    let mut silent = silent(&server, 5).await;
    let half: Vec<TcpStream> = silent.split_off(3);
    // The caller will not send any more, but listens.
    let mut half: Vec<_> = half.into_iter().map(|stream| stream.into_split().0).collect();
    for stream in &mut silent {
        assert!(is_closed(stream).await);
    }
    for stream in &mut half {
        let read = timeout(Duration::from_secs(20), stream.read(&mut [0; 100])).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    }
    assert!(is_served(server.address).await);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let server = Server::start(BRIEF).await;
    let mut caller = Caller::connect(server.address).await;
    assert!(caller.get("/").await.is_ok());
    tokio::time::sleep(2 * BRIEF.idle_timeout).await;
    assert!(caller.get("/").await.is_err());
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let server = Server::speaking(Protocol::Any, Guard::default(), |server| server).await;
    let http2 = Caller::connect(server.address).await.get("/large").await.unwrap();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let http1 = get_http1(stream, "/large").await.unwrap();
    for (status, body) in [http2, http1] {
        assert_eq!((status.as_u16(), body.len()), (200, LARGE));
    }
}
