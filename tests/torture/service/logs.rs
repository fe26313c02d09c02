//! A log that nobody reads, and output that nobody wants.

use std::{
    fs::File,
    io::Read,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use mungpy_proto::v1::MatchRequest;

use super::server::{PERSON, Server, mungpy, published, reason, request};
use crate::common::data;

/// Many requests that are refused; each writes a line to the log.
async fn fill_the_log(server: &Server, requests: usize) {
    let client = server.client().await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut client = client.clone();
        callers.spawn(async move {
            for _ in 0..requests / 8 {
                let refused = client.r#match(MatchRequest::default()).await.unwrap_err();
                assert_eq!(reason(&refused), "NO_PHOTO");
            }
        });
    }
    let done = tokio::time::timeout(Duration::from_secs(60), callers.join_all()).await;
    done.expect("requests are answered although nobody reads the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_up_nothing_and_tells_what_was_lost() {
    let mut server = Server::start_with(mungpy(), Stdio::piped(), &[]).await;
    fill_the_log(&server, 8000).await;
    let mut log = server.child.stderr.take().unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::clone(&lines);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = log.read(&mut buffer) {
            read.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
    });
    let mut lost = String::new();
    for _ in 0..50 {
        let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains("log lines were lost")) {
            line.clone_into(&mut lost);
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{lost}");
    let count = lost.split("lost=").nth(1).and_then(|count| count.trim().parse::<u32>().ok());
    assert!(count.is_some_and(|count| count > 1000), "lost lines are told of");
    server.signal("-TERM");
    assert!(server.wait(Duration::from_secs(5)).is_some(), "it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let mut server = Server::start_with(mungpy(), Stdio::piped(), &[]).await;
    fill_the_log(&server, 6000).await;
    server.signal("-TERM");
    let (status, took) = server.wait(Duration::from_secs(5)).expect("it stops");
    println!("ended after {took:?}");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_log_and_a_full_disk_fail_no_request() {
    let mut server = Server::start_with(mungpy(), Stdio::piped(), &[]).await;
    drop(server.child.stderr.take());
    for _ in 0..3 {
        let answer = server.client().await.r#match(request()).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let server = Server::start_with(mungpy(), Stdio::from(full), &[]).await;
    for _ in 0..3 {
        let answer = server.client().await.r#match(request()).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
}

/// Runs a command whose standard output has no reader; returns its exit code and standard error.
fn without_reader(command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn output_that_nobody_wants_ends_a_command_quietly() {
    let folder = published();
    let match_here = |command: &mut Command| {
        command.args(["match", "--top", "5", "--data-dir"]).arg(folder.path()).arg(data(PERSON));
    };
    let mut command = mungpy();
    match_here(&mut command);
    assert_eq!(without_reader(&mut command), (Some(0), String::new()));
    assert_eq!(without_reader(mungpy().args(["models", "verify"])), (Some(0), String::new()));
    assert_eq!(without_reader(mungpy().args(["config", "show"])), (Some(0), String::new()));
    // A full disk is told of.
    let mut command = mungpy();
    match_here(&mut command);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && err.contains("[OUTPUT_FAILED]"), "{err}");
}

#[test]
fn a_failure_survives_a_closed_standard_error() {
    let mut command = mungpy();
    let mut child = command
        .args(["match", "--server", "http://127.0.0.1:1"])
        .arg(data(PERSON))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
