//! More callers than the server can answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mungpy_proto::v1::MatchRequest;
use tokio::task::JoinSet;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use super::server::{PERSON, Server, reason, request};
use crate::common::bytes;

/// Answers a second when each of a few callers asks again as soon as it is answered.
async fn capacity(server: &Server, seconds: u64) -> f64 {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let mut client = server.client().await;
        callers.spawn(async move {
            let mut answered = 0;
            while Instant::now() < end {
                client.r#match(request()).await.unwrap();
                answered += 1;
            }
            answered
        });
    }
    let begun = Instant::now();
    let answered: usize = callers.join_all().await.into_iter().sum();
    answered as f64 / begun.elapsed().as_secs_f64()
}

#[derive(Default)]
struct Outcome {
    in_time: AtomicUsize,
    refused: AtomicUsize,
    /// Sum of the milliseconds after which a caller was refused.
    refused_after: AtomicUsize,
    late: AtomicUsize,
    /// Milliseconds from the beginning to the last answer in time.
    last: AtomicUsize,
}

/// Callers come at a rate, whatever becomes of the others, and wait so long.
async fn storm(server: &Server, rate: f64, seconds: u64, patience: Duration) -> Arc<Outcome> {
    let outcome = Arc::new(Outcome::default());
    let clients = [server.client().await, server.client().await];
    let begun = tokio::time::Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..(rate * seconds as f64) as u32 {
        tokio::time::sleep_until(begun + Duration::from_secs_f64(f64::from(number) / rate)).await;
        let (mut client, outcome) = (clients[number as usize % 2].clone(), Arc::clone(&outcome));
        callers.spawn(async move {
            let mut request = Request::new(request());
            request.set_timeout(patience);
            let asked = Instant::now();
            match client.r#match(request).await {
                Ok(_) if asked.elapsed() <= patience => {
                    outcome.in_time.fetch_add(1, Ordering::Relaxed);
                    let passed = begun.elapsed().as_millis() as usize;
                    outcome.last.fetch_max(passed, Ordering::Relaxed);
                }
                Err(refused) if refused.code() == Code::ResourceExhausted => {
                    let details = refused.get_error_details();
                    assert!(details.retry_info().is_some(), "{refused:?}");
                    let after = asked.elapsed().as_millis() as usize;
                    outcome.refused.fetch_add(1, Ordering::Relaxed);
                    outcome.refused_after.fetch_add(after, Ordering::Relaxed);
                }
                _ => {
                    outcome.late.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    callers.join_all().await;
    outcome
}

/// Nine tenths on a machine that does nothing else; the test leaves room for one that does.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long; make torture runs it"]
async fn four_times_the_load_leaves_most_of_the_capacity() {
    let server = Server::start(&[]).await;
    capacity(&server, 1).await;
    let (seconds, before) = (8, capacity(&server, 5).await);
    // With a slow build an answer takes long, and nobody would wait less than a few of them.
    let patience = Duration::from_secs(2).max(Duration::from_secs_f64(12.0 / before));
    let outcome = storm(&server, 4.0 * before, seconds, patience).await;
    let capacity = before.midpoint(capacity(&server, 5).await);
    let get = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (in_time, refused) = (get(&outcome.in_time), get(&outcome.refused));
    let goodput = in_time as f64 * 1000.0 / get(&outcome.last).max(1) as f64;
    println!("capacity {capacity:.1}/s, deadline {patience:?}, load {:.1}/s", 4.0 * before);
    println!(
        "in time {in_time} ({goodput:.1}/s, {:.0} %), refused {refused} after {} ms, late {}",
        100.0 * goodput / capacity,
        get(&outcome.refused_after) / refused.max(1),
        get(&outcome.late)
    );
    assert!(goodput >= 0.7 * capacity, "{goodput} of {capacity}");
}

/// Answers a second for 64 callers who each wait two seconds and ask again and again. Polite ones
/// wait after a refusal as long as they are told to.
async fn crowd(server: &Server, seconds: u64, polite: bool) -> f64 {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let mut client = server.client().await;
        callers.spawn(async move {
            let mut answered = 0;
            while Instant::now() < end {
                let mut request = Request::new(request());
                request.set_timeout(Duration::from_secs(2));
                let Err(refused) = client.r#match(request).await else {
                    answered += 1;
                    continue;
                };
                let retry = refused.get_error_details().retry_info().cloned();
                if let Some(delay) = retry.and_then(|retry| retry.retry_delay).filter(|_| polite) {
                    tokio::time::sleep(delay).await;
                }
            }
            answered
        });
    }
    let begun = Instant::now();
    let answered: usize = callers.join_all().await.into_iter().sum();
    answered as f64 / begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long; make torture runs it"]
async fn a_crowd_with_deadlines_gets_most_of_the_capacity() {
    let server = Server::start(&[]).await;
    capacity(&server, 1).await;
    let before = capacity(&server, 5).await;
    let (polite, rude) = (crowd(&server, 8, true).await, crowd(&server, 8, false).await);
    let capacity = before.midpoint(capacity(&server, 5).await);
    println!("capacity {capacity:.1}/s, 64 callers {polite:.1}/s, {rude:.1}/s if they do not wait");
    assert!(polite >= 0.7 * capacity, "{polite} of {capacity}");
    assert!(rude >= 0.5 * capacity, "{rude} of {capacity}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_cannot_be_kept_is_refused_at_once_with_a_time_to_retry() {
    let server = Server::start(&["--workers", "1"]).await;
    let begun = Instant::now();
    server.client().await.r#match(request()).await.unwrap();
    let one = begun.elapsed();
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let mut client = server.client().await;
        callers.spawn(async move { client.r#match(request()).await });
    }
    tokio::time::sleep(one / 4).await;
    let mut hasty = Request::new(request());
    hasty.set_timeout(one * 2);
    let asked = Instant::now();
    let refused = server.client().await.r#match(hasty).await.unwrap_err();
    println!(
        "refused after {:?}; one answer takes {one:?}: {}",
        asked.elapsed(),
        refused.message()
    );
    assert_eq!(reason(&refused), "OVERLOADED");
    let retry = refused.get_error_details().retry_info().and_then(|retry| retry.retry_delay);
    assert!(retry.is_some_and(|retry| retry >= Duration::from_millis(100)), "{retry:?}");
    // Those who are patient are all answered.
    assert!(callers.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_has_gone_is_not_measured() {
    let server = Server::start(&["--workers", "1"]).await;
    let photos = || vec![bytes(PERSON).into(); 5];
    let five = || MatchRequest { photos: photos(), ..MatchRequest::default() };
    let mut client = server.client().await;
    client.r#match(five()).await.unwrap();
    let before = server.cpu_time();
    client.r#match(five()).await.unwrap();
    let whole = server.cpu_time_since(before);
    let before = server.cpu_time();
    for _ in 0..4 {
        let hurried = tokio::time::timeout(whole / 20, client.r#match(five())).await;
        assert!(hurried.is_err(), "five photos take longer");
    }
    // An honest request comes behind what is still being measured.
    client.r#match(request()).await.unwrap();
    let spent = server.cpu_time_since(before);
    println!("five photos cost {whole:?}; four callers who went away and one photo {spent:?}");
    assert!(spent < whole, "the photos of callers who have gone are measured");
}
