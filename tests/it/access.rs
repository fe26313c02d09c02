//! Who may call the server, and what an operator sees of it.

use std::{fs, num::NonZeroU32, path::Path, time::Duration};

use mungpy::{
    catalogue::Catalogue,
    service::{Guard, LIVENESS, Terms},
};
use mungpy_proto::v1::{
    DeleteDogsRequest, GetCatalogueRequest, GetStatusRequest, ListDogsRequest, MatchRequest,
    catalogue_service_client::CatalogueServiceClient, match_service_client::MatchServiceClient,
    operations_service_client::OperationsServiceClient,
};
use mungpy_transport::{RateLimit, Tls, Tokens};
use tonic::{
    Code, Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Identity},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

use crate::common::{TOKEN, TestServer, bytes, composite_catalogue};

const MATCHING: &str = "matching-0123456789";
const READING: &str = "reading-0123456789";

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().cloned().expect("an ErrorInfo").reason
}

async fn channel(server: &TestServer) -> Channel {
    Channel::from_shared(server.url()).unwrap().connect().await.unwrap()
}

fn photo() -> MatchRequest {
    let photos = vec![bytes("persons/wide-set-eyes.jpg").into()];
    MatchRequest { photos, ..MatchRequest::default() }
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn guarded(folder: &Path) -> Terms {
    let file = folder.join("tokens.toml");
    let text = format!(
        "[[token]]\nname = \"m\"\ntoken = \"{MATCHING}\"\nscopes = [\"match\"]\n\
         [[token]]\nname = \"r\"\ntoken = \"{READING}\"\nscopes = [\"catalogue:read\"]\n"
    );
    fs::write(&file, text).unwrap();
    let tokens = Some(Tokens::load(&file).unwrap());
    Terms { guard: Guard { tokens, rate: None }, ..Terms::default() }
}

#[tokio::test]
async fn each_token_opens_what_its_scopes_say() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_on(guarded(folder.path()), Some(&composite_catalogue())).await;
    let channel = channel(&server).await;
    let mut matching = MatchServiceClient::new(channel.clone());
    let mut catalogue = CatalogueServiceClient::new(channel.clone());
    let missing = matching.r#match(photo()).await.unwrap_err();
    assert_eq!((missing.code(), reason(&missing)), (Code::Unauthenticated, "TOKEN_MISSING".into()));
    let wrong = matching.r#match(with_token(photo(), "wrong-0123456789")).await.unwrap_err();
    assert_eq!(reason(&wrong), "TOKEN_REFUSED");
    let other = matching.r#match(with_token(photo(), READING)).await.unwrap_err();
    assert_eq!((other.code(), reason(&other)), (Code::PermissionDenied, "SCOPE_MISSING".into()));
    matching.r#match(with_token(photo(), MATCHING)).await.unwrap();
    for token in [MATCHING, READING] {
        catalogue.get_catalogue(with_token(GetCatalogueRequest {}, token)).await.unwrap();
    }
    let list = catalogue.list_dogs(with_token(ListDogsRequest::default(), MATCHING)).await;
    assert_eq!(reason(&list.unwrap_err()), "SCOPE_MISSING");
    let delete = with_token(DeleteDogsRequest::default(), READING);
    assert_eq!(reason(&catalogue.delete_dogs(delete).await.unwrap_err()), "SCOPE_MISSING");
    let mut health = HealthClient::new(channel);
    health.check(HealthCheckRequest { service: String::new() }).await.unwrap();
    assert!(!format!("{missing:?}{wrong:?}{other:?}").contains("0123456789"), "no token is echoed");
    server.stop().await;
}

#[tokio::test]
async fn without_tokens_nobody_writes() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let mut catalogue = CatalogueServiceClient::new(channel(&server).await);
    let refused = catalogue.delete_dogs(DeleteDogsRequest::default()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::PermissionDenied, "WRITES_OFF".into()));
    server.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let rate = Some(RateLimit::new(NonZeroU32::new(1).unwrap()));
    let terms = Terms { guard: Guard { tokens: None, rate }, ..Terms::default() };
    let server = TestServer::start_on(terms, Some(&composite_catalogue())).await;
    let mut catalogue = CatalogueServiceClient::new(channel(&server).await);
    let mut refused = None;
    for _ in 0..10 {
        refused = refused.or(catalogue.get_catalogue(GetCatalogueRequest {}).await.err());
    }
    let refused = refused.expect("ten requests at once are more than one a second");
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::ResourceExhausted, "RATE_LIMITED".into())
    );
    assert!(refused.get_error_details().retry_info().is_some());
    server.stop().await;
}

/// A certificate of an authority, its key, and the authority, all in PEM.
struct Certified {
    certificate: String,
    key: String,
    authority: String,
}

fn certified() -> Certified {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
    let own = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&own, &authority).unwrap();
    Certified {
        certificate: certificate.pem(),
        key: own.serialize_pem(),
        authority: authority.pem(),
    }
}

#[tokio::test]
async fn with_tls_only_callers_with_a_certificate_of_the_authority_are_served() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (of_server, of_caller, of_stranger) = (certified(), certified(), certified());
    let certificate = write("cert.pem", &of_server.certificate);
    let key = write("key.pem", &of_server.key);
    let authority = write("ca.pem", &of_caller.authority);
    let tls = Some(Tls::load(&certificate, &key, Some(&authority)).unwrap());
    let terms = Terms { tls, ..Terms::default() };
    let server = TestServer::start_on(terms, Some(&composite_catalogue())).await;
    let call = async |caller: Option<&Certified>| {
        let trusted = Certificate::from_pem(&of_server.authority);
        let mut config = ClientTlsConfig::new().ca_certificate(trusted).domain_name("localhost");
        if let Some(Certified { certificate, key, .. }) = caller {
            config = config.identity(Identity::from_pem(certificate, key));
        }
        let url = format!("https://{}", server.address);
        let endpoint = Channel::from_shared(url).unwrap().tls_config(config).unwrap();
        let channel = endpoint.connect().await.map_err(|error| error.to_string())?;
        let mut catalogue = CatalogueServiceClient::new(channel);
        catalogue.get_catalogue(GetCatalogueRequest {}).await.map_err(|error| error.to_string())
    };
    call(Some(&of_caller)).await.unwrap();
    assert!(call(None).await.is_err());
    assert!(call(Some(&of_stranger)).await.is_err());
    assert!(
        Channel::from_shared(server.url()).unwrap().connect().await.is_err() || {
            let mut plain = CatalogueServiceClient::connect(server.url()).await.unwrap();
            plain.get_catalogue(GetCatalogueRequest {}).await.is_err()
        }
    );
    server.stop().await;
}

#[tokio::test]
async fn liveness_is_no_readiness() {
    let terms = Terms { max_catalogue_age: Some(Duration::from_secs(3600)), ..Terms::default() };
    let old = Catalogue {
        published_at: chrono::Utc::now() - chrono::TimeDelta::hours(2),
        ..composite_catalogue()
    };
    let server = TestServer::start_on(terms, Some(&old)).await;
    let mut health = HealthClient::new(channel(&server).await);
    let mut ask = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        health.check(request).await.unwrap().into_inner().status()
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ask(LIVENESS).await, ServingStatus::Serving);
    assert_eq!(ask("").await, ServingStatus::NotServing, "the catalogue is too old");
    Catalogue { version: 2, ..composite_catalogue() }
        .publish(&server.data_dir.catalogue_path())
        .unwrap();
    while ask("").await != ServingStatus::Serving {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_keeps_its_id_and_is_counted() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let channel = channel(&server).await;
    let mut matching = MatchServiceClient::new(channel.clone());
    let named = |message| {
        let mut request = Request::new(message);
        request.metadata_mut().insert("x-request-id", "order-7".parse().unwrap());
        request
    };
    let answer = matching.r#match(named(photo())).await.unwrap();
    assert_eq!(answer.metadata().get("x-request-id").unwrap(), "order-7");
    let refused = matching.r#match(named(MatchRequest::default())).await.unwrap_err();
    let details = refused.get_error_details();
    assert_eq!(details.request_info().unwrap().request_id, "order-7");
    let mut operations = OperationsServiceClient::new(channel);
    let status = operations.get_status(GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.workers, status.answered, status.answers_of_day), (2, 1, 1));
    assert_eq!(status.refused, [("NO_PHOTO".to_owned(), 1)].into());
    assert_eq!(status.most_answered[0].dog_id, answer.get_ref().dog_id);
    assert!(status.p50_ms > 0.0 && status.p99_ms >= status.p50_ms);
    let scraped = server.metrics.render();
    for line in [
        "rpc_method=\"mungpy.v1.MatchService/Match\",rpc_response_status_code=\"OK\"",
        "mungpy_requests_refused_total{reason=\"NO_PHOTO\"} 1",
        "mungpy_stage_duration_seconds_count{stage=\"landmarks\"} 1",
        "mungpy_workers 2",
        "mungpy_catalogue_dogs 1",
        "mungpy_dog_answers 1",
    ] {
        assert!(scraped.contains(line), "{line}\n{scraped}");
    }
    server.stop().await;
}

/// Even if its request is still arriving.
#[tokio::test]
async fn a_call_ends_at_its_deadline() {
    let terms = crate::common::with_token();
    let server = TestServer::start_on(terms, Some(&composite_catalogue())).await;
    let socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    for method in ["CatalogueService/UpsertDogs", "OperationsService/GetStatus"] {
        let request = http::Request::post(format!("{}/mungpy.v1.{method}", server.url()))
            .header("content-type", "application/grpc")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("grpc-timeout", "200m")
            .body(())
            .unwrap();
        let (answered, _open) = client.send_request(request, false).unwrap();
        let answer = answered.await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::DeadlineExceeded, "DEADLINE_PASSED")
        );
    }
    server.stop().await;
}
