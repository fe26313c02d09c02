//! What the server says of itself while it runs: its catalogue grows too old, or its end is near.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use mungpy::{
    catalogue::Catalogue,
    service::{LIVENESS, Terms},
};
use mungpy_proto::v1::{MatchRequest, match_service_client::MatchServiceClient};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::common::{TestServer, bytes, composite_catalogue};

/// What does not come by then never does.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

type Health = HealthClient<Channel>;

async fn health(url: &str) -> Health {
    HealthClient::new(Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap())
}

/// What is said of a name.
async fn said(health: &mut Health, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.to_owned() };
    health.check(request).await.unwrap().into_inner().status()
}

/// Waits until the server says this of itself as a whole.
async fn until(health: &mut Health, wanted: ServingStatus) {
    let looking = async {
        while said(health, "").await != wanted {
            sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("it never says {wanted:?}"));
}

/// Asks over a new connection.
async fn ask(url: &str) {
    let photos = vec![bytes("persons/wide-set-eyes.jpg").into()];
    let request = MatchRequest { photos, ..MatchRequest::default() };
    let mut client = MatchServiceClient::connect(url.to_owned()).await.unwrap();
    assert!(!client.r#match(request).await.unwrap().into_inner().dog_id.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_that_grows_too_old_while_it_is_served_makes_the_server_unready() {
    let hour = Duration::from_secs(3600);
    let terms = Terms { max_catalogue_age: Some(hour), ..Terms::default() };
    let server = TestServer::start_on(terms, None).await;
    let mut health = health(&server.url()).await;
    assert_eq!(said(&mut health, "").await, ServingStatus::NotServing);
    // Six seconds are enough for the server to load it before it is too old.
    let nearly_old = Catalogue {
        published_at: Utc::now() - TimeDelta::seconds(3600 - 6),
        ..composite_catalogue()
    };
    nearly_old.publish(&server.data_dir.catalogue_path()).unwrap();
    until(&mut health, ServingStatus::Serving).await;
    until(&mut health, ServingStatus::NotServing).await;
    assert_eq!(said(&mut health, LIVENESS).await, ServingStatus::Serving);
    // Who asks all the same is answered.
    ask(&server.url()).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_and_answers_for_a_while_before_it_closes() {
    let terms = Terms { drain_pause: Duration::from_secs(5), ..Terms::default() };
    let server = TestServer::start_on(terms, Some(&composite_catalogue())).await;
    let (url, address) = (server.url(), server.address);
    let mut health = health(&url).await;
    until(&mut health, ServingStatus::Serving).await;
    let stopping = tokio::spawn(server.stop());
    until(&mut health, ServingStatus::NotServing).await;
    assert_eq!(said(&mut health, LIVENESS).await, ServingStatus::Serving);
    ask(&url).await;
    assert_eq!(said(&mut health, "").await, ServingStatus::NotServing);
    assert!(!stopping.is_finished());
    let closing = async {
        while TcpStream::connect(address).await.is_ok() {
            sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, closing).await.expect("no connection is taken after the pause");
    timeout(PATIENCE, stopping).await.expect("the server ends").unwrap();
}
