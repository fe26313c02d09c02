//! A person leaves no trace in the gateway: nothing of a request or an answer is in its log, its
//! metrics or its traces, at any level.

use std::{fs, net::SocketAddr, process};

use reqwest::multipart::Form;

use crate::{
    collector::Collector,
    common::{client, get, image, post},
    engine::Engine,
    gateway::Gateway,
};

const IMAGE_ID: &str = "holiday-in-jeju-4711";
const PHOTO: &str = "photo-of-a-person-4711";
const OPS_TOKEN: &str = "ops-secret-0123456789abcdef";
/// What no log line, no metric and no span may tell.
const SECRETS: [&str; 11] = [
    IMAGE_ID,
    PHOTO,
    OPS_TOKEN,
    "nobody-4711",
    "낯가림",
    "제주특별자치도",
    "311.25",
    "287.75",
    // What the engine answers.
    "dog-1.jpg",
    "보리",
    "a wide nose",
];

fn wishes() -> Form {
    Form::new()
        .text("imageId", IMAGE_ID)
        .part("image", image(PHOTO))
        .text("temperament", r#"{"sociability": "낯가림"}"#)
        .text("attributes", r#"{"region": ["제주특별자치도"]}"#)
        .text("excludeDogIds", r#"["nobody-4711"]"#)
        .text("face", r#"[{"x": 311.25, "y": 287.75}]"#)
        .text("detail", "true")
}

async fn ask_everything(gateway: SocketAddr) {
    let answer = post(gateway, "/api/v1/similar-dog", wishes()).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let refused = wishes().text("top", "nobody-4711");
    assert_eq!(post(gateway, "/api/v1/similar-dog", refused).await.status(), 422);
    let photo = Form::new().part("image", image(PHOTO));
    assert_eq!(post(gateway, "/api/v1/describe?lang=ko", photo).await.status(), 200);
    let old = Form::new().text("imageId", IMAGE_ID).part("image", image(PHOTO));
    let old = old.text("personality", r#"["낯가림"]"#);
    assert_eq!(post(gateway, "/dog", old).await.status(), 200);
    let line = format!(r#"{{"id":"{IMAGE_ID}","images":["cGhvdG8="],"top":2}}"#);
    let batch = client().post(format!("http://{gateway}/api/v1/similar-dog/batch"));
    let batch = batch.header("content-type", "application/x-ndjson").body(line);
    let said = batch.send().await.unwrap().text().await.unwrap();
    assert!(said.contains(IMAGE_ID), "{said}");
    assert_eq!(get(gateway, "/api/v1/dogs/nobody-4711").await.status(), 404);
    let status = client().get(format!("http://{gateway}/api/v1/ops/status"));
    assert_eq!(status.bearer_auth(OPS_TOKEN).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_is_in_the_log_the_metrics_or_the_traces_at_any_level() {
    let engine = Engine::start().await;
    let collector = Collector::start();
    let token = format!("{}/ops-token-{}", env!("CARGO_TARGET_TMPDIR"), process::id());
    fs::write(&token, OPS_TOKEN).unwrap();
    let upstream = format!("http://{}", engine.address);
    let arguments = ["--otlp", &collector.url, "--compat", "--ops-token", &token];
    let gateway = Gateway::start_telling_all(&upstream, &arguments);
    ask_everything(gateway.address).await;
    let metrics = get(gateway.address, "/metrics").await.text().await.unwrap();
    let log = tokio::task::block_in_place(|| gateway.log());
    fs::remove_file(&token).unwrap();
    assert!(log.contains("http.route=\"/api/v1/similar-dog\""), "{log}");
    assert!(metrics.contains("http_route=\"/api/v1/similar-dog\""), "{metrics}");
    assert!(collector.spans("POST /api/v1/similar-dog") >= 2);
    let traces = String::from_utf8_lossy(&collector.received()).into_owned();
    for (name, text) in [("log", log), ("metrics", metrics), ("traces", traces)] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} is in the {name}");
        }
    }
}
