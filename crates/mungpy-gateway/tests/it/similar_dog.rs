//! `POST /api/v1/similar-dog` and the form of the system before this one.

use axum::http::{Request, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use mungpy_proto::v1::{Answer, AttributeFilter, FaceRule, NoCandidate};
use reqwest::multipart::Form;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    common::{assert_problem, client, form, image, json, post, start},
    engine::{DOG_ID, Engine},
};

const PATH: &str = "/api/v1/similar-dog";
const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn the_answer_is_the_contract_byte_for_byte() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let reversed = Form::new().part("image", image("x")).text("imageId", "me.jpg");
    let unknown = form("x").text("color", "blue").text("top", "");
    for form in [form("x"), reversed, unknown] {
        let response = post(gateway, PATH, form).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.text().await.unwrap(), r#"{"dogImageId":"dog-1.jpg"}"#);
        let (request, _) = engine.last();
        assert_eq!((request.image_id.as_str(), request.photos.len()), ("me.jpg", 1));
        assert!(request.answers.is_empty() && request.attributes.is_empty());
        assert!(request.face.is_none() && request.top == 0 && !request.detail);
    }
}

#[tokio::test]
async fn optional_fields_reach_the_engine() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let form = form("x")
        .part("image", image("y"))
        .text("temperament", r#"{"sociability": "shy", "closeness": null}"#)
        .text("region", "경기도")
        .text("attributes", r#"{"sex": "male", "source": ["a", "b"]}"#)
        .text("top", "5")
        .text("excludeDogIds", "dog/1")
        .text("excludeDogIds", r#"["dog 2", "dog,3"]"#)
        .text("onNoCandidate", "relax")
        .text("face", r#"[{"x": 1.5, "y": 2}, {"x": 3, "y": 4}]"#)
        .text("detail", "true");
    json(post(gateway, PATH, form).await).await;
    let (request, _) = engine.last();
    let answer = |axis: &str, side: &str| Answer {
        axis: axis.to_owned(),
        side: side.to_owned(),
        required: false,
    };
    assert_eq!(request.answers, [answer("sociability", "shy")]);
    let filter = |attribute: &str, values: &[&str]| AttributeFilter {
        attribute: attribute.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
    };
    let expected =
        [filter("sex", &["male"]), filter("source", &["a", "b"]), filter("region", &["경기도"])];
    assert_eq!(request.attributes, expected);
    assert_eq!(request.excluded_dog_ids, ["dog/1", "dog 2", "dog,3"]);
    assert_eq!((request.top, request.photos.len(), request.detail), (5, 2, true));
    assert_eq!(request.on_no_candidate(), NoCandidate::Relax);
    let face = request.face.unwrap();
    assert_eq!((face.rule(), face.points.len()), (FaceRule::Nearest, 2));
    assert!((face.points[0].x - 1.5).abs() < 1e-9);
}

#[tokio::test]
async fn a_list_of_words_stands_for_the_axes_that_have_them() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let words = form("x").text("temperament", r#"["더워도껌딱지", "shy"]"#);
    json(post(gateway, PATH, words).await).await;
    let answers = engine.last().0.answers;
    let named: Vec<_> = answers.iter().map(|a| (a.axis.as_str(), a.side.as_str())).collect();
    assert_eq!(named, [("closeness", "clingy"), ("sociability", "shy")]);
    let unknown = form("x").text("temperament", r#"["고양이"]"#);
    assert_problem(post(gateway, PATH, unknown).await, 422, "UNKNOWN_SIDE").await;
}

#[tokio::test]
async fn details_tell_all_that_a_page_shows() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let request = client()
        .post(format!("http://{gateway}{PATH}"))
        .header("accept-language", "ko-KR,en;q=0.5")
        .multipart(form("x").text("detail", "true").text("top", "2"));
    let answer = json(request.send().await.unwrap()).await;
    assert_eq!(answer["dogId"], DOG_ID);
    assert_eq!((&answer["score"], &answer["candidates"]), (&json!(97.5), &json!(17)));
    assert_eq!(answer["proportions"], "estimated");
    assert_eq!(answer["relaxed"], json!([{"demand": "attribute", "attribute": "region"}]));
    assert_eq!(answer["photos"][0]["facesFound"], 1);
    let matches = answer["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 2);
    let best = &matches[0];
    assert_eq!(best["photo"], "/api/v1/dogs/%EA%B0%9C%2F1%20%3F.jpg/photo");
    assert_eq!(best["agreement"], json!({"agreed": 1, "compared": 1, "answered": 2}));
    assert_eq!(best["reasons"][0]["sentence"], "코가 넓어요");
    assert_eq!(best["reasons"][0]["personLine"]["from"], json!({"x": 1.0, "y": 2.0}));
    assert_eq!(best["adoption"]["attributes"]["name"], "보리");
    assert_eq!(best["adoption"]["expiresAt"], "2030-01-01T00:00:00Z");
    assert_eq!(best["landmarks"], json!([{"x": 3.0, "y": 4.0}]));
}

#[tokio::test]
async fn faults_of_the_form_have_a_reason_each() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let refused = async |form, status, reason| {
        assert_problem(post(gateway, PATH, form).await, status, reason).await;
    };
    refused(Form::new().part("image", image("x")), 400, "FIELD_MISSING").await;
    refused(Form::new().text("imageId", "me.jpg"), 400, "FIELD_MISSING").await;
    refused(form("x").text("imageId", "again"), 400, "FIELD_REPEATED").await;
    refused(form("x").text("region", "a").text("region", "b"), 400, "FIELD_REPEATED").await;
    let six = (0..5).fold(form("x"), |form, _| form.part("image", image("x")));
    refused(six, 422, "TOO_MANY_PHOTOS").await;
    refused(form(vec![0; 11 * MIB]), 413, "PHOTO_TOO_MANY_BYTES").await;
    refused(form("x").text("region", "r".repeat(20_000)), 413, "REQUEST_TOO_LARGE").await;
    let thousand = (0..1000).fold(form("x"), |form, n| form.text(format!("f{n}"), "x"));
    refused(thousand, 413, "REQUEST_TOO_LARGE").await;
    let wrong = [
        ("temperament", "shy"),
        ("temperament", "{\"a\": 1}"),
        ("attributes", "[]"),
        ("top", "-1"),
        ("top", "99999999999"),
        ("detail", "yes"),
        ("onNoCandidate", "guess"),
        ("face", "{\"x\": 1}"),
        ("excludeDogIds", "[1]"),
    ];
    for (name, value) in wrong {
        refused(form("x").text(name, value), 422, "FIELD_INVALID").await;
    }
    refused(form(""), 422, "PHOTO_EMPTY").await;
    let url = format!("http://{gateway}{PATH}");
    let json = client().post(&url).body("{}").send().await.unwrap();
    assert_problem(json, 415, "FORM_EXPECTED").await;
    let cut = client().post(&url).header("content-type", "multipart/form-data; boundary=b");
    let cut = cut.body("--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nx");
    assert_problem(cut.send().await.unwrap(), 400, "FORM_MALFORMED").await;
}

#[tokio::test]
async fn what_the_engine_refuses_keeps_its_reason_and_speaks_the_callers_language() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let ask = async |photo: &str, language: &str| {
        let request = client().post(format!("http://{gateway}{PATH}"));
        let request = request.header("accept-language", language).multipart(form(photo));
        request.send().await.unwrap()
    };
    let problem = assert_problem(ask("NO_FACE", "en").await, 422, "NO_FACE").await;
    assert_eq!(problem["detail"], "refused");
    let problem = assert_problem(ask("NO_FACE", "ko").await, 422, "NO_FACE").await;
    assert_eq!(problem["detail"], "NO_FACE (한국어)");
    let busy = ask("OVERLOADED", "en").await;
    assert_eq!(busy.headers()["retry-after"], "3");
    assert_problem(busy, 429, "OVERLOADED").await;
    assert_problem(ask("NO_CANDIDATE", "en").await, 404, "NO_CANDIDATE").await;
    let unknown = ask("TOKEN_MISSING", "en").await;
    assert_eq!(unknown.headers()["www-authenticate"], "Bearer");
    assert_problem(unknown, 401, "TOKEN_MISSING").await;
    assert_problem(ask("SCOPE_MISSING", "en").await, 403, "SCOPE_MISSING").await;
    assert_problem(ask("new", "en").await, 429, "REASON_OF_TOMORROW").await;
}

#[tokio::test]
async fn photos_have_a_whole_address_over_http2_too() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |settings| settings.compat = true).await;
    let photo = "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nx\r\n--b--\r\n";
    let request = Request::post("/dog")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(tonic::body::Body::new(Full::from(photo)))
        .unwrap();
    // A client of gRPC speaks nothing but HTTP/2, and sends no header `host`.
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{gateway}")).unwrap();
    let response = channel.connect().await.unwrap().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!((head.status, head.version), (StatusCode::OK, Version::HTTP_2));
    let dog: Value = serde_json::from_slice(&body).unwrap();
    let image = dog["image"].as_str().unwrap();
    assert!(image.starts_with(&format!("http://{gateway}/api/v1/dogs/")), "{image}");
}

#[tokio::test]
async fn the_form_of_the_system_before_is_answered_when_asked_for() {
    let engine = Engine::start().await;
    let old =
        |words: &str| Form::new().part("image", image("x")).text("personality", words.to_owned());
    let words = r#"["낯가림", "더워도 껌딱지"]"#;
    let without = start(&engine.url(), |_| {}).await;
    assert_problem(post(without, "/dog", old(words)).await, 404, "NOT_FOUND").await;
    let gateway = start(&engine.url(), |settings| settings.compat = true).await;
    let dog: Value = json(post(gateway, "/dog", old(words)).await).await;
    let photo = format!("http://{gateway}/api/v1/dogs/%EA%B0%9C%2F1%20%3F.jpg/photo");
    let expected = json!({
        "id": DOG_ID,
        "name": "보리",
        "image": photo,
        "description": "male, 경기도 성남시, Hope",
        "matchReason": "a wide nose",
    });
    assert_eq!(dog, expected);
    assert_eq!(engine.last().0.answers.len(), 2);
    assert_problem(post(gateway, "/dog", old("shy")).await, 422, "FIELD_INVALID").await;
    assert_problem(post(gateway, "/dog", Form::new()).await, 400, "FORM_MALFORMED").await;
}
