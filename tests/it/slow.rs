//! Callers who send many requests in one call and do not take the answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mungpy_proto::v1::{
    BatchMatchRequest, MatchRequest, batch_match_response::Result as Outcome,
    match_service_client::MatchServiceClient,
};
use tonic::transport::Channel;

use crate::{
    common::{TestServer, composite_catalogue, composites},
    match_service::given,
};

const ITEMS: usize = 300;
/// Bytes of answers that may be on their way to the caller.
const WINDOW: u32 = 65_535;

/// A request of 200 kB for an answer of many kB. It has landmarks in place of photos, so that only
/// the caller holds up its answer.
fn request() -> MatchRequest {
    MatchRequest {
        landmarks: vec![given(&composites("persons/")[0].landmarks())],
        excluded_dog_ids: vec!["x".repeat(1000); 200],
        top: 100,
        detail: true,
        ..MatchRequest::default()
    }
}

/// Waits until a count stays as it is for a second, and returns it.
async fn settled(count: &AtomicUsize) -> usize {
    let mut before = 0;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = count.load(Ordering::Relaxed);
        if now > 0 && now == before {
            return now;
        }
        before = now;
    }
    panic!("it never settles");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_answers_is_asked_for_no_more_items() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let endpoint = Channel::from_shared(server.url()).unwrap();
    let endpoint = endpoint.initial_stream_window_size(WINDOW);
    let mut client = MatchServiceClient::new(endpoint.connect().await.unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let (request, counted) = (request(), Arc::clone(&sent));
    let items = (0..ITEMS).map(move |number| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (id, request) = (number.to_string(), Some(request.clone()));
        BatchMatchRequest { id, request, newest_catalogue: false }
    });
    let mut answers = client.batch_match(tokio_stream::iter(items)).await.unwrap().into_inner();
    let asked = settled(&sent).await;
    println!("{asked} of {ITEMS} items were sent before the first answer was taken");
    // Two are under way for each worker; the others are on the network, or their answers are.
    assert!(asked < ITEMS / 3, "{asked} of {ITEMS}");
    for number in 0..ITEMS {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.id, number.to_string());
        assert!(matches!(answer.result, Some(Outcome::Response(_))), "{answer:?}");
    }
    assert!(answers.message().await.unwrap().is_none());
    assert_eq!(sent.load(Ordering::Relaxed), ITEMS);
    server.stop().await;
}
