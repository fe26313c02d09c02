//! Old connections.

use std::time::Duration;

use super::{
    caller::{Caller, is_served},
    raw::{DATA, GOAWAY, Raw},
    server::{BRIEF, Guard, Server},
};

#[tokio::test]
async fn an_old_connection_is_wound_up_when_its_requests_are_answered() {
    let old =
        |server: mungpy_transport::Server| server.limits(BRIEF).max_age(Duration::from_millis(500));
    let server = Server::with(Guard::default(), old).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    raw.ask(1, "/slow").await.unwrap();
    let (mut told, mut answered) = (false, false);
    while let Ok(frame) = raw.next().await {
        if frame.kind == GOAWAY {
            assert!(told || !answered, "the caller is told before the answer is there");
            assert_eq!(&frame.payload[4..8], &[0; 4]);
            told = true;
        }
        answered |= frame.kind == DATA && frame.payload == b"slow";
    }
    assert!(told && answered);
    assert!(is_served(server.address).await);
}

#[tokio::test]
async fn requests_in_flight_are_finished_after_the_signal_to_stop() {
    let server = Server::start(BRIEF).await;
    let mut caller = Caller::connect(server.address).await;
    assert!(caller.get("/").await.is_ok());
    let asked = tokio::spawn(async move { caller.get("/slow").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.stop().await;
    assert_eq!(asked.await.unwrap().unwrap().1, "slow");
}
