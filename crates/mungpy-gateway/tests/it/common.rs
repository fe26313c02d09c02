//! A gateway in this process, in front of an engine of [`crate::engine`].

use std::net::SocketAddr;

use mungpy_gateway::Settings;
use reqwest::{
    Client, Response,
    multipart::{Form, Part},
};
use serde_json::Value;
use tokio::net::TcpListener;

/// Starts a gateway with the usual settings and some others.
pub(super) async fn start(upstream: &str, change: impl FnOnce(&mut Settings)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut settings = Settings::for_engine(upstream);
    change(&mut settings);
    tokio::spawn(async move {
        mungpy_gateway::serve_with(settings, listener, std::future::pending()).await.unwrap();
    });
    address
}

/// A client for plain addresses. Its TLS needs a provider of cryptography all the same.
pub(super) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

pub(super) async fn get(gateway: SocketAddr, path: &str) -> Response {
    client().get(format!("http://{gateway}{path}")).send().await.unwrap()
}

pub(super) async fn post(gateway: SocketAddr, path: &str, form: Form) -> Response {
    client().post(format!("http://{gateway}{path}")).multipart(form).send().await.unwrap()
}

pub(super) fn image(bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name("me.jpg").mime_str("image/jpeg").unwrap()
}

/// The form of the contract.
pub(super) fn form(photo: impl Into<Vec<u8>>) -> Form {
    Form::new().text("imageId", "me.jpg").part("image", image(photo))
}

pub(super) async fn json(response: Response) -> Value {
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    assert_eq!(response.headers()["content-type"], "application/json");
    response.json().await.unwrap()
}

pub(super) async fn assert_problem(response: Response, status: u16, reason: &str) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{reason}");
    let code = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    assert_eq!((code, problem["reason"].as_str()), (status, Some(reason)), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    assert!(problem["type"].as_str().unwrap().starts_with("urn:mungpy:problem:"));
    problem
}
