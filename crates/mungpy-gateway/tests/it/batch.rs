//! `POST /api/v1/similar-dog/batch`.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Body, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

use crate::{
    common::{assert_problem, client, form, post, start},
    engine::{Engine, LARGE},
};

fn line(id: &str, photo: &str) -> String {
    format!("{}\n", json!({"id": id, "image": STANDARD.encode(photo)}))
}

async fn send(gateway: std::net::SocketAddr, body: impl Into<Body>) -> Response {
    let request = client().post(format!("http://{gateway}/api/v1/similar-dog/batch"));
    request.header("content-type", "application/x-ndjson").body(body).send().await.unwrap()
}

fn answers(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn each_line_has_its_answer_in_order() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let detailed = json!({
        "id": "c", "images": [STANDARD.encode("x"), STANDARD.encode("y")], "detail": true,
        "temperament": ["낯가림"], "region": "경기도", "top": 2,
    });
    let body = [
        line("a", "x"),
        line("b", "NO_FACE"),
        "\n".to_owned(),
        format!("{detailed}\n"),
        "no json\n".to_owned(),
        "{\"id\": \"e\"}\n".to_owned(),
        "{\"id\": \"f\", \"image\": \"%\"}\n".to_owned(),
        json!({"image": STANDARD.encode("x")}).to_string(),
    ];
    let response = send(gateway, body.concat()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let answers = answers(&response.text().await.unwrap());
    assert_eq!(answers[0], json!({"id": "a", "dogImageId": "dog-1.jpg"}));
    let reason = |index: usize| (&answers[index]["id"], &answers[index]["problem"]["reason"]);
    assert_eq!(reason(1), (&json!("b"), &json!("NO_FACE")));
    assert_eq!(answers[2]["matches"].as_array().unwrap().len(), 2);
    assert_eq!(answers[2]["photos"].as_array().unwrap().len(), 2);
    assert_eq!(reason(3), (&json!("4"), &json!("FIELD_INVALID")));
    assert_eq!(reason(4), (&json!("e"), &json!("FIELD_MISSING")));
    assert_eq!(reason(5), (&json!("f"), &json!("FIELD_INVALID")));
    assert_eq!(answers[6], json!({"id": "7", "dogImageId": "dog-1.jpg"}));
    assert_eq!(answers.len(), 7);
}

#[tokio::test]
async fn answers_come_while_lines_are_still_sent() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let (lines, stream) = mpsc::channel::<Result<String, std::io::Error>>(1);
    let body = Body::wrap_stream(ReceiverStream::new(stream));
    lines.send(Ok(line("1", "x"))).await.unwrap();
    let mut answer = send(gateway, body).await.bytes_stream();
    assert!(answer.next().await.unwrap().unwrap().starts_with(b"{\"id\":\"1\""));
    lines.send(Ok(line("2", "x"))).await.unwrap();
    assert!(answer.next().await.unwrap().unwrap().starts_with(b"{\"id\":\"2\""));
    drop(lines);
    assert!(answer.next().await.is_none());
}

#[tokio::test]
async fn a_reader_who_stops_stops_the_sender() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let photo = "x".repeat(200_000);
    let (lines, stream) = mpsc::channel::<Result<String, std::io::Error>>(1);
    let sender = tokio::spawn(async move {
        let mut sent = 0;
        while sent < 2000 && lines.send(Ok(line(&sent.to_string(), &photo))).await.is_ok() {
            sent += 1;
        }
        sent
    });
    let response = send(gateway, Body::wrap_stream(ReceiverStream::new(stream))).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = engine.items();
    assert!(asked < 2000, "nobody reads, and {asked} of 2000 were asked for");
    let text = response.text().await.unwrap();
    assert_eq!((sender.await.unwrap(), answers(&text).len()), (2000, 2000));
}

#[tokio::test]
async fn a_long_stream_needs_no_more_memory_than_it_may() {
    let engine = Engine::start().await;
    let small = 24 * mungpy_transport::MIB;
    let gateway = start(&engine.url(), |settings| settings.limits.body_memory = small).await;
    // 60 MiB go through 24 MiB.
    let photo = "x".repeat(mungpy_transport::MIB);
    let (lines, stream) = mpsc::channel::<Result<String, std::io::Error>>(1);
    tokio::spawn(async move {
        for number in 0..60 {
            lines.send(Ok(line(&number.to_string(), &photo))).await.unwrap();
        }
    });
    let response = send(gateway, Body::wrap_stream(ReceiverStream::new(stream))).await;
    let answers = answers(&response.text().await.unwrap());
    let refused: Vec<_> = answers.iter().filter(|answer| answer.get("problem").is_some()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(answers.len(), 60);
}

#[tokio::test]
async fn the_last_line_of_a_stream_that_breaks_has_an_empty_id() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    for (photo, reason) in [("end", "ENGINE_FAILED"), ("break", "ENGINE_FAILED")] {
        let lines = [line("a", "x"), line("b", photo), line("c", "x")].concat();
        let answers = answers(&send(gateway, lines).await.text().await.unwrap());
        assert_eq!(answers[0], json!({"id": "a", "dogImageId": "dog-1.jpg"}));
        let said = |index: usize| (&answers[index]["id"], &answers[index]["problem"]["reason"]);
        assert_eq!(said(1), (&json!("b"), &json!(reason)), "{photo}");
        assert_eq!(said(2), (&json!(""), &json!(reason)), "{photo}");
        assert_eq!(answers.len(), 3, "{photo}");
    }
}

/// Frames on a stream that was cut off count against the connection to the engine, which all callers
/// share.
#[tokio::test]
async fn every_stream_to_the_engine_comes_to_its_end() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let asked = [line("a", "x"), "no json\n".to_owned()].concat();
    for (number, lines) in (1..).zip([asked, line("b", "NO_FACE"), "{}\n".to_owned()]) {
        let answered = send(gateway, lines).await.text().await.unwrap();
        assert_eq!((engine.ended(), answered.is_empty()), (number, false));
    }
}

/// What a caller does not read waits in the gateway, and fills the connection to the engine.
#[tokio::test]
async fn batches_that_nobody_reads_hold_up_nobody_else() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let asked = json!({"id": "a", "image": STANDARD.encode(LARGE), "detail": true, "top": 100});
    let lines = format!("{asked}\n").repeat(200);
    let mut unread = Vec::new();
    for _ in 0..8 {
        unread.push(send(gateway, lines.clone()).await);
    }
    let mut answered = 0;
    while answered == 0 || engine.items() > answered {
        answered = engine.items();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(answered < 8 * 200, "somebody has read them");
    let asking = post(gateway, "/api/v1/similar-dog", form("x"));
    let answer = tokio::time::timeout(Duration::from_secs(15), asking).await;
    assert_eq!(answer.expect("it is held up").status(), 200);
}

#[tokio::test]
async fn what_is_no_stream_of_lines_is_refused() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let request = client().post(format!("http://{gateway}/api/v1/similar-dog/batch"));
    let response = request.json(&json!({})).send().await.unwrap();
    assert_problem(response, 415, "MEDIA_TYPE_UNSUPPORTED").await;
    let empty = send(gateway, "").await;
    assert_eq!((empty.status().as_u16(), empty.text().await.unwrap()), (200, String::new()));
    let alone = start(&crate::upstreams::nobody().await, |_| {}).await;
    assert_problem(send(alone, line("a", "x")).await, 503, "ENGINE_UNREACHABLE").await;
}
