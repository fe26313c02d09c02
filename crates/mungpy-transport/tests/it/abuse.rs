//! Callers who abuse HTTP/2: the server gets rid of them, and serves others meanwhile.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{
    caller::{Caller, is_served, while_served},
    raw::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, PING,
        RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, frame, get, setting,
    },
    server::{BRIEF, LARGE, Server},
};

const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_at_once_end_the_connection() {
    let server = Server::start(BRIEF).await;
    for number in [64, 10_000] {
        let mut raw = Raw::connect(server.address, &[]).await;
        let abuse = async {
            let mut pairs = Vec::new();
            for stream in (1..2 * number).step_by(2) {
                pairs.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/slow")));
                pairs.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
            }
            let _ = raw.send(&pairs).await;
            raw.end().await
        };
        let errors = while_served(server.address, abuse).await;
        // What comes after the end of the connection may take the farewell with it.
        let lost = number > 64 && errors.is_empty();
        assert!(lost || errors.contains(&ENHANCE_YOUR_CALM), "{number}: {errors:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_never_ends_ends_the_connection() {
    let server = Server::start(BRIEF).await;
    // Large and small parts, and one that fills the table of headers: whatever comes, it is too much.
    for part in [vec![0; 16 * 1024], vec![0], Vec::new(), [0x40, 1, b'a', 1, b'b'].repeat(200)] {
        let mut raw = Raw::connect(server.address, &[]).await;
        let abuse = async {
            raw.send(&frame(HEADERS, END_STREAM, 1, &get("/"))).await.unwrap();
            let part = frame(CONTINUATION, 0, 1, &part);
            while raw.send(&part.repeat(64)).await.is_ok() {}
            raw.end().await
        };
        while_served(server.address, abuse).await;
    }
}

#[tokio::test]
async fn a_head_that_is_not_finished_in_time_ends_the_connection() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    raw.send(&frame(HEADERS, END_STREAM, 1, &get("/"))).await.unwrap();
    while_served(server.address, raw.end()).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_the_next_is_served() {
    let server = Server::start(BRIEF).await;
    let mut caller = Caller::connect(server.address).await;
    let large = http::Request::get("http://localhost/").header("x-large", "x".repeat(40_000));
    let refused = caller.send(large).await;
    assert!(refused.is_err() || refused.is_ok_and(|(status, _)| status == 431));
    assert!(is_served(server.address).await);
}

#[tokio::test]
async fn who_never_takes_an_answer_is_cut_off_though_others_of_his_streams_are_busy() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &setting(INITIAL_WINDOW_SIZE, 0)).await;
    raw.ask(1, "/large").await.unwrap();
    let abuse = async {
        // Answers without a body need no window.
        for stream in (3..2000).step_by(2) {
            if raw.ask(stream, "/empty").await.is_err() {
                break;
            }
            let _ = timeout(Duration::from_millis(50), async { while raw.next().await.is_ok() {} })
                .await;
        }
        raw.end().await;
    };
    while_served(server.address, abuse).await;
}

#[tokio::test]
async fn a_window_of_one_byte_holds_no_answer_for_ever() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &setting(INITIAL_WINDOW_SIZE, 1)).await;
    raw.ask(1, "/large").await.unwrap();
    while_served(server.address, raw.end()).await;
}

#[tokio::test]
async fn who_takes_an_answer_slowly_gets_all_of_it() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    raw.ask(1, "/large").await.unwrap();
    let begun = Instant::now();
    raw.take_slowly(0, LARGE, Duration::from_millis(150)).await;
    assert!(begun.elapsed() > BRIEF.idle_timeout, "this was too fast to tell anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_control_frames_starve_nobody_and_end() {
    let server = Server::start(BRIEF).await;
    let floods = [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &setting(INITIAL_WINDOW_SIZE, 100)),
        frame(SETTINGS, 0, 0, &[]),
        frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()),
        frame(2, 0, 1, &[0, 0, 0, 0, 1]),
        frame(99, 0, 0, &[0; 100]),
    ];
    for flood in floods {
        let stream = Raw::connect(server.address, &[]).await.0;
        let (mut reading, mut writing) = stream.into_split();
        let abuse = async {
            let many = flood.repeat(1000);
            let written = async { while writing.write_all(&many).await.is_ok() {} };
            // One who takes what comes back can keep it up longest.
            let read = async {
                let mut bytes = [0; 4096];
                while reading.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
            };
            tokio::join!(written, read);
        };
        let ended = timeout(Duration::from_secs(20), while_served(server.address, abuse)).await;
        ended.expect("the flood never ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_whose_answers_nobody_reads_ends_too() {
    let server = Server::start(BRIEF).await;
    let mut raw = Raw::connect(server.address, &[]).await;
    let many = frame(PING, 0, 0, &[0; 8]).repeat(1000);
    let abuse = async { while raw.send(&many).await.is_ok() {} };
    let ended = timeout(Duration::from_secs(20), while_served(server.address, abuse)).await;
    ended.expect("the flood never ends");
}

#[tokio::test]
async fn malformed_frames_end_the_connection() {
    let server = Server::start(BRIEF).await;
    let mut too_long = frame(DATA, 0, 1, &[]);
    too_long[..3].copy_from_slice(&[0xff; 3]);
    let malformed = [
        too_long,
        frame(DATA, 0, 0, b"data of no stream"),
        frame(HEADERS, END_HEADERS | END_STREAM, 2, &get("/")),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 50]),
        frame(CONTINUATION, END_HEADERS, 1, &get("/")),
        frame(SETTINGS, 0, 0, &[1, 2, 3]),
        frame(SETTINGS, 0, 0, &setting(INITIAL_WINDOW_SIZE, u32::MAX)),
        frame(WINDOW_UPDATE, 0, 0, &0_u32.to_be_bytes()),
        frame(PING, 0, 0, &[0; 7]),
        frame(GOAWAY, 0, 0, &[]),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    for bytes in malformed {
        let mut raw = Raw::connect(server.address, &[]).await;
        let _ = raw.send(&bytes).await;
        while_served(server.address, raw.end()).await;
    }
}

#[tokio::test]
async fn who_does_not_begin_with_http2_is_hung_up_on() {
    let server = Server::start(BRIEF).await;
    for begin in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01", &[0; 99]]
    {
        let mut raw = Raw(TcpStream::connect(server.address).await.unwrap());
        raw.send(begin).await.unwrap();
        while_served(server.address, raw.end()).await;
    }
}
