//! TLS and mutual TLS.

use std::{fs, io, sync::Arc, time::Duration};

use http::StatusCode;
use mungpy_core::reason::{Reason, WithReason};
use mungpy_transport::{Protocol, Reloadable, Tls, TlsError};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    authority::{Authority, Identity},
    caller::{Caller, get_http1},
    server::Server,
};

fn load(identity: &Identity, client_ca: Option<&Authority>) -> Result<Tls, TlsError> {
    let client_ca = client_ca.map(Authority::file);
    Tls::load(&identity.certificate, &identity.key, client_ca.as_deref())
}

async fn connect(server: &Server, client: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await?;
    TlsConnector::from(client).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

async fn ask(server: &Server, client: Arc<ClientConfig>, path: &str) -> Option<String> {
    let stream = connect(server, client).await.ok()?;
    let (status, body) = Caller::over(stream).await.ok()?.get(path).await.ok()?;
    (status == StatusCode::OK).then_some(body)
}

#[tokio::test]
async fn callers_who_trust_the_authority_are_served() {
    let authority = Authority::new();
    let tls = load(&authority.sign("server"), None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Http2).await;
    let peer = ask(&server, authority.client(None, &["h2"]), "/peer").await.unwrap();
    assert!(peer.contains("encrypted: true") && peer.contains("127.0.0.1"), "{peer}");
    assert!(peer.contains("subject: None"));
    assert!(ask(&server, Authority::new().client(None, &["h2"]), "/").await.is_none());
    // gRPC alone is spoken here.
    assert!(connect(&server, authority.client(None, &["http/1.1"])).await.is_err());
}

#[tokio::test]
async fn a_gateway_speaks_either_http() {
    let authority = Authority::new();
    let tls = load(&authority.sign("server"), None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Any).await;
    for (alpn, chosen) in [(&["h2", "http/1.1"][..], &b"h2"[..]), (&["http/1.1"], b"http/1.1")] {
        let stream = connect(&server, authority.client(None, alpn)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen));
        let answer = match chosen {
            b"h2" => Caller::over(stream).await.unwrap().get("/").await,
            _ => get_http1(stream, "/").await,
        };
        assert_eq!(answer.unwrap(), (StatusCode::OK, "ok".to_owned()));
    }
}

#[tokio::test]
async fn mutual_tls_serves_only_those_with_a_certificate_of_the_authority() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let tls = load(&authority.sign("server"), Some(&authority)).unwrap();
    let server = Server::encrypted(&tls, Protocol::Http2).await;
    let client = |identity: Option<&Identity>| authority.client(identity, &["h2"]);

    let peer = ask(&server, client(Some(&authority.sign("gateway"))), "/peer").await.unwrap();
    assert!(peer.contains("CN=gateway"), "{peer}");
    assert!(ask(&server, client(None), "/").await.is_none());
    assert!(ask(&server, client(Some(&stranger.sign("gateway"))), "/").await.is_none());
    let expired = authority.sign_until("expired", 2020);
    assert!(ask(&server, client(Some(&expired)), "/").await.is_none());
    assert!(ask(&server, client(Some(&authority.sign("another"))), "/").await.is_some());
}

#[tokio::test]
async fn callers_refuse_an_expired_certificate() {
    let authority = Authority::new();
    let tls = load(&authority.sign_until("server", 2020), None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Http2).await;
    assert!(connect(&server, authority.client(None, &["h2"])).await.is_err());
}

#[tokio::test]
async fn a_changed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = old.sign("server");
    let tls = load(&files, None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Http2).await;
    let (trusts_old, trusts_new) = (old.client(None, &["h2"]), new.client(None, &["h2"]));
    let stream = connect(&server, Arc::clone(&trusts_old)).await.unwrap();
    let mut kept = Caller::over(stream).await.unwrap();

    fs::write(&files.certificate, "no certificate").unwrap();
    (0..3).for_each(|_| tls.look());
    assert!(tls.reload().is_err());
    assert!(ask(&server, Arc::clone(&trusts_old), "/").await.is_some());

    let renewed = new.sign("server");
    fs::copy(&renewed.certificate, &files.certificate).unwrap();
    // The key is still the old one.
    (0..3).for_each(|_| tls.look());
    assert!(ask(&server, Arc::clone(&trusts_old), "/").await.is_some());
    fs::copy(&renewed.key, &files.key).unwrap();
    let followed = async {
        while ask(&server, Arc::clone(&trusts_new), "/").await.is_none() {
            assert!(kept.get("/").await.is_ok(), "an open connection is not disturbed");
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), followed).await.expect("the server follows by itself");
    assert!(connect(&server, trusts_old).await.is_err());
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_hung_up_on_and_hinders_nobody() {
    let authority = Authority::new();
    let tls = load(&authority.sign("server"), None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Http2).await;
    let mut slow = Vec::new();
    for begin in
        [&b""[..], b"\x16\x03\x01\x02\x00", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(begin).await.unwrap();
            slow.push(stream);
        }
    }
    assert!(ask(&server, authority.client(None, &["h2"]), "/").await.is_some());
    for mut stream in slow {
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut Vec::new())).await;
        assert!(read.is_ok(), "the server keeps a connection without a handshake");
    }
}

#[tokio::test]
async fn plain_text_is_not_understood_where_tls_is_spoken() {
    let authority = Authority::new();
    let tls = load(&authority.sign("server"), None).unwrap();
    let server = Server::encrypted(&tls, Protocol::Any).await;
    for plain in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(plain).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the server keeps the connection");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    assert!(ask(&server, authority.client(None, &["h2"]), "/").await.is_some());
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_its_content_not_shown() {
    let authority = Authority::new();
    let (good, other) = (authority.sign("good"), authority.sign("other"));
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let key = fs::read_to_string(&good.key).unwrap();
    let empty = write("empty", "");
    let damaged = write("damaged", &key.replace("-----END", "secret"));
    let certificate = &good.certificate;
    let missing = folder.path().join("missing");
    let of = |certificate, key, client_ca| Tls::load(certificate, key, client_ca).unwrap_err();
    let cases = [
        (of(&missing, &good.key, None), "missing", Reason::FileUnusable),
        (of(certificate, &missing, None), "missing", Reason::FileUnusable),
        (of(certificate, &good.key, Some(&missing)), "missing", Reason::FileUnusable),
        (of(&empty, &good.key, None), "empty", Reason::ConfigInvalid),
        (of(certificate, &empty, None), "empty", Reason::ConfigInvalid),
        (of(certificate, &good.key, Some(&empty)), "empty", Reason::ConfigInvalid),
        (of(certificate, certificate, None), "good.pem", Reason::ConfigInvalid),
        (of(certificate, &damaged, None), "damaged", Reason::ConfigInvalid),
        (of(certificate, &other.key, None), "other.key", Reason::ConfigInvalid),
    ];
    let secret = key.lines().nth(1).unwrap();
    for (error, named, reason) in cases {
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    assert!(load(&good, Some(&authority)).unwrap().expires().is_some());
}
