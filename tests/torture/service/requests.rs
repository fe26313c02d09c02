//! Requests that are large, odd or malformed.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use mungpy::{
    extract::Extractor,
    matching::{Matcher, Snapshot},
};
use mungpy_core::{
    reason::WithReason,
    resemblance::PersonEstimator,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::v1::{Answer, MatchRequest, TemperamentPolicy, temperament_policy::Kind};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tonic::Code;
use tonic_reflection::pb::v1alpha::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};

use super::server::{PERSON, Server, mungpy, reason, request};
use crate::common::{composite_catalogue, data, person_extractor};

fn answers(count: usize, axis: &str, side: &str) -> Vec<Answer> {
    vec![Answer { axis: axis.to_owned(), side: side.to_owned(), required: false }; count]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_is_checked_before_any_work_and_has_its_own_reason() {
    let server = Server::start(&[]).await;
    let mut client = server.client().await;
    client.r#match(request()).await.unwrap();
    let long = |length: usize| "x".repeat(length);
    let ids = |count: usize, length| vec![long(length); count];
    let before = (server.cpu_time(), server.peak_memory());
    for (request, expected) in [
        (MatchRequest { image_id: long(5_000_000), ..request() }, "IMAGE_ID_TOO_LONG"),
        (MatchRequest { image_id: long(1025), ..request() }, "IMAGE_ID_TOO_LONG"),
        (MatchRequest { excluded_dog_ids: ids(10_001, 8), ..request() }, "TOO_MANY_EXCLUSIONS"),
        (MatchRequest { excluded_dog_ids: ids(1_000_000, 8), ..request() }, "REQUEST_TOO_LARGE"),
        (MatchRequest { excluded_dog_ids: ids(1, 1025), ..request() }, "DOG_ID_TOO_LONG"),
        (
            MatchRequest { answers: answers(257, "energy", "homebody"), ..request() },
            "TOO_MANY_ANSWERS",
        ),
        (MatchRequest { language: long(65), ..request() }, "LANGUAGE_TOO_LONG"),
        (MatchRequest { image_id: long(54_000_000), ..request() }, "REQUEST_TOO_LARGE"),
    ] {
        let refused = client.r#match(request).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, expected));
        assert!(refused.message().len() < 300, "{}", refused.message());
    }
    let cpu = server.cpu_time_since(before.0);
    println!(
        "eight requests over the limits: {cpu:?}, {} MiB more",
        server.peak_memory() - before.1
    );
    assert!(cpu < Duration::from_secs(2), "{cpu:?}");
    // At the limits everything is answered.
    let within = MatchRequest {
        image_id: long(1024),
        excluded_dog_ids: ids(10_000, 8),
        language: long(64),
        ..request()
    };
    assert_eq!(client.r#match(within).await.unwrap().into_inner().image_id.len(), 1024);
}

/// A field of two bytes becomes up to 56 bytes of memory.
#[tokio::test(flavor = "multi_thread")]
async fn millions_of_empty_fields_take_no_more_memory_than_their_bytes() {
    let server = Server::start(&[]).await;
    let before = server.peak_memory();
    let many = MatchRequest { answers: answers(20_000_000, "", ""), ..MatchRequest::default() };
    let refused = server.client().await.r#match(many).await.unwrap_err();
    let memory = server.peak_memory() - before;
    println!("40 MB of empty answers: {memory} MiB, {}", refused.message());
    assert_eq!(reason(&refused), "REQUEST_TOO_LARGE");
    assert!(memory < 120, "{memory} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_sent_is_repeated_in_64_characters() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start_with(mungpy(), log.reopen().unwrap().into(), &[]).await;
    let mut client = server.client().await;
    let long = "강\n\u{1b}[31m".repeat(200_000);
    for (axis, side, expected) in
        [(&long[..], "homebody", "UNKNOWN_AXIS"), ("energy", &long[..], "UNKNOWN_SIDE")]
    {
        let request = MatchRequest { answers: answers(1, axis, side), ..request() };
        let refused = client.r#match(request).await.unwrap_err();
        assert_eq!(reason(&refused), expected);
        assert!(refused.message().contains('…') && refused.message().len() < 1000);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let longest = lines.lines().map(str::len).max().unwrap();
    println!("the longest line of the log has {longest} bytes");
    assert!(longest < 2000);
    assert!(lines.chars().all(|one| one == '\n' || !one.is_control()), "{lines}");
    assert_eq!(lines.lines().filter(|line| line.contains("refused")).count(), 2);
}

/// Also what tonic itself refuses.
#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_a_reason() {
    let server = Server::start(&[]).await;
    let call = async |path: &str, body: &'static [u8]| {
        let mut framed = vec![0];
        framed.extend_from_slice(&(body.len() as u32).to_be_bytes());
        framed.extend_from_slice(body);
        let body = http_body_util::Full::new(prost::bytes::Bytes::from(framed));
        let request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .body(tonic::body::Body::new(body))
            .unwrap();
        let answer = tower::ServiceExt::oneshot(server.channel().await, request).await.unwrap();
        reason(&tonic::Status::from_header_map(answer.headers()).unwrap())
    };
    assert_eq!(call("/mungpy.v1.MatchService/Match", b"\xff\xff\xff").await, "REQUEST_MALFORMED");
    assert_eq!(call("/mungpy.v1.MatchService/Match", b"\x0a\x7f").await, "REQUEST_MALFORMED");
    assert_eq!(call("/mungpy.v1.MatchService/Nothing", b"").await, "METHOD_UNKNOWN");
    assert_eq!(call("/nothing", b"").await, "METHOD_UNKNOWN");
}

fn any_request() -> impl Strategy<Value = MatchRequest> {
    let text = || prop_oneof!["\\PC{0,80}", ".{0,80}", Just("energy".to_owned()), "\\PC{900,1100}"];
    let photo = prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(any::<u8>(), 0..200).prop_map(|tail| [b"\xff\xd8\xff\xe0", &tail[..]].concat()),
        vec(any::<u8>(), 0..200).prop_map(|tail| [b"\x89PNG\r\n\x1a\n", &tail[..]].concat()),
    ];
    let answer = (text(), text(), any::<bool>()).prop_map(|(axis, side, required)| Answer {
        axis,
        side,
        required,
    });
    let policy = prop_oneof![
        Just(None),
        any::<u32>().prop_map(|n| Some(Kind::AtLeast(n))),
        any::<u32>().prop_map(|n| Some(Kind::Best(n))),
    ];
    let top = prop_oneof![0..120_u32, any::<u32>()];
    (vec(photo, 0..7), text(), vec(answer, 0..4), policy, top, vec(text(), 0..5), text()).prop_map(
        |(photos, image_id, answers, kind, top, excluded_dog_ids, language)| MatchRequest {
            photos: photos.into_iter().map(Into::into).collect(),
            image_id,
            answers,
            policy: Some(TemperamentPolicy { kind }),
            top,
            excluded_dog_ids,
            language,
            ..MatchRequest::default()
        },
    )
}

#[test]
fn any_request_is_refused_with_a_reason_and_a_short_message() {
    let questionnaire = Questionnaire::default();
    let persons = PersonEstimator::shipped().population;
    let snapshot = Snapshot::of(composite_catalogue(), &questionnaire, &persons);
    let matcher = Matcher::new(questionnaire, Policy::default(), &persons);
    let extractor: std::cell::RefCell<Extractor> = person_extractor().into();
    let config =
        ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() };
    let asked = TestRunner::new(config).run(&any_request(), |request| {
        let answer = matcher.question(&snapshot, request).and_then(|question| {
            matcher.answer(&mut extractor.borrow_mut(), &snapshot, &question, || true)
        });
        let error = answer.err().expect("random bytes show no face");
        prop_assert!(error.reason().entry().grpc.is_some(), "{error}");
        prop_assert!(error.to_string().len() < 2000, "{error}");
        Ok(())
    });
    asked.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_older_reflection_are_served() {
    let server = Server::start(&[]).await;
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(server.channel().await);
    let answers = client.server_reflection_info(tokio_stream::iter([list])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    assert!(format!("{answer:?}").contains("mungpy.v1.MatchService"), "{answer:?}");
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let output =
        mungpy().args(["match", "--timeout", "1", "--server", &url]).arg(data(PERSON)).output();
    let err = String::from_utf8(output.unwrap().stderr).unwrap();
    println!("after {:?}: {err}", begun.elapsed());
    assert!(err.contains("[SERVER_TIMEOUT]"), "{err}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}
