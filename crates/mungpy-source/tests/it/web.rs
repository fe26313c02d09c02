//! The client that fetches listings and photos, against a server that misbehaves.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_source::web::{
    Validators, WebAnswer, WebClient, WebError, WebOptions, WebRequest, parse_address,
};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::json;
use url::Url;

use crate::server::{Reply, Server};

const LIMIT: u64 = 1 << 20;

fn quick() -> WebOptions {
    WebOptions {
        allow_private_addresses: true,
        first_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(4),
        ..WebOptions::default()
    }
}

fn client() -> WebClient {
    WebClient::new(quick()).unwrap()
}

fn get(url: &Url) -> WebRequest {
    WebRequest::get(url.clone(), LIMIT)
}

fn fetched(url: &Url) -> Result<Vec<u8>, WebError> {
    client().fetch(&get(url)).map(|answer| match answer {
        WebAnswer::Content { bytes, .. } => bytes,
        WebAnswer::NotModified => panic!("nothing was known"),
    })
}

#[test]
fn content_comes_with_its_validators() {
    let server = Server::start();
    let reply = Reply::ok("dog").header("ETag", "\"a\"").header("Last-Modified", "yesterday");
    let url = server.always("/dog", reply);
    let known = Validators { etag: Some("\"a\"".into()), last_modified: Some("yesterday".into()) };
    let expected = WebAnswer::Content { bytes: b"dog".to_vec(), validators: known };
    assert_eq!(client().fetch(&get(&url)).unwrap(), expected);
    let asked = &server.asked("/dog")[0];
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(asked.header("user-agent"), Some(format!("mungpy/{version}").as_str()));
    assert_eq!(asked.header("accept-encoding"), Some("identity"));
    assert_eq!(asked.header("cookie"), None);
}

#[test]
fn a_very_long_validator_is_not_kept() {
    let server = Server::start();
    let url = server.always("/dog", Reply::ok("dog").header("ETag", "x".repeat(5000)));
    let WebAnswer::Content { validators, .. } = client().fetch(&get(&url)).unwrap() else {
        panic!("content was expected")
    };
    assert_eq!(validators, Validators::default());
}

#[test]
fn what_is_known_is_not_fetched_again() {
    let server = Server::start();
    let url = server.on("/dog", |asked| Reply::tagged(asked, "\"a\"", "dog"));
    let mut request = get(&url);
    request.known = Some(Validators {
        etag: Some("\"a\"".to_owned()),
        last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
    });
    assert_eq!(client().fetch(&request).unwrap(), WebAnswer::NotModified);
    let asked = &server.asked("/dog")[0];
    assert_eq!(asked.header("if-modified-since"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    request.known = Some(Validators { etag: Some("\"b\"".to_owned()), last_modified: None });
    assert!(matches!(client().fetch(&request).unwrap(), WebAnswer::Content { .. }));
}

#[test]
fn an_unasked_not_modified_is_an_error() {
    let server = Server::start();
    let url = server.always("/dog", Reply::status(304));
    let mut request = get(&url);
    for known in [
        None,
        Some(Validators::default()),
        Some(Validators { etag: Some("a\r\nX: y".to_owned()), last_modified: None }),
    ] {
        request.known = known;
        let error = client().fetch(&request).unwrap_err();
        assert!(matches!(error, WebError::Status { status: 304, .. }), "{error}");
    }
    assert!(server.asked("/dog").iter().all(|asked| asked.header("x").is_none()));
}

#[test]
fn local_addresses_are_refused_by_default() {
    let server = Server::start();
    server.always("/dog", Reply::ok("dog"));
    let port = server.url("/").port().unwrap();
    let client = WebClient::new(WebOptions::default()).unwrap();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0"] {
        let url = parse_address(&format!("http://{host}:{port}/dog?key=secret")).unwrap();
        let error = client.fetch(&get(&url)).unwrap_err();
        assert!(matches!(error, WebError::AddressRefused { .. }), "{host}: {error}");
        assert_eq!(error.reason(), Reason::AddressRefused);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.count("/dog"), 0);
    assert_eq!(fetched(&server.localhost("/dog")).unwrap(), b"dog");
}

#[test]
fn only_the_web_is_asked() {
    for url in ["file:///etc/passwd", "ftp://a.kr/x", "http://user:hush@a.kr/x"] {
        let error = fetched(&url.parse().unwrap()).unwrap_err();
        assert_eq!(error.reason(), Reason::AddressRefused, "{url}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn addresses_of_the_wild_arrive() {
    let server = Server::start();
    server.always("/dog%5B1%5D%20%EC%BD%A9.jpg", Reply::ok("dog"));
    let raw = format!("{}dog[1] 콩.jpg", server.url("/"));
    assert_eq!(fetched(&parse_address(&raw).unwrap()).unwrap(), b"dog");
}

#[test]
fn a_few_redirects_are_followed_and_a_loop_is_not() {
    let server = Server::start();
    for hop in 1..=5 {
        server.always(&format!("/{hop}"), Reply::redirect(format!("/{}", hop - 1)));
    }
    server.always("/0", Reply::ok("dog"));
    let sixth = server.always("/6", Reply::redirect("/5"));
    assert_eq!(fetched(&server.url("/5")).unwrap(), b"dog");
    let error = fetched(&sixth).unwrap_err();
    assert!(matches!(error, WebError::TooManyRedirects { limit: 5, .. }), "{error}");

    let round = server.always("/round", Reply::redirect("/round"));
    let error = fetched(&round).unwrap_err();
    assert_eq!(error.reason(), Reason::PhotoUnreachable);
    assert_eq!(server.count("/round"), 6, "a loop is not tried again");
}

#[test]
fn a_key_is_not_sent_to_another_host() {
    let (server, other) = (Server::start(), Server::start());
    other.always("/there", Reply::ok("dog"));
    server.always("/here", Reply::ok("dog"));
    for (path, target) in [("/away", other.url("/there")), ("/stay", server.url("/here"))] {
        let mut request = get(&server.always(path, Reply::redirect(target)));
        request.headers.insert(AUTHORIZATION, HeaderValue::from_static("secret"));
        client().fetch(&request).unwrap();
        assert_eq!(server.asked(path)[0].header("authorization"), Some("secret"));
    }
    let asked = &other.asked("/there")[0];
    assert_eq!((asked.header("authorization"), asked.header("referer")), (None, None));
    assert_eq!(server.asked("/here")[0].header("authorization"), Some("secret"));
}

#[test]
fn json_is_posted() {
    let server = Server::start();
    let url = server.on("/search", |asked| Reply::ok(asked.body.clone()));
    let request = WebRequest { post: Some(json!({"species": "dog"})), ..get(&url) };
    assert!(matches!(client().fetch(&request).unwrap(),
        WebAnswer::Content { bytes, .. } if bytes == br#"{"species":"dog"}"#));
    let asked = &server.asked("/search")[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.header("content-type"), Some("application/json"));
}

#[test]
fn a_large_answer_is_refused_whether_or_not_it_says_so() {
    let server = Server::start();
    let body = vec![0; 40 << 20];
    let told = server.always("/told", Reply::ok(body.clone()));
    let untold = server.always("/untold", Reply::ok(body).without_length());
    for url in [told, untold] {
        let error = fetched(&url).unwrap_err();
        assert!(matches!(error, WebError::TooLarge { limit: LIMIT, .. }), "{error}");
        assert_eq!(error.reason(), Reason::PhotoTooManyBytes);
        assert_eq!(server.count(url.path()), 1, "it is not tried again");
    }
    let fits = server.always("/fits", Reply::ok(vec![7; LIMIT as usize]));
    assert_eq!(fetched(&fits).unwrap().len() as u64, LIMIT);
    let fits = server.always("/unsaid", Reply::ok(vec![7; LIMIT as usize]).without_length());
    assert_eq!(fetched(&fits).unwrap().len() as u64, LIMIT);
    let above = server.always("/above", Reply::ok(vec![7; LIMIT as usize + 1]).without_length());
    assert!(matches!(fetched(&above), Err(WebError::TooLarge { .. })));
}

#[test]
fn a_short_body_is_an_error_and_tried_again() {
    let server = Server::start();
    let url = server.in_turn(
        "/dog",
        vec![Reply::ok("doggy").cut_after(3), Reply::silence(), Reply::ok("doggy")],
    );
    assert_eq!(fetched(&url).unwrap(), b"doggy");
    assert_eq!(server.count("/dog"), 3);
    let lie = server.always("/lie", Reply::ok("dog").claiming(100));
    let error = fetched(&lie).unwrap_err();
    assert!(matches!(error, WebError::Unreachable { .. }), "{error}");
    assert_eq!(server.count("/lie"), quick().attempts);
}

#[test]
fn compressed_answers_are_refused() {
    let server = Server::start();
    for (path, coding) in [("/gzip", "gzip"), ("/both", "identity, br")] {
        let url = server.always(path, Reply::ok("bomb").header("Content-Encoding", coding));
        let error = fetched(&url).unwrap_err();
        assert!(matches!(error, WebError::Unusable { .. }), "{error}");
        assert_eq!(server.count(path), 1);
    }
    let plain = Reply::ok("dog").header("Content-Encoding", "Identity");
    assert_eq!(fetched(&server.always("/plain", plain)).unwrap(), b"dog");
}

#[test]
fn what_fails_for_a_moment_is_tried_again() {
    let server = Server::start();
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let path = format!("/{status}");
        let busy = Reply::status(status);
        let url = server.in_turn(&path, vec![busy.clone(), busy, Reply::ok("dog")]);
        assert_eq!(fetched(&url).unwrap(), b"dog");
        assert_eq!(server.count(&path), 3);
    }
    let down = server.always("/down", Reply::status(503));
    let error = fetched(&down).unwrap_err();
    assert!(matches!(error, WebError::Status { status: 503, .. }), "{error}");
    assert_eq!(server.count("/down"), quick().attempts);
}

#[test]
fn other_refusals_are_final_and_say_why() {
    let server = Server::start();
    for status in [400, 401, 403, 404, 410, 451, 501, 204, 206] {
        let path = format!("/{status}");
        let url = server.always(&path, Reply::status(status).body("the key is wrong"));
        let mut keyed = url.clone();
        keyed.set_query(Some("key=secret"));
        let error = fetched(&keyed).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        let WebError::Status { status: told, body, .. } = error else { panic!("{error}") };
        assert_eq!((told, server.count(&path)), (status, 1));
        assert_eq!(body, if status == 204 { "" } else { "the key is wrong" });
    }
}

#[test]
fn a_server_may_ask_to_wait_a_little() {
    let server = Server::start();
    let busy = |seconds: u64| Reply::status(429).header("Retry-After", seconds.to_string());
    let soon = server.in_turn("/soon", vec![busy(1), Reply::ok("dog")]);
    let started = std::time::Instant::now();
    assert_eq!(fetched(&soon).unwrap(), b"dog");
    assert!(started.elapsed() >= Duration::from_secs(1), "the server asked for a second");

    let late = server.in_turn("/late", vec![busy(3600), Reply::ok("dog")]);
    assert!(matches!(fetched(&late), Err(WebError::Status { status: 429, .. })));
    assert_eq!(server.count("/late"), 1, "an hour is not waited for");
}

#[test]
fn a_dripping_server_is_cut_off() {
    let server = Server::start();
    let drip = Reply::ok(vec![0; 6000]).dripping(Duration::from_millis(10));
    let url = server.always("/drip", drip);
    let options = WebOptions { timeout: Duration::from_millis(300), attempts: 2, ..quick() };
    let error = WebClient::new(options).unwrap().fetch(&get(&url)).unwrap_err();
    // A minute would pass if only single reads were limited.
    assert!(error.to_string().ends_with("no whole answer within 300ms"), "{error}");
    assert_eq!(server.count("/drip"), 2);
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    // Nothing listens on the port that is reserved for multiplexing.
    let error = fetched(&"http://127.0.0.1:1/".parse().unwrap()).unwrap_err();
    assert!(matches!(error, WebError::Unreachable { .. }), "{error}");
    assert_eq!(error.reason(), Reason::PhotoUnreachable);
    let mut encrypted = Server::start().url("/dog");
    encrypted.set_scheme("https").unwrap();
    let error = fetched(&encrypted).unwrap_err();
    assert!(matches!(error, WebError::Unreachable { .. }), "{error}");
    let nowhere = fetched(&"http://nowhere.invalid/".parse().unwrap()).unwrap_err();
    assert!(matches!(nowhere, WebError::Unreachable { .. }), "{nowhere}");
}

#[test]
fn a_host_gets_only_so_many_requests_at_a_time() {
    let server = Server::start();
    // Each answer waits for a second request, so both turns must be in use at the same time.
    let pairs = Arc::new(Barrier::new(2));
    let url = server.on("/dog", move |_| {
        pairs.wait();
        Reply::ok("dog")
    });
    let client = WebClient::new(WebOptions { per_host: 2, attempts: 1, ..quick() }).unwrap();
    thread::scope(|scope| {
        let fetches: Vec<_> = (0..8)
            .map(|_| {
                let (client, request) = (client.clone(), get(&url));
                scope.spawn(move || client.fetch(&request))
            })
            .collect();
        for fetch in fetches {
            fetch.join().unwrap().unwrap();
        }
    });
    assert_eq!((server.count("/dog"), server.most_at_once()), (8, 2));
}

#[test]
fn a_turn_is_given_back_after_a_failure() {
    let server = Server::start();
    let round = server.always("/round", Reply::redirect("/round"));
    let down = server.always("/down", Reply::status(500));
    let dog = server.always("/dog", Reply::ok("dog"));
    let client = WebClient::new(WebOptions { per_host: 1, ..quick() }).unwrap();
    assert!(client.fetch(&get(&round)).is_err());
    assert!(client.fetch(&get(&down)).is_err());
    assert!(client.fetch(&get(&dog)).is_ok());
}
