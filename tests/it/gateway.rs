//! The REST sidecar in front of a real gRPC server, each on its own port.

use std::net::SocketAddr;

use mungpy_proto::v1::{MatchRequest, match_service_client::MatchServiceClient};
use reqwest::{
    Client, Response,
    multipart::{Form, Part},
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::common::{TestServer, bytes, composite_catalogue};

const PERSON: &str = "persons/long-nose.jpg";

async fn start_gateway(upstream: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        mungpy_gateway::serve(listener, &upstream, std::future::pending()).await.unwrap();
    });
    address
}

fn image(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("me.jpg").mime_str("image/jpeg").unwrap()
}

fn form(photo: Vec<u8>) -> Form {
    Form::new().text("imageId", "me.jpg").part("image", image(photo))
}

async fn post(gateway: SocketAddr, form: Form) -> Response {
    let url = format!("http://{gateway}/api/v1/similar-dog");
    http_client().post(url).multipart(form).send().await.unwrap()
}

async fn assert_problem(response: Response, status: u16, reason: &str) {
    assert_eq!(response.status().as_u16(), status, "{reason}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["reason"], reason);
    assert_eq!(problem["status"], status);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    assert!(problem["type"].as_str().unwrap().starts_with("urn:mungpy:problem:"));
}

/// A client for plain addresses. Its TLS needs a provider of cryptography all the same.
fn http_client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

#[tokio::test]
async fn the_answer_is_the_contract_byte_for_byte() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let gateway = start_gateway(server.url()).await;
    let response = post(gateway, form(bytes(PERSON))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body = response.text().await.unwrap();
    let mut client = MatchServiceClient::connect(server.url()).await.unwrap();
    let photos = vec![bytes(PERSON).into()];
    let request = MatchRequest { photos, ..MatchRequest::default() };
    let dog = client.r#match(request).await.unwrap().into_inner();
    assert_eq!(body, format!("{{\"dogImageId\":\"{}\"}}", dog.dog_image_id));
    let ready = http_client().get(format!("http://{gateway}/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn png_is_taken_and_field_order_does_not_matter() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let gateway = start_gateway(server.url()).await;
    let photo = Part::bytes(bytes("photos/sixteen-bit.png")).file_name("me.png");
    let reversed = Form::new().part("image", photo).text("imageId", "me.png");
    assert_eq!(post(gateway, reversed).await.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn faults_of_the_caller_are_problems_with_a_reason() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let gateway = start_gateway(server.url()).await;
    assert_problem(post(gateway, form(Vec::new())).await, 422, "PHOTO_EMPTY").await;
    assert_problem(post(gateway, form(b"text".to_vec())).await, 422, "PHOTO_FORMAT_UNSUPPORTED")
        .await;
    assert_problem(post(gateway, form(bytes("photos/cat.jpg"))).await, 422, "NO_FACE").await;
    let no_id = Form::new().part("image", image(bytes(PERSON)));
    assert_problem(post(gateway, no_id).await, 400, "FIELD_MISSING").await;
    let no_image = Form::new().text("imageId", "me.jpg");
    assert_problem(post(gateway, no_image).await, 400, "FIELD_MISSING").await;
    let twice = form(bytes(PERSON)).text("imageId", "again");
    assert_problem(post(gateway, twice).await, 400, "FIELD_REPEATED").await;
    let large = post(gateway, form(vec![0xFF; 11 * 1024 * 1024])).await;
    assert_problem(large, 413, "PHOTO_TOO_MANY_BYTES").await;
    let url = format!("http://{gateway}/api/v1/similar-dog");
    let json = http_client().post(&url).body("{}").send().await.unwrap();
    assert_problem(json, 415, "FORM_EXPECTED").await;
    assert_problem(http_client().get(&url).send().await.unwrap(), 405, "METHOD_NOT_ALLOWED").await;
    let nothing = http_client().get(format!("http://{gateway}/nothing")).send().await.unwrap();
    assert_problem(nothing, 404, "NOT_FOUND").await;
    server.stop().await;
}

#[tokio::test]
async fn an_engine_that_is_away_is_said_to_be() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gateway = start_gateway(format!("http://{unused}")).await;
    assert_problem(post(gateway, form(bytes(PERSON))).await, 503, "ENGINE_UNREACHABLE").await;
    let ready = http_client().get(format!("http://{gateway}/readyz")).send().await.unwrap();
    assert_problem(ready, 503, "ENGINE_UNREACHABLE").await;
    let alive = http_client().get(format!("http://{gateway}/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200);
}

#[tokio::test]
async fn an_engine_without_a_catalogue_is_not_ready() {
    let server = TestServer::start(None).await;
    let gateway = start_gateway(server.url()).await;
    assert_problem(post(gateway, form(bytes(PERSON))).await, 503, "CATALOGUE_NOT_PUBLISHED").await;
    server.stop().await;
}
