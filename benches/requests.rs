//! `Match` as clients see it: its own server, 200 requests one at a time and two at a time. Prints
//! the median and the 99th percentile. Then what the service costs: the same photos go to the server
//! and through the bare pipeline in turn. Finally a stream of many photos (`BatchMatch`) against the
//! bare pipeline on as many threads as the server has workers.

#[path = "../tests/it/common.rs"]
mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use mungpy::matching::{Matcher, Snapshot};
use mungpy_core::{
    resemblance::PersonEstimator,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::v1::{
    BatchMatchRequest, MatchRequest, batch_match_response::Result as Said,
    match_service_client::MatchServiceClient,
};
use tokio::{runtime, sync::Mutex};

use common::{TestServer, WORKERS, bytes, composite_catalogue, composites, person_extractor};

const REQUESTS: usize = 200;
/// Pairs taken in turn. Chance moves one by several times the difference.
const PAIRS: usize = 500;
const STREAMED: usize = 500;

#[tokio::main]
async fn main() {
    mungpy::vision::prepare_process();
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let photos: Vec<Vec<u8>> =
        composites("persons/").iter().map(|person| bytes(&person.photo)).collect();
    for concurrency in [1, 2] {
        let mut times = ask(&server, &photos, concurrency).await;
        println!(
            "Match, {REQUESTS} requests, {concurrency} at a time: p50 {:.1} ms, p99 {:.1} ms",
            quantile(&mut times, 0.5),
            quantile(&mut times, 0.99)
        );
    }
    let (mut served, mut bare) = tokio::task::block_in_place(|| in_turn(&server, &photos));
    let mut cost: Vec<f64> = served.iter().zip(&bare).map(|(served, bare)| served - bare).collect();
    println!(
        "in turn, {PAIRS} each: service p50 {:.2} ms, bare pipeline p50 {:.2} ms, \
         p50 of the difference {:.2} ms",
        quantile(&mut served, 0.5),
        quantile(&mut bare, 0.5),
        quantile(&mut cost, 0.5)
    );
    for _ in 0..3 {
        let streamed = stream(&server, &photos).await;
        let bare = tokio::task::block_in_place(|| on_all_workers(&photos));
        println!(
            "{STREAMED} photos: BatchMatch {streamed:.1} a second, bare pipeline on {WORKERS} threads \
             {bare:.1}: {:.1} %",
            100.0 * streamed / bare
        );
    }
    server.stop().await;
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// A request with one of the photos, in turn.
fn request(photos: &[Vec<u8>], number: usize) -> MatchRequest {
    let photo = photos[number % photos.len()].clone().into();
    MatchRequest { photos: vec![photo], ..MatchRequest::default() }
}

/// Milliseconds that each photo takes on the server, and through the pipeline that it calls. The
/// client has a thread of its own, as one in another process would: in the server's runtime, its
/// answers would wait for yet another thread to wake.
fn in_turn(server: &TestServer, photos: &[Vec<u8>]) -> (Vec<f64>, Vec<f64>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connect = MatchServiceClient::connect(server.url());
    let caller = thread::scope(|scope| {
        scope
            .spawn(|| {
                let mut client = runtime.block_on(connect).unwrap();
                let (matcher, snapshot) = pipeline();
                let mut extractor = person_extractor();
                let (mut served, mut bare) = (Vec::new(), Vec::new());
                for number in 0..PAIRS {
                    let request = request(photos, number);
                    let (own, start) = (request.clone(), Instant::now());
                    runtime.block_on(client.r#match(request)).unwrap();
                    served.push(1e3 * start.elapsed().as_secs_f64());
                    let start = Instant::now();
                    let question = matcher.question(&snapshot, own).unwrap();
                    matcher.answer(&mut extractor, &snapshot, &question, || true).unwrap();
                    bare.push(1e3 * start.elapsed().as_secs_f64());
                }
                (served, bare)
            })
            .join()
    });
    caller.unwrap()
}

/// What the server calls for each photo.
fn pipeline() -> (Matcher, Snapshot) {
    let (questionnaire, persons) =
        (Questionnaire::default(), PersonEstimator::shipped().population);
    let snapshot = Snapshot::of(composite_catalogue(), &questionnaire, &persons);
    (Matcher::new(questionnaire, Policy::default(), &persons), snapshot)
}

/// Photos a second that one stream to the server is answered.
async fn stream(server: &TestServer, photos: &[Vec<u8>]) -> f64 {
    let mut client = MatchServiceClient::connect(server.url()).await.unwrap();
    let photos = photos.to_vec();
    let items = (0..STREAMED).map(move |number| {
        let request = Some(request(&photos, number));
        BatchMatchRequest { id: number.to_string(), request, newest_catalogue: false }
    });
    let start = Instant::now();
    let answers = client.batch_match(tokio_stream::iter(items)).await.unwrap();
    let mut answers = answers.into_inner();
    let mut count = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(matches!(answer.result, Some(Said::Response(_))));
        count += 1;
    }
    assert_eq!(count, STREAMED);
    STREAMED as f64 / start.elapsed().as_secs_f64()
}

/// Photos a second that go through the bare pipeline on a thread for each worker.
fn on_all_workers(photos: &[Vec<u8>]) -> f64 {
    let (matcher, snapshot) = pipeline();
    let extractors: Vec<_> = (0..WORKERS).map(|_| person_extractor()).collect();
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    thread::scope(|scope| {
        for mut extractor in extractors {
            let (matcher, snapshot, next) = (&matcher, &snapshot, &next);
            scope.spawn(move || {
                while let number @ 0..STREAMED = next.fetch_add(1, Ordering::Relaxed) {
                    let question = matcher.question(snapshot, request(photos, number)).unwrap();
                    matcher.answer(&mut extractor, snapshot, &question, || true).unwrap();
                }
            });
        }
    });
    STREAMED as f64 / start.elapsed().as_secs_f64()
}

/// Milliseconds taken by each request.
async fn ask(server: &TestServer, photos: &[Vec<u8>], concurrency: usize) -> Vec<f64> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..concurrency)
        .map(|first| {
            let (url, photos, times) = (server.url(), photos.to_vec(), Arc::clone(&times));
            tokio::spawn(async move {
                let mut client = MatchServiceClient::connect(url).await.unwrap();
                for number in (first..REQUESTS).step_by(concurrency) {
                    let request = request(&photos, number);
                    let start = Instant::now();
                    client.r#match(request).await.unwrap();
                    times.lock().await.push(1e3 * start.elapsed().as_secs_f64());
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    Arc::into_inner(times).unwrap().into_inner()
}
