//! The gateway as callers see it. Here in front of an engine that never answers, as a process of its
//! own; in the modules in front of one that speaks the contract.
#![allow(missing_docs)]

mod batch;
#[path = "../../../../tests/it/collector.rs"]
mod collector;
mod common;
mod connections;
mod engine;
mod gateway;
mod privacy;
mod reading;
mod similar_dog;
mod upstreams;

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use gateway::Gateway;

const MIB: usize = 1024 * 1024;
const LONG: Duration = Duration::from_secs(20);

#[test]
fn half_sent_bodies_hold_no_more_than_the_budget_and_are_given_up() {
    let gateway = Gateway::start(&["--body-memory", "50", "--receive-timeout", "2"]);
    let before = gateway.peak_memory();
    let mut sockets: Vec<TcpStream> = (0..60).map(|_| gateway.half_a_photo(8 * MIB)).collect();
    let answers: Vec<String> =
        sockets.iter_mut().map(|socket| gateway::read_all(socket, LONG)).collect();
    let count = |wanted: &str| answers.iter().filter(|answer| answer.contains(wanted)).count();
    let (overloaded, slow) = (count("OVERLOADED"), count("REQUEST_TOO_SLOW"));
    let memory = gateway.peak_memory() - before;
    println!("60 bodies of 8 MiB: {overloaded} OVERLOADED, {slow} REQUEST_TOO_SLOW, {memory} MiB");
    assert!(slow >= 1 && overloaded >= 1, "{answers:?}");
    let mut refused = answers.iter().filter(|answer| answer.contains("OVERLOADED"));
    assert!(refused.all(|answer| answer.contains("retry-after: 1")));
    assert!(memory < 150, "{memory} MiB for a budget of 50 MiB");
    assert_eq!(gateway.get("/healthz").lines().next(), Some("HTTP/1.1 200 OK"));
}

#[test]
fn half_a_header_and_idle_connections_are_closed() {
    let gateway = Gateway::start(&["--receive-timeout", "1", "--idle-timeout", "1"]);
    let mut silent = gateway.connect();
    let mut half = gateway.connect();
    half.write_all(b"POST /api/v1/similar-dog HTTP/1.1\r\nHost: x\r\nX-Long: ").unwrap();
    let mut kept = gateway.connect();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea").unwrap();
    let begun = Instant::now();
    for socket in [&mut silent, &mut half, &mut kept] {
        gateway::read_all(socket, LONG);
    }
    println!("closed after {:?}", begun.elapsed());
    assert!(begun.elapsed() < LONG);
}

#[test]
fn the_end_takes_no_longer_than_the_grace_period() {
    let mut gateway = Gateway::start(&[]);
    let idle = gateway.connect();
    let mut kept = gateway.connect();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let took = gateway.stop(LONG / 4).expect("it ends");
    println!("ended after {took:?} with two idle connections");
    drop((idle, kept));
    let mut gateway = Gateway::start(&["--grace", "1", "--receive-timeout", "60"]);
    let unfinished = gateway.half_a_photo(MIB);
    let took = gateway.stop(LONG / 4).expect("it ends");
    println!("ended after {took:?} with an unfinished body and a grace period of 1 s");
    drop(unfinished);
}

#[test]
fn a_hung_up_terminal_does_not_end_it() {
    let mut gateway = Gateway::start(&[]);
    for _ in 0..3 {
        gateway.signal("-HUP");
        assert_eq!(gateway.get("/healthz").lines().next(), Some("HTTP/1.1 200 OK"));
    }
    // A process that a signal ends has no exit status.
    gateway.stop(LONG).expect("it ends");
}

#[test]
fn a_token_that_can_be_guessed_is_refused_wherever_it_stands() {
    for variable in ["MUNGPY_OPS_TOKEN", "MUNGPY_UPSTREAM_TOKEN"] {
        let complaint = gateway::complaint(variable, "sesame");
        assert!(complaint.contains(variable) && complaint.contains("16"), "{complaint}");
        assert!(!complaint.contains("sesame"), "{complaint}");
    }
}

#[test]
fn what_a_caller_sent_is_cut() {
    let gateway = Gateway::start(&[]);
    let long = "x".repeat(5 * MIB);
    let answer = gateway.post_form(&format!(
        "--b\r\nContent-Disposition: form-data; name=\"imageId\"\r\n\r\n{long}\r\n--b--\r\n"
    ));
    assert!(answer.contains("IMAGE_ID_TOO_LONG"), "{answer:.500}");
    // The field never ends, and its name would be repeated.
    let answer = gateway.post_form(&format!(
        "--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\nend",
        "강".repeat(300)
    ));
    assert!(answer.contains("FORM_MALFORMED"), "{answer:.500}");
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    assert!(body.len() < 500 && !answer.contains(&"강".repeat(65)), "{answer:.500}");
}

#[test]
fn a_full_gateway_takes_the_newest_caller() {
    let gateway = Gateway::start(&["--max-connections", "10", "--receive-timeout", "60"]);
    let sockets: Vec<TcpStream> = (0..100).map(|_| gateway.connect()).collect();
    assert_eq!(gateway.get("/healthz").lines().next(), Some("HTTP/1.1 200 OK"));
    for socket in sockets {
        let _ = socket.shutdown(Shutdown::Both);
    }
}
