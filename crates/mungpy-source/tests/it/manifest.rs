//! Manifests, in every form and broken in every way.

use std::{fs, os::unix::fs::symlink, path::Path, sync::LazyLock, time::Duration};

use chrono::DateTime;
use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::temperament::Questionnaire;
use mungpy_source::{
    DogSource, ListRequest, ListedDog, Listing, ManifestSource, PhotoPlace, SourceError,
    web::{WebClient, WebOptions},
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::server::{Reply, Server};

fn client() -> WebClient {
    static CLIENT: LazyLock<WebClient> = LazyLock::new(|| {
        let first_delay = Duration::from_millis(1);
        let options =
            WebOptions { allow_private_addresses: true, first_delay, ..WebOptions::default() };
        WebClient::new(options).unwrap()
    });
    CLIENT.clone()
}

fn list(place: &str) -> Result<Listing, SourceError> {
    let questionnaire = Questionnaire::default();
    ManifestSource::new(place, client())?.list(&ListRequest::all(&questionnaire))
}

/// A folder with photos `a.jpg` and `more/b.jpg`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    for photo in ["a.jpg", "more/b.jpg"] {
        fs::write(folder.path().join(photo), "photo").unwrap();
    }
    folder
}

fn listed_in(folder: &Path, text: impl AsRef<[u8]>) -> Result<Listing, SourceError> {
    let path = folder.join("dogs");
    fs::write(&path, text).unwrap();
    list(path.to_str().unwrap())
}

fn listed(text: impl AsRef<[u8]>) -> Result<Listing, SourceError> {
    // Each test has a thread of its own.
    thread_local!(static FOLDER: TempDir = folder());
    FOLDER.with(|folder| listed_in(folder.path(), text))
}

fn reasons(listing: &Listing) -> Vec<(&str, Reason)> {
    listing.faults.iter().map(|fault| (fault.dog_id.as_str(), fault.reason)).collect()
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
}

fn image_ids(dog: &ListedDog) -> Vec<&str> {
    dog.photos.iter().map(|photo| photo.image_id.as_str()).collect()
}

/// The same two dogs in each form.
const FORMS: [&str; 4] = [
    r#"
{"dog_id": "콩", "photos": ["./more/b.jpg", "http://a.kr/1[2].jpg"], "image_id": "k1", "traits": {"energy": "방콕러"}, "status": "보호중", "attributes": {"name": "콩이", "notice_end": "2026-11-28"}}

{"dog_id": 7, "photos": "a.jpg", "updated_at": "2026-11-01"}
"#,
    r#"{"dogId": "콩", "photos": ["more/b.jpg", "http://a.kr/1[2].jpg", "more/b.jpg"], "imageId": "k1", "traits": {"energy": "homebody", "sociability": null}, "status": " 보호중 ", "name": "콩이", "attributes": {"noticeEnd": "20261128", "name": null}}
{"dogId": "7", "photos": ["a.jpg"], "imageId": null, "status": "", "updatedAt": "2026-11-01"}"#,
    r#"[
  {"dog_id": "7", "photos": ["a.jpg", ""], "attributes": {"updated_at": "2026-11-01"}},
  {"dog_id": "콩", "photos": ["more/b.jpg", "http://a.kr/1%5B2%5D.jpg"], "imageId": "k1", "traits": {"energy": "homebody"}, "status": "보호중", "attributes": {"name": "콩이", "noticeEnd": "2026-11-29T00:00:00+09:00"}}
]"#,
    "\u{feff}dogId,photos,image_id,energy,status,name,notice_end,updatedAt\r\n\
     콩,more/b.jpg|http://a.kr/1[2].jpg,k1,homebody,보호중,콩이,2026-11-28,\r\n\
     7, a.jpg ,,,,,,2026-11-01\r\n",
];

#[test]
fn every_form_tells_the_same() {
    for form in FORMS {
        let folder = folder();
        let listing = listed_in(folder.path(), form).unwrap();
        assert_eq!(listing.faults, []);
        let [seven, kong] = listing.dogs.as_slice() else { panic!("{listing:?}") };
        assert_eq!((seven.dog_id.as_str(), kong.dog_id.as_str()), ("7", "콩"));
        assert_eq!(image_ids(seven), ["a.jpg"]);
        let path = folder.path().canonicalize().unwrap().join("a.jpg");
        assert_eq!(seven.photos[0].place, PhotoPlace::File(path));
        assert_eq!(seven.attributes["updatedAt"], "2026-11-01");
        assert_eq!((&seven.image_id, seven.attributes.len(), seven.expires_at), (&None, 1, None));
        assert_eq!(image_ids(kong), ["more/b.jpg", "http://a.kr/1%5B2%5D.jpg"]);
        assert_eq!(kong.image_id.as_deref(), Some("k1"));
        assert_eq!(kong.traits, [("energy".to_owned(), "homebody".to_owned())].into());
        assert_eq!(kong.attributes["name"], "콩이");
        assert_eq!(kong.attributes["status"], "보호중");
        let end = DateTime::parse_from_rfc3339("2026-11-28T15:00:00Z").unwrap();
        assert_eq!(kong.expires_at, Some(end.to_utc()));
    }
}

#[test]
fn dogs_that_are_no_longer_adoptable_are_dropped_quietly() {
    let listing = listed(
        r#"{"dog_id": "a", "photos": "a.jpg", "status": "Available"}
{"dog_id": "b", "photos": "a.jpg", "status": "종료(입양)"}
{"dog_id": "c", "photos": [], "status": "adopted"}
{"dog_id": "d", "photos": "a.jpg", "status": "PROTECT"}"#,
    )
    .unwrap();
    assert_eq!((ids(&listing), listing.faults.len()), (vec!["a", "d"], 0));
    let none = listed(r#"{"dog_id": "b", "photos": "a.jpg", "status": "adopted"}"#).unwrap();
    assert_eq!(none, Listing::default());
}

#[test]
fn a_bad_row_is_refused_and_the_rest_goes_on() {
    let long = "x".repeat(10_000);
    let text = format!(
        r#"{{"dog_id": "first", "photos": "a.jpg"}}
{{"dog_id": "broken", "photos": 
{{"photos": "a.jpg"}}
[1, 2]
{{"dog_id": "typed", "photos": {{"a": 1}}}}
{{"dog_id": "typed too", "photos": "a.jpg", "traits": [], "attributes": 3}}
{{"dog_id": "../../etc", "photos": "a.jpg"}}
{{"dog_id": "nul\u0000", "photos": "a.jpg"}}
{{"dog_id": "{long}", "photos": "a.jpg"}}
{{"dog_id": "", "photos": "a.jpg"}}
{{"dog_id": "none"}}
{{"dog_id": "first", "photos": "more/b.jpg"}}
{{"dog_id": "last", "photos": "more/b.jpg", "traits": {{"energy": "odd"}}, "attributes": {{"a": []}}}}
"#
    );
    let listing = listed(&text).unwrap();
    assert_eq!(ids(&listing), ["../../etc", "first", "last"]);
    assert_eq!(image_ids(&listing.dogs[1]), ["a.jpg"]);
    let cut = format!("{}…", "x".repeat(40));
    let expected = [
        ("line 2", Reason::RowInvalid),
        ("line 3", Reason::RowInvalid),
        ("line 4", Reason::RowInvalid),
        ("typed", Reason::RowInvalid),
        ("typed too", Reason::RowInvalid),
        ("nul\0", Reason::DogIdInvalid),
        (cut.as_str(), Reason::DogIdInvalid),
        ("line 10", Reason::DogIdInvalid),
        ("none", Reason::DogWithoutPhoto),
        ("first", Reason::DuplicateDogId),
        ("last", Reason::RowInvalid),
        ("last", Reason::UnknownSide),
    ];
    assert_eq!(reasons(&listing), expected);
    assert!(listing.faults[3].message.starts_with("line 5: "), "{}", listing.faults[3].message);
    // They are still there, so what is known about them stays.
    assert_eq!(listing.unlisted, ["none", "typed", "typed too"].map(str::to_owned).into());
    assert!(listing.faults.iter().all(|fault| fault.message.len() < 300));
}

#[test]
fn a_row_of_csv_that_is_bad_is_refused() {
    let mut text = b"dog_id,photos,name\nfirst,a.jpg,x\r\nshort,a.jpg\n".to_vec();
    text.extend(
        b"latin,a.jpg,\xe9t\xe9\n\nlong,a.jpg,x,y\r\n\"quoted\",\"a.jpg\",\"x, \"\"y\"\"\"\n",
    );
    let listing = listed(text).unwrap();
    assert_eq!(ids(&listing), ["first", "quoted"]);
    assert_eq!(listing.dogs[1].attributes["name"], r#"x, "y""#);
    let expected = ["short", "latin", "long"].map(|id| (id, Reason::RowInvalid));
    assert_eq!(reasons(&listing), expected);
    let places: Vec<_> =
        listing.faults.iter().map(|fault| fault.message.split(':').next().unwrap()).collect();
    assert_eq!(places, ["line 3", "line 4", "line 6"]);
    assert_eq!(listing.unlisted.len(), 3);
}

#[test]
fn one_line_that_is_not_utf8_is_refused() {
    let mut text = b"{\"dog_id\": \"a\", \"photos\": \"a.jpg\"}\n".to_vec();
    text.extend(b"{\"dog_id\": \"\xff\", \"photos\": \"a.jpg\"}\n");
    let listing = listed(text).unwrap();
    assert_eq!(
        (ids(&listing), reasons(&listing)),
        (vec!["a"], vec![("line 2", Reason::RowInvalid)])
    );
}

#[test]
fn what_is_no_list_is_refused_as_a_whole() {
    for (text, expected) in [
        (&b""[..], "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"  <!DOCTYPE html><html><body>dogs</body></html>", "HTML"),
        (b"<?xml version=\"1.0\"?><error/>", "HTML"),
        (b"\xff\xfe{\0\"\0", "UTF-8"),
        (b"\0\0\0", "UTF-8"),
        (b"sorry, we are closed", "no column dog_id"),
        (b"dog_id,name\na,b\n", "no column photos"),
        (b"\xe9,photos\na,b\n", "UTF-8"),
        (b"{\"error\": \"no key\"}\n", "none of its 1 rows"),
        (b"{\n\"dog_id\": \"a\"\n}\n", "none of its 3 rows"),
        (b"[{\"dog_id\": 1}, {\"dog_id\": ", "cut off"),
        (b"[{\"dog_id\": 1}] []", "trailing"),
        (b"[1, 2, 3]", "none of its 3 rows"),
        (b"{\"dog_id\": \"a\", \"photos\": \"a.jpg\"}\n{\"dog_id\": \"b", "line 2: the list ends"),
        (b"dog_id,photos,name\na,a.jpg,x\nb,a.", "line 3: the list ends"),
    ] {
        let error = listed(text).unwrap_err();
        assert!(matches!(error, SourceError::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(error.reason(), Reason::SourceMalformed);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(listed(deep), Err(SourceError::Malformed { .. })));
}

#[test]
fn a_list_without_dogs_is_a_list() {
    for text in ["[]", "[ ]\n", "dog_id,photos\n", "dog_id,photos"] {
        assert_eq!(listed(text).unwrap(), Listing::default());
    }
}

#[test]
fn a_list_that_is_missing_or_too_large_is_refused() {
    let folder = folder();
    let path = folder.path().join("none.jsonl");
    let error = list(path.to_str().unwrap()).unwrap_err();
    assert_eq!(error.reason(), Reason::SourceUnreadable);
    let large = fs::File::create(folder.path().join("large")).unwrap();
    large.set_len(2 << 30).unwrap();
    let error = list(folder.path().join("large").to_str().unwrap()).unwrap_err();
    assert!(error.to_string().contains("more than the limit of 268435456"), "{error}");
    let error = list("ftp://a.kr/dogs").unwrap_err();
    assert_eq!(error.reason(), Reason::AddressRefused);
}

#[test]
fn photos_stay_below_the_folder_of_the_manifest() {
    let outer = TempDir::new().unwrap();
    fs::write(outer.path().join("secret.jpg"), "secret").unwrap();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("a.jpg"), "photo").unwrap();
    symlink("../secret.jpg", inner.join("out.jpg")).unwrap();
    symlink("..", inner.join("up")).unwrap();
    symlink("a.jpg", inner.join("in.jpg")).unwrap();
    let absolute = inner.join("a.jpg").to_str().unwrap().to_owned();
    for (photo, reason) in [
        ("../secret.jpg", Reason::PhotoUnreadable),
        ("x/../../secret.jpg", Reason::PhotoUnreadable),
        (&absolute, Reason::PhotoUnreadable),
        ("/etc/passwd", Reason::PhotoUnreadable),
        ("out.jpg", Reason::PhotoUnreadable),
        ("up/secret.jpg", Reason::PhotoUnreadable),
        (".", Reason::PhotoUnreadable),
        ("missing.jpg", Reason::PhotoUnreadable),
        ("a.jpg\0", Reason::PhotoUnreadable),
        ("file:///etc/passwd", Reason::AddressRefused),
        ("http://user:hush@a.kr/x", Reason::AddressRefused),
    ] {
        let row = serde_json::json!({"dog_id": "a", "photos": [photo, "in.jpg"]});
        let listing = listed_in(&inner, format!("{row}\n")).unwrap();
        assert_eq!(reasons(&listing), [("a", reason)], "{photo}");
        assert_eq!(image_ids(&listing.dogs[0]), ["in.jpg"]);
        assert!(!listing.faults[0].message.contains("hush"));
        // Without any other photo the dog is there and cannot be listed.
        let rows = serde_json::json!([
            {"dog_id": "a", "photos": [photo]},
            {"dog_id": "b", "photos": ["a.jpg"]},
        ]);
        let listing = listed_in(&inner, rows.to_string()).unwrap();
        assert_eq!((ids(&listing), listing.unlisted.contains("a")), (vec!["b"], true), "{photo}");
    }
}

#[test]
fn a_manifest_of_the_web_names_photos_of_the_web() {
    let server = Server::start();
    let url = server.always(
        "/lists/dogs.jsonl",
        Reply::ok(
            r#"{"dog_id": "a", "photos": ["../photos/콩 1.jpg", "https://b.kr/x"]}
{"dog_id": "b", "photos": ["file:///etc/passwd"]}
{"dog_id": "c", "photos": ["/c.jpg"]}"#,
        ),
    );
    let listing = list(&format!("{url}?key=secret")).unwrap();
    assert_eq!(ids(&listing), ["a", "c"]);
    let first = server.url("/photos/%EC%BD%A9%201.jpg");
    assert_eq!(image_ids(&listing.dogs[0]), [first.as_str(), "https://b.kr/x"]);
    assert_eq!(listing.dogs[1].photos[0].place, PhotoPlace::Url(server.url("/c.jpg")));
    assert_eq!(reasons(&listing), [("b", Reason::AddressRefused)]);
    assert_eq!(server.asked("/lists/dogs.jsonl")[0].query, "key=secret");
    let source = ManifestSource::new(&format!("{url}?key=secret"), client()).unwrap();
    assert_eq!(source.name(), url.as_str());
}

#[test]
fn a_manifest_that_cannot_be_fetched_has_a_reason() {
    let server = Server::start();
    for (path, reply, reason) in [
        ("/403", Reply::status(403), Reason::SourceRefused),
        ("/404", Reply::status(404), Reason::SourceUnreachable),
        ("/cut", Reply::ok("{\"dog_id\": 1}").cut_after(5), Reason::SourceUnreachable),
        ("/large", Reply::ok("x").claiming(2 << 30), Reason::SourceMalformed),
        ("/html", Reply::ok("<html>"), Reason::SourceMalformed),
    ] {
        let mut url = server.always(path, reply);
        url.set_query(Some("key=secret"));
        let error = list(url.as_str()).unwrap_err();
        assert_eq!(error.reason(), reason, "{path}: {error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
}

#[test]
fn long_addresses_that_differ_at_their_end_are_different_images() {
    let long = format!("http://a.kr/{}", "x".repeat(300));
    let text =
        format!(r#"{{"dog_id": "a", "photos": ["{long}1.jpg?key=1", "{long}2.jpg?key=2"]}}"#);
    let listing = listed(&text).unwrap();
    assert_eq!(image_ids(&listing.dogs[0]), [format!("{long}1.jpg"), format!("{long}2.jpg")]);
}

#[test]
fn an_end_of_notice_that_is_not_understood_is_reported() {
    let text = r#"{"dog_id": "a", "photos": "a.jpg", "notice_end": "soon"}"#;
    let listing = listed(text).unwrap();
    assert_eq!(reasons(&listing), [("a", Reason::RowInvalid)]);
    let dog = &listing.dogs[0];
    assert_eq!((dog.attributes["noticeEnd"].as_str(), dog.expires_at), ("soon", None));
}

proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in prop::sample::select(vec![
            "", "{", "[", "[{\"dog_id\": 1},", "{\"dog_id\": \"a\", \"photos\": \"a.jpg\"}\n",
            "dog_id,photos\n", "dog_id,photos,notice_end\na,a.jpg,",
        ]),
    ) {
        let _ = listed([start.as_bytes(), &bytes].concat());
    }

    #[test]
    fn a_flipped_byte_never_panics(
        form in prop::sample::select(FORMS.to_vec()), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = form.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = listed(&bytes);
        let _ = listed(&bytes[..at]);
    }
}
