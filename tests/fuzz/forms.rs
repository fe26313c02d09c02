//! The gateway in front of an engine: paths, headers, forms and lines of callers, each in a request
//! of its own.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::LazyLock,
    time::Duration,
};

use mungpy_core::reason::Reason;
use mungpy_gateway::Settings;
use mungpy_telemetry::RequestId;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    common::{TestServer, composite_catalogue},
    damage,
};

/// Headers that would end the request elsewhere, or make the answer hard to read.
const FRAMING: [&str; 8] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[test]
fn any_bytes_keep_the_rules() {
    bolero::check!(name = "forms").with_iterations(300).for_each(check);
}

#[test]
fn damage_keeps_the_rules() {
    damage::check("forms", 500, check);
}

/// A gateway and its engine, which run as long as the process does.
static GATEWAY: LazyLock<SocketAddr> = LazyLock::new(|| {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(async {
        let engine = TestServer::start(Some(&composite_catalogue())).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings {
            compat: true,
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
            ..Settings::for_engine(&engine.url())
        };
        tokio::spawn(mungpy_gateway::serve_with(settings, listener, std::future::pending()));
        std::mem::forget(engine);
        address
    });
    std::mem::forget(runtime);
    address
});

/// The first line is method and path, headers follow, and after an empty line the body.
fn check(bytes: &[u8]) {
    let Some(request) = request(bytes) else { return };
    let mut stream = TcpStream::connect(*GATEWAY).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A request that is refused early is not read to its end.
    let _ = stream.write_all(&request);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert!(!answer.is_empty(), "{error}"),
    }
    check_answer(&request, &answer);
}

/// A request of HTTP/1.1 after which the connection ends; `None` if there is no first line.
fn request(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = (&bytes[..end], bytes.get(end + 2..).unwrap_or_default());
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().filter(|line| line.contains(&b' '))?;
    let mut request = [first, b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"].concat();
    for line in lines.filter(|line| !is_framing(line)) {
        request.extend([line, &b"\r\n"[..]].concat());
    }
    request.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    request.extend(body);
    Some(request)
}

fn is_framing(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
    // A line that begins with a space may continue the one before.
    name.is_empty() || FRAMING.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn check_answer(request: &[u8], answer: &[u8]) {
    let told = || format!("{} is answered {}", request.escape_ascii(), answer.escape_ascii());
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else { panic!("no answer: {}", told()) };
    let (head, body) = (str::from_utf8(&answer[..end]).unwrap(), &answer[end + 4..]);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let status: u16 = status.parse().unwrap();
    let headers: HashMap<&str, &str> = lines.filter_map(|line| line.split_once(": ")).collect();
    let Some(id) = headers.get("x-request-id") else {
        // What a browser asks before its request is answered without an id.
        let is_asked = request.starts_with(b"OPTIONS ") && status == 200;
        let is_unread = [400, 414, 431].contains(&status);
        assert!((is_asked || is_unread) && body.is_empty(), "{}", told());
        return;
    };
    assert!(RequestId::parse(id).is_some(), "{}", told());
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(![500, 502, 503].contains(&status), "{}", told());
    let kind = headers.get("content-type").copied().unwrap_or_default();
    if kind == "application/problem+json" && !body.is_empty() {
        let problem: Value = serde_json::from_slice(body).unwrap();
        let reason = problem["reason"].as_str().and_then(Reason::from_code);
        assert_eq!(reason.map(Reason::http), Some(status), "{}", told());
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.is_empty() && !detail.contains(char::is_control), "{detail:?}");
    } else if request.windows(6).take(12).any(|part| part == b" /api/") {
        assert!(status < 400 || body.is_empty(), "{}", told());
    }
}
