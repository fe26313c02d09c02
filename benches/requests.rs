//! `Match` as clients see it: its own server, 200 requests one at a time and two at a time. Prints
//! the median and the 99th percentile. Then what the service costs: the same photos go to the server
//! and through the bare pipeline in turn.

#[path = "../tests/it/common.rs"]
mod common;

use std::{sync::Arc, time::Instant};

use mungpy::matching::{Matcher, Snapshot};
use mungpy_core::{
    resemblance::PersonEstimator,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::v1::{MatchRequest, match_service_client::MatchServiceClient};
use tokio::sync::Mutex;

use common::{TestServer, bytes, composite_catalogue, composites, person_extractor};

const REQUESTS: usize = 200;
/// As many in turn, because the difference is a fraction of what chance adds to one.
const PAIRS: usize = 500;

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
    let (mut served, mut bare) = in_turn(&server, &photos).await;
    let mut cost: Vec<f64> = served.iter().zip(&bare).map(|(served, bare)| served - bare).collect();
    println!(
        "in turn, {PAIRS} each: service p50 {:.2} ms, bare pipeline p50 {:.2} ms, \
         p50 of the difference {:.2} ms",
        quantile(&mut served, 0.5),
        quantile(&mut bare, 0.5),
        quantile(&mut cost, 0.5)
    );
    server.stop().await;
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// Milliseconds that each photo takes on the server, and through the pipeline that it calls.
async fn in_turn(server: &TestServer, photos: &[Vec<u8>]) -> (Vec<f64>, Vec<f64>) {
    let mut client = MatchServiceClient::connect(server.url()).await.unwrap();
    let (questionnaire, persons) =
        (Questionnaire::default(), PersonEstimator::shipped().population);
    let snapshot = Snapshot::of(composite_catalogue(), &questionnaire, &persons);
    let matcher = Matcher::new(questionnaire, Policy::default(), &persons);
    let mut extractor = person_extractor();
    let (mut served, mut bare) = (Vec::new(), Vec::new());
    for number in 0..PAIRS {
        let photo = photos[number % photos.len()].clone().into();
        let request = MatchRequest { photos: vec![photo], ..MatchRequest::default() };
        let (own, start) = (request.clone(), Instant::now());
        client.r#match(request).await.unwrap();
        served.push(1e3 * start.elapsed().as_secs_f64());
        let start = Instant::now();
        let question = matcher.question(&snapshot, own).unwrap();
        matcher.answer(&mut extractor, &snapshot, &question, || true).unwrap();
        bare.push(1e3 * start.elapsed().as_secs_f64());
    }
    (served, bare)
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
                    let photo = photos[number % photos.len()].clone().into();
                    let request = MatchRequest { photos: vec![photo], ..MatchRequest::default() };
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
