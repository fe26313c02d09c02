//! `Match` as clients see it: its own server, 200 requests one at a time and two at a time. Prints
//! the median and the 99th percentile.

#[path = "../tests/it/common.rs"]
mod common;

use std::{sync::Arc, time::Instant};

use mungpy_proto::v1::{MatchRequest, match_service_client::MatchServiceClient};
use tokio::sync::Mutex;

use common::{TestServer, bytes, composite_catalogue, composites};

const REQUESTS: usize = 200;

#[tokio::main]
async fn main() {
    mungpy::vision::prepare_process();
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let photos: Vec<Vec<u8>> =
        composites("persons/").iter().map(|person| bytes(&person.photo)).collect();
    for concurrency in [1, 2] {
        let mut times = ask(&server, &photos, concurrency).await;
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        println!(
            "Match, {REQUESTS} requests, {concurrency} at a time: p50 {:.1} ms, p99 {:.1} ms",
            at(0.5),
            at(0.99)
        );
    }
    server.stop().await;
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
