//! Several engines, deadlines, tokens, and what goes on to an engine.

use std::net::SocketAddr;

use mungpy_gateway::Secret;
use reqwest::Response;
use serde_json::Value;

use crate::{
    common::{assert_problem, client, form, get, json, post, start},
    engine::Engine,
};

const PATH: &str = "/api/v1/similar-dog";

async fn ask(gateway: SocketAddr, photo: &str, headers: &[(&str, &str)]) -> Response {
    let request = client().post(format!("http://{gateway}{PATH}")).multipart(form(photo));
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

/// An address at which nobody listens.
pub(super) async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn the_gateway_is_ready_when_one_engine_is() {
    let gone = nobody().await;
    let alone = start(&gone, |_| {}).await;
    assert_problem(get(alone, "/readyz").await, 503, "ENGINE_UNREACHABLE").await;
    assert_problem(post(alone, PATH, form("x")).await, 503, "ENGINE_UNREACHABLE").await;
    assert_eq!(get(alone, "/healthz").await.status(), 200);
    let engine = Engine::start().await;
    let gateway = start(&gone, |settings| settings.upstream.push(engine.url())).await;
    for _ in 0..10 {
        assert_eq!(get(gateway, "/readyz").await.status(), 200);
        assert_eq!(post(gateway, PATH, form("x")).await.status(), 200);
    }
}

#[tokio::test]
async fn calls_go_to_the_engine_that_does_least() {
    let (first, second) = (Engine::start().await, Engine::start().await);
    let gateway = start(&first.url(), |settings| settings.upstream.push(second.url())).await;
    let asks =
        (0..40).map(|_| tokio::spawn(async move { ask(gateway, "nap", &[]).await.status() }));
    for asked in asks.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), 200);
    }
    let calls = (first.calls(), second.calls());
    assert_eq!(calls.0 + calls.1, 40);
    assert!(calls.0.abs_diff(calls.1) <= 10, "{calls:?}");
}

#[tokio::test]
async fn what_may_have_begun_is_not_repeated() {
    let (first, second) = (Engine::start().await, Engine::start().await);
    let gateway = start(&first.url(), |settings| settings.upstream.push(second.url())).await;
    for (photo, status, reason) in [
        ("INTERNAL", 502, "INTERNAL"),
        ("OVERLOADED", 429, "OVERLOADED"),
        ("NO_FACE", 422, "NO_FACE"),
    ] {
        let before = first.calls() + second.calls();
        assert_problem(ask(gateway, photo, &[]).await, status, reason).await;
        assert_eq!(first.calls() + second.calls(), before + 1, "{photo}");
    }
    // An engine that stops has begun with nothing.
    let before = first.calls() + second.calls();
    assert_problem(ask(gateway, "STOPPING", &[]).await, 503, "STOPPING").await;
    assert_eq!(first.calls() + second.calls(), before + 2);
}

#[tokio::test]
async fn an_engine_that_comes_back_is_used_again() {
    let first = Engine::start().await;
    let address = first.address;
    let gateway = start(&first.url(), |_| {}).await;
    assert_eq!(ask(gateway, "x", &[]).await.status(), 200);
    drop(first);
    let mut status = 200;
    for _ in 0..50 {
        status = ask(gateway, "x", &[]).await.status().as_u16();
        if status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_ne!(status, 200);
    let _again = Engine::start_at(address).await;
    assert_eq!(ask(gateway, "x", &[]).await.status(), 200);
}

#[tokio::test]
async fn the_callers_deadline_is_the_engines() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let late = ask(gateway, "wait", &[("x-request-timeout", "0.3")]).await;
    assert_problem(late, 504, "DEADLINE_PASSED").await;
    let said = |name| engine.last().1.get(name).unwrap().to_str().unwrap().to_owned();
    let timeout = said("grpc-timeout");
    let micros: u64 = timeout.trim_end_matches('u').parse().unwrap();
    assert!(timeout.ends_with('u') && micros <= 300_000, "{timeout}");
    let wrong = ask(gateway, "x", &[("x-request-timeout", "soon")]).await;
    assert_problem(wrong, 422, "FIELD_INVALID").await;
}

#[tokio::test]
async fn an_engine_is_not_ill_because_callers_wait_no_longer() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |_| {}).await;
    let is_healthy = async || {
        let metrics = get(gateway, "/metrics").await.text().await.unwrap();
        let name = "mungpy_gateway_upstream_healthy{";
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line.ends_with(" 1")
    };
    assert_eq!(ask(gateway, "x", &[]).await.status(), 200);
    for _ in 0..4 {
        let late = ask(gateway, "wait", &[("x-request-timeout", "0.1")]).await;
        assert_problem(late, 504, "DEADLINE_PASSED").await;
        assert!(is_healthy().await);
    }
    assert_problem(ask(gateway, "INTERNAL", &[]).await, 502, "INTERNAL").await;
    assert!(!is_healthy().await);
}

#[tokio::test]
async fn operators_see_no_password_of_an_engine() {
    let engine = Engine::start().await;
    let url = format!("http://user:password@{}", engine.address);
    let token = || Some(Secret::from("open sesame".to_owned()));
    let gateway = start(&url, |settings| settings.ops_token = token()).await;
    assert_eq!(ask(gateway, "x", &[]).await.status(), 200);
    let states = engine_states(gateway).await;
    assert_eq!(states[0]["address"], engine.address.to_string());
    let wrong = mungpy_gateway::Settings::for_engine("http://user:password@not an address");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let never = std::future::pending();
    let refused = mungpy_gateway::serve_with(wrong, listener, never).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("not an address") && !refused.contains("password"), "{refused}");
}

/// The engines as the operators' page shows them.
async fn engine_states(gateway: SocketAddr) -> Value {
    let request = client().get(format!("http://{gateway}/api/v1/ops/status"));
    json(request.bearer_auth("open sesame").send().await.unwrap()).await["engines"].clone()
}

#[tokio::test]
async fn id_trace_and_token_go_on() {
    let engine = Engine::start().await;
    let token = || Some(Secret::from("gateway".to_owned()));
    let gateway = start(&engine.url(), |settings| settings.upstream_token = token()).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = ask(gateway, "x", &[("traceparent", trace), ("x-request-id", "abc-1")]).await;
    assert_eq!(answer.headers()["x-request-id"], "abc-1");
    let said = |name: &str| engine.last().1.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((said("traceparent"), said("x-request-id")), (trace.to_owned(), "abc-1".to_owned()));
    assert_eq!(said("authorization"), "Bearer gateway");
    ask(gateway, "x", &[("authorization", "Bearer callers")]).await;
    assert_eq!(said("authorization"), "Bearer callers");
    // What a proxy before the gateway asks for.
    ask(gateway, "x", &[("authorization", "Basic YWJj")]).await;
    assert_eq!(said("authorization"), "Bearer gateway");
    let wrong = || Some(Secret::from("wrong".to_owned()));
    let refused = start(&engine.url(), |settings| settings.upstream_token = wrong()).await;
    let problem = assert_problem(get(refused, "/readyz").await, 502, "ENGINE_FAILED").await;
    assert!(!problem.to_string().contains("wrong"));
}

#[tokio::test]
async fn requests_under_way_are_bounded() {
    let engine = Engine::start().await;
    let gateway = start(&engine.url(), |settings| settings.requests = 2).await;
    let slow = (0..2).map(|_| {
        tokio::spawn(
            async move { ask(gateway, "wait", &[("x-request-timeout", "3")]).await.status() },
        )
    });
    let slow: Vec<_> = slow.collect();
    while engine.calls() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let refused = get(gateway, "/api/v1/temperament").await;
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_problem(refused, 429, "OVERLOADED").await;
    assert_eq!(get(gateway, "/healthz").await.status(), 200);
    assert_eq!(get(gateway, "/").await.status(), 200);
    for slow in slow {
        assert_eq!(slow.await.unwrap(), 504);
    }
    assert_eq!(get(gateway, "/api/v1/temperament").await.status(), 200);
}

#[tokio::test]
async fn each_caller_behind_a_trusted_proxy_has_a_rate_of_its_own() {
    let engine = Engine::start().await;
    let rate = std::num::NonZeroU32::new(1);
    let url = engine.url();
    let trusted = start(&url, |settings| {
        settings.rate_limit = rate;
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let trusted = trusted.await;
    let from = async |gateway, client| {
        let answer = ask(gateway, "x", &[("x-forwarded-for", client)]).await;
        answer.status().as_u16()
    };
    // Two may come at once.
    let many = async |gateway, client| {
        [from(gateway, client).await, from(gateway, client).await, from(gateway, client).await]
    };
    assert_eq!(many(trusted, "192.0.2.1").await, [200, 200, 429]);
    assert_eq!(many(trusted, "192.0.2.2").await, [200, 200, 429]);
    let limited = ask(trusted, "x", &[("x-forwarded-for", "192.0.2.2")]).await;
    assert!(limited.headers().contains_key("retry-after"));
    assert_problem(limited, 429, "RATE_LIMITED").await;
    // Whoever is not trusted is one caller, whatever it says.
    let open = start(&engine.url(), |settings| settings.rate_limit = rate).await;
    let said = [
        from(open, "192.0.2.1").await,
        from(open, "192.0.2.2").await,
        from(open, "192.0.2.3").await,
    ];
    assert_eq!(said, [200, 200, 429]);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let listener = || async { tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap() };
    let settings = mungpy_gateway::Settings::for_engine("not an address");
    let never = std::future::pending();
    let refused = mungpy_gateway::serve_with(settings, listener().await, never).await.unwrap_err();
    assert!(refused.to_string().contains("http://"), "{refused}");
    let settings = mungpy_gateway::Settings {
        upstream: Vec::new(),
        ..mungpy_gateway::Settings::for_engine("http://127.0.0.1:1")
    };
    let never = std::future::pending();
    let refused = mungpy_gateway::serve_with(settings, listener().await, never).await.unwrap_err();
    assert!(refused.to_string().contains("--upstream"), "{refused}");
}
