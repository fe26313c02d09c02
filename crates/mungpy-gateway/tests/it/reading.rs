//! The paths that only read: dogs, photos, choices, health, the page, documentation, operators.

use mungpy_gateway::Secret;
use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};

use crate::{
    common::{assert_problem, client, get, image, json, post, start},
    engine::{DOG_ID, Engine},
};

const DOG: &str = "/api/v1/dogs/%EA%B0%9C%2F1%20%3F.jpg";

#[tokio::test]
async fn a_photo_is_described_in_both_languages() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let path = "/api/v1/describe";
    let form = || Form::new().part("image", image("x"));
    let english = json(post(gateway, path, form()).await).await;
    assert_eq!((&english["width"], &english["height"]), (&json!(640), &json!(480)));
    let face = &english["faces"][0];
    assert_eq!((&face["box"]["left"], &face["usable"]), (&json!(1.0), &json!(true)));
    assert_eq!(face["landmarks"].as_array().unwrap().len(), 16);
    let advice = json!([{"code": "COME_CLOSER", "sentence": "come closer"}]);
    assert_eq!(english["advice"], advice);
    let korean = json(post(gateway, path, form().text("lang", "ko")).await).await;
    assert_eq!(korean["advice"][0]["sentence"], "가까이 오세요");
    let two = form().part("image", image("y"));
    assert_problem(post(gateway, path, two).await, 400, "FIELD_REPEATED").await;
    let none = Form::new().text("lang", "ko");
    assert_problem(post(gateway, path, none).await, 400, "FIELD_MISSING").await;
}

#[tokio::test]
async fn a_dog_is_told_by_its_id() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let dog = json(get(gateway, DOG).await).await;
    assert_eq!(dog["dogId"], DOG_ID);
    assert_eq!(dog["traits"], json!({"sociability": "shy"}));
    assert_eq!(dog["photo"], format!("{DOG}/photo"));
    for trick in ["..%2F..%2Fetc%2Fpasswd", "%00", "a'--", "%2e%2e%2f", "x%0d%0aSet-Cookie:a=b"] {
        let path = format!("/api/v1/dogs/{trick}");
        assert_problem(get(gateway, &path).await, 404, "DOG_UNKNOWN").await;
        assert_problem(get(gateway, &format!("{path}/photo")).await, 404, "DOG_UNKNOWN").await;
    }
    assert_problem(get(gateway, "/api/v1/dogs/%FF").await, 422, "FIELD_INVALID").await;
    let long = format!("/api/v1/dogs/{}", "x".repeat(1025));
    assert_problem(get(gateway, &long).await, 422, "DOG_ID_TOO_LONG").await;
}

#[tokio::test]
async fn a_photo_is_sent_once() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let path = format!("{DOG}/photo?size=256&view=face");
    let first = get(gateway, &path).await;
    let headers = first.headers().clone();
    assert_eq!(
        (first.status().as_u16(), &headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(
        (&headers["etag"], &headers["x-photo-scale"]),
        (&"\"256-2\"".parse().unwrap(), &"0.5".parse().unwrap())
    );
    assert!(headers["cache-control"].to_str().unwrap().contains("max-age"));
    assert_eq!(first.bytes().await.unwrap().as_ref(), [0xFF, 0xD8, 0xFF]);
    let again = |tag: &'static str| {
        client().get(format!("http://{gateway}{path}")).header("if-none-match", tag).send()
    };
    for known in ["\"256-2\"", "W/\"256-2\""] {
        let response = again(known).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["etag"]),
            (304, &headers["etag"])
        );
        assert!(response.bytes().await.unwrap().is_empty());
    }
    assert_eq!(again("\"other\"").await.unwrap().status(), 200);
    for wrong in ["size=63", "size=2049", "size=x", "view=tail"] {
        let response = get(gateway, &format!("{DOG}/photo?{wrong}")).await;
        assert_problem(response, 422, "FIELD_INVALID").await;
    }
}

#[tokio::test]
async fn what_was_told_to_a_token_is_kept_by_its_caller_only() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let photo = format!("{DOG}/photo");
    for path in [DOG, &photo, "/api/v1/temperament", "/api/v1/attributes/region"] {
        let kept = async |authorization: Option<&str>| {
            let request = client().get(format!("http://{gateway}{path}"));
            let request = match authorization {
                Some(shown) => request.header("authorization", shown),
                None => request,
            };
            let response = request.send().await.unwrap();
            response.headers()["cache-control"].to_str().unwrap().to_owned()
        };
        let (shown, hidden) = (kept(None).await, kept(Some("Bearer callers")).await);
        assert!(shown.starts_with("public, max-age="), "{path}: {shown}");
        assert!(hidden.starts_with("private, max-age="), "{path}: {hidden}");
        assert_eq!(kept(Some("Basic YWJj")).await, hidden, "{path}");
    }
}

#[tokio::test]
async fn metrics_that_a_proxy_passes_on_need_the_operators_token() {
    let engine = Engine::start().await;
    let token = || Some(Secret::from("open sesame".to_owned()));
    let gateway = start(&engine.url(), |settings| settings.ops_token = token()).await;
    let ask = |name: &'static str, value: &'static str| {
        client().get(format!("http://{gateway}/metrics")).header(name, value)
    };
    assert_eq!(ask("accept", "*/*").send().await.unwrap().status(), 200);
    for (name, value) in [("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1")] {
        assert_problem(ask(name, value).send().await.unwrap(), 401, "TOKEN_MISSING").await;
        let with_token = ask(name, value).bearer_auth("open sesame");
        assert_eq!(with_token.send().await.unwrap().status(), 200, "{name}");
    }
}

#[tokio::test]
async fn guesses_of_the_operators_token_are_bounded() {
    let engine = Engine::start().await;
    let rate = std::num::NonZeroU32::new(1);
    let gateway = start(&engine.url(), |settings| settings.rate_limit = rate).await;
    let mut answers = Vec::new();
    // Two may come at once.
    for _ in 0..3 {
        answers.push(get(gateway, "/metrics").await.status().as_u16());
    }
    assert_eq!(answers, [200, 200, 429]);
}

#[tokio::test]
async fn choices_are_told_in_the_callers_language() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let korean = json(get(gateway, "/api/v1/temperament?lang=ko").await).await;
    let english = json(get(gateway, "/api/v1/temperament").await).await;
    let shy = |said: &Value| said["axes"][0]["sides"][1].clone();
    assert_eq!(shy(&korean), json!({"key": "shy", "label": "낯가림", "korean": "낯가림"}));
    assert_eq!(shy(&english)["label"], "shy with strangers");
    let regions = json(get(gateway, "/api/v1/attributes/region").await).await;
    let values = json!([{"value": "a region", "dogs": 12}]);
    assert_eq!(regions, json!({"attribute": "region", "values": values}));
}

#[tokio::test]
async fn every_answer_protects_browsers() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    for path in ["/", "/docs/", "/openapi.json", "/healthz", "/nothing", "/api/v1/temperament"] {
        let response = get(gateway, path).await;
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("permissions-policy").contains("camera=(self)"), "{path}");
        assert!(!header("x-request-id").is_empty() && !header("cache-control").is_empty());
    }
}

#[tokio::test]
async fn the_page_is_kept_by_browsers_until_it_changes() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let page = get(gateway, "/").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let tag = page.headers()["etag"].clone();
    let text = page.text().await.unwrap();
    let asset = text.split('"').find(|part| part.starts_with("/assets/")).unwrap();
    assert_eq!(asset.split('/').count(), 4, "{asset} has a version");
    let kept = get(gateway, asset).await;
    assert_eq!(kept.status(), 200);
    assert!(kept.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    let known = client().get(format!("http://{gateway}/")).header("if-none-match", tag);
    assert_eq!(known.send().await.unwrap().status(), 304);
    let head = client().head(format!("http://{gateway}/")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.bytes().await.unwrap().is_empty());
    let small = client().get(format!("http://{gateway}/")).header("accept-encoding", "br");
    assert_eq!(small.send().await.unwrap().headers()["content-encoding"], "br");
    for nothing in [
        "/assets/",
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/.git",
        "//etc/passwd",
    ] {
        assert_problem(get(gateway, nothing).await, 404, "NOT_FOUND").await;
    }
    assert_problem(post(gateway, "/", Form::new()).await, 404, "NOT_FOUND").await;
    let put = client().put(format!("http://{gateway}/api/v1/temperament")).send().await.unwrap();
    assert_problem(put, 405, "METHOD_NOT_ALLOWED").await;
}

#[tokio::test]
async fn every_path_is_documented() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let document = json(get(gateway, "/openapi.json").await).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    let expected = [
        "/api/v1/attributes/{key}",
        "/api/v1/describe",
        "/api/v1/dogs/{dogId}",
        "/api/v1/dogs/{dogId}/photo",
        "/api/v1/ops/status",
        "/api/v1/similar-dog",
        "/api/v1/similar-dog/batch",
        "/api/v1/temperament",
        "/healthz",
        "/readyz",
    ];
    let mut known: Vec<&String> = paths.keys().collect();
    known.sort();
    assert_eq!(known, expected);
    let docs = get(gateway, "/docs").await;
    assert_eq!(docs.url().path(), "/docs/");
    let text = docs.text().await.unwrap();
    assert!(text.contains("swagger-ui-bundle.js"));
    let inline = text.split("<script").skip(1).any(|script| !script.contains(" src="));
    assert!(!inline && !text.contains("<style"), "{text}");
    assert_eq!(get(gateway, "/docs/swagger-ui-bundle.js").await.status(), 200);
    let start = get(gateway, "/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(start.contains("/openapi.json"), "{start}");
    assert_problem(get(gateway, "/docs/nothing").await, 404, "NOT_FOUND").await;
}

#[tokio::test]
async fn operators_need_their_token() {
    let engine = Engine::start().await;
    let path = "/api/v1/ops/status";
    let without = start(&engine.url(), |_| {}).await;
    assert_problem(get(without, path).await, 404, "NOT_FOUND").await;
    let token = || Some(Secret::from("open sesame".to_owned()));
    let gateway = start(&engine.url(), |settings| settings.ops_token = token()).await;
    assert_problem(get(gateway, path).await, 401, "TOKEN_MISSING").await;
    let ask =
        |token: &str| client().get(format!("http://{gateway}{path}")).bearer_auth(token).send();
    for wrong in ["open", "open sesame!", ""] {
        let refused = ask(wrong).await.unwrap();
        assert_eq!(refused.status(), 401, "{wrong}");
    }
    let status = json(ask("open sesame").await.unwrap()).await;
    assert_eq!(status["server"]["p50Ms"], 12.5);
    assert_eq!(status["catalogue"]["dogs"], 17);
    assert_eq!(status["batches"][0]["state"], "PUBLISHED");
    assert_eq!(status["engines"][0]["leftOut"], false);
}

#[tokio::test]
async fn another_origin_may_ask_when_the_operator_says_so() {
    let engine = Engine::start().await;
    let preflight = async |gateway, origin: &str| {
        let request =
            client().request(Method::OPTIONS, format!("http://{gateway}/api/v1/describe"));
        let request =
            request.header("origin", origin).header("access-control-request-method", "POST").send();
        let response = request.await.unwrap();
        response.headers().get("access-control-allow-origin").cloned()
    };
    let closed = start(&engine.url(), |_| {}).await;
    assert_eq!(preflight(closed, "https://a.example").await, None);
    let origins = vec!["https://a.example".parse().unwrap()];
    let open = start(&engine.url(), |settings| settings.cors = origins).await;
    assert_eq!(preflight(open, "https://a.example").await.unwrap(), "https://a.example");
    assert_eq!(preflight(open, "https://b.example").await, None);
}
