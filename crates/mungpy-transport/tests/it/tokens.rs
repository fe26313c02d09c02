//! Tokens and rates.

use std::{fs, num::NonZeroU32, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use http::{Request, StatusCode};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_transport::{RateLimit, Reloadable, Scope, Secret, Tokens, TokensError};
use sha2::{Digest, Sha256};

use super::{
    caller::Caller,
    server::{BRIEF, Guard, Server},
};

const WRITER: &str = "writer-writer-writer";
const READER: &str = "reader-reader-reader";

fn hex(token: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(token).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn good() -> String {
    format!(
        "[[token]]\nname = \"writer\"\nsha256 = \"{}\"\nscopes = [\"match\", \"catalogue:write\"]\n\
         [[token]]\nname = \"reader\"\ntoken = \"{READER}\"\nscopes = [\"catalogue:read\"]\n",
        hex(WRITER)
    )
}

fn load(content: &str) -> Result<Tokens, TokensError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    fs::write(&path, content).unwrap();
    Tokens::load(&path)
}

#[tokio::test]
async fn each_token_opens_what_its_scopes_say() {
    let guard = Guard { tokens: Some(load(&good()).unwrap()), rate: None };
    let server = Server::with(guard, |server| server.limits(BRIEF)).await;
    let mut caller = Caller::connect(server.address).await;
    let mut status = async |authorization: Option<&str>| {
        let mut request = Request::get("http://localhost/");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        caller.send(request).await.unwrap()
    };
    let (ok, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Some(&format!("Bearer {WRITER}"))).await.0, ok);
    assert_eq!(status(Some(&format!("bearer  {WRITER}"))).await.0, ok);
    let reader = status(Some(&format!("Bearer {READER}"))).await;
    assert_eq!(reader, (StatusCode::FORBIDDEN, "reader".to_owned()));
    for wrong in [None, Some(WRITER), Some("Bearer "), Some("Bearer wrong"), Some("Basic d3JpdGVy")]
    {
        assert_eq!(status(wrong).await.0, refused, "{wrong:?}");
    }
    let digest = format!("Bearer {}", hex(WRITER));
    assert_eq!(status(Some(&digest)).await.0, refused);
}

#[test]
fn a_broken_list_is_refused_and_its_message_shows_no_token() {
    let entry = |fields: &str| format!("[[token]]\nname = \"a\"\n{fields}\n");
    let secret = "secret-secret-secret";
    let broken = [
        format!("token = \"{secret}\""),
        format!("[[token]]\nname = \"a\"\ntoken = {secret}\nscopes = [\"match\"]\n"),
        entry(&format!("token = \"{secret}\"\nscopes = []")),
        entry(&format!("token = \"{secret}\"\nscopes = \"{secret}\"")),
        entry(&format!("token = \"{secret}\"\nscopes = [\"{secret}\"]")),
        entry(&format!("token = \"{secret}\"\nsha256 = \"{}\"\nscopes = [\"match\"]", hex(secret))),
        entry(&format!("sha256 = \"{secret}\"\nscopes = [\"match\"]")),
        entry(&format!("token = \"{secret} \"\nscopes = [\"match\"]")),
        entry(&format!("token = \"{secret}\"\nscopes = [\"match\"]")).repeat(2),
        entry("token = \"secret\"\nscopes = [\"match\"]"),
        entry("scopes = [\"match\"]"),
    ];
    for content in broken {
        let error = load(&content).unwrap_err();
        assert_eq!(error.reason(), Reason::ConfigInvalid);
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains("tokens.toml"), "{shown}");
        }
    }
    let missing = Tokens::load("no/such/file".as_ref()).unwrap_err();
    assert_eq!(missing.reason(), Reason::FileUnusable);
}

#[test]
fn nothing_shows_a_token() {
    let shown = format!("{:?}", load(&good()).unwrap());
    assert!(shown.contains("writer") && !shown.contains(READER) && !shown.contains(&hex(WRITER)));
    let digest: [u8; 32] = Sha256::digest(READER).into();
    assert!(!shown.contains(&format!("{digest:?}")));
    assert!(!format!("{:?}", Secret::from(READER.to_owned())).contains(READER));
}

#[test]
fn tokens_follow_their_file_and_a_broken_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    fs::write(&path, good()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let tokens = Tokens::load(&path).unwrap();
    let scopes = |token| tokens.scopes_of(token).map(|caller| caller.scopes.to_vec());
    assert_eq!(scopes(READER), Some(vec![Scope::CatalogueRead]));

    fs::write(&path, "[[token]]").unwrap();
    tokens.reload().unwrap_err();
    (0..3).for_each(|_| tokens.look());
    assert_eq!(scopes(READER), Some(vec![Scope::CatalogueRead]));

    fs::write(&path, good().replace("catalogue:read", "match")).unwrap();
    (0..2).for_each(|_| tokens.look());
    assert_eq!(scopes(READER), Some(vec![Scope::Match]));
    assert_eq!(tokens.count(), 2);
}

#[test]
fn one_token_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, format!("{READER}\n")).unwrap();
    let tokens = Tokens::load_single(&path, "operator", Scope::ALL).unwrap();
    assert_eq!(&*tokens.scopes_of(READER).unwrap().name, "operator");
    assert_eq!(Secret::load(&path).unwrap().expose(), READER);

    let tokens = Tokens::single("MUNGPY_OPS_TOKEN", WRITER, &[Scope::Match]).unwrap();
    assert!(tokens.scopes_of(WRITER).unwrap().may(Scope::Match));
    assert!(!tokens.scopes_of(WRITER).unwrap().may(Scope::CatalogueWrite));
    let short = Tokens::single("MUNGPY_OPS_TOKEN", "short", &[Scope::Match]).unwrap_err();
    assert!(short.to_string().contains("MUNGPY_OPS_TOKEN") && !short.to_string().contains("short"));
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let rate = Arc::new(RateLimit::new(NonZeroU32::new(5).unwrap()));
    let guard = Guard { tokens: None, rate: Some(Arc::clone(&rate)) };
    let server = Server::with(guard, |server| server.limits(BRIEF)).await;
    let mut caller = Caller::connect(server.address).await;
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(caller.get("/").await.unwrap().0);
    }
    assert_eq!(answers[..10], [StatusCode::OK; 10]);
    assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS));
    let refused = loop {
        if let Err(refused) = rate.check(server.address.ip()) {
            break refused;
        }
    };
    assert!(refused.wait > Duration::ZERO && refused.wait <= Duration::from_millis(200));
    assert_eq!(refused.reason(), Reason::RateLimited);
    tokio::time::sleep(refused.wait).await;
    assert_eq!(caller.get("/").await.unwrap().0, StatusCode::OK);
}

#[test]
fn tokens_come_from_variables_and_one_token_may_have_several_scopes() {
    let variables =
        [("A", Scope::Match), ("B", Scope::CatalogueRead), ("C", Scope::CatalogueWrite)];
    let (ours, theirs) = ("0123456789abcdef", "fedcba9876543210");
    let of = |values: [&'static str; 3]| {
        let value_of = move |name: &str| {
            let place = ["A", "B", "C"].iter().position(|known| *known == name).unwrap();
            Some(values[place].to_owned()).filter(|value| !value.is_empty())
        };
        Tokens::of_variables(&variables, value_of)
    };
    assert!(of(["", "", ""]).unwrap().is_none());
    assert!(of(["short", "", ""]).is_err() && of([ours, " ", ""]).is_err());
    let tokens = of([ours, theirs, ours]).unwrap().unwrap();
    let caller = tokens.scopes_of(ours).unwrap();
    assert_eq!((&*caller.name, &*caller.scopes), ("A", &[Scope::Match, Scope::CatalogueWrite][..]));
    assert_eq!(&*tokens.scopes_of(theirs).unwrap().scopes, &[Scope::CatalogueRead]);
    assert!(tokens.scopes_of("0123456789abcdee").is_none());
}
