//! Sources as the configuration names them.

use std::fs;

use mungpy_core::reason::{Reason, WithReason};
use mungpy_source::{SourceConfig, SourceKind, check};
use serde::Deserialize;
use serde_json::json;

use super::{KEY, all, client, ids};
use crate::server::{Reply, Server};

fn parsed(text: &str) -> Result<Vec<SourceConfig>, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        source: Vec<SourceConfig>,
    }
    toml::from_str::<File>(text).map(|file| file.source)
}

fn one(text: &str) -> SourceConfig {
    parsed(&format!("[[source]]\n{text}")).unwrap().remove(0)
}

#[test]
fn each_kind_is_read_with_its_defaults() {
    let sources = parsed(
        r#"
        [[source]]
        kind = "folder"
        path = "dogs"
        [[source]]
        kind = "korea"
        prefix = "kr-"
        [[source]]
        kind = "rescuegroups"
        name = "us"
        full_every = 24
        [[source]]
        kind = "shelterluv"
        key_file = "key"
        [[source]]
        kind = "asm"
        account = "a"
        username = "u"
        [[source]]
        kind = "manifest"
        place = "dogs.jsonl"
        [[source]]
        kind = "postgres"
        photos = "photos"
        "#,
    )
    .unwrap();
    let names: Vec<_> = sources.iter().map(SourceConfig::name).collect();
    assert_eq!(names, ["folder", "korea", "us", "shelterluv", "asm", "manifest", "postgres"]);
    assert_eq!((sources[1].full_every, sources[2].full_every), (168, 24));
    let SourceKind::Korea { base_url, rows } = &sources[1].kind else { panic!("not korea") };
    assert_eq!((base_url.as_str(), *rows), ("https://apis.data.go.kr/", 1000));
    check(&sources).unwrap();
    let twice = [sources[1].clone(), sources[1].clone()];
    assert!(check(&twice).unwrap_err().to_string().contains("korea"));
}

#[test]
fn what_is_unknown_is_refused() {
    for text in [
        "[[source]]\nkind = \"korea\"\nraws = 7",
        "[[source]]\nkind = \"folder\"\npath = \"a\"\nquery = \"b\"",
        "[[source]]\nkind = \"petfinder\"",
        "[[source]]\npath = \"a\"",
    ] {
        assert!(parsed(text).is_err(), "{text}");
    }
}

#[test]
fn a_source_bears_its_name_and_prefix() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), format!("{KEY}\n")).unwrap();
    let server = Server::start();
    let animals = json!([
        { "ID": 1, "SPECIESNAME": "Dog", "WEBSITEIMAGECOUNT": 1 },
        { "ID": 2, "SPECIESNAME": "Dog", "WEBSITEIMAGECOUNT": 0 },
    ]);
    server.always("/service", Reply::json(&animals));
    let config = one(&format!(
        "kind = \"asm\"\nname = \"east\"\nprefix = \"e-\"\nkey_file = \"key\"\nusername = \"u\"\n\
         base_url = \"{}\"",
        server.url("/")
    ));
    let source = config.build(folder.path(), &client()).unwrap();
    assert_eq!(source.name(), "east");
    let listing = all(source.as_ref()).unwrap();
    assert_eq!(ids(&listing), ["e-1"]);
    assert!(listing.unlisted.iter().eq(["e-2"]));
    assert_eq!(listing.faults[0].dog_id, "e-2");
    assert_eq!(server.asked("/service")[0].parameter("password").unwrap(), KEY);
    server.always("/service", Reply::ok("ERROR: no"));
    let error = all(source.as_ref()).unwrap_err().to_string();
    assert_eq!(error, "source east: the service refused: no");
}

#[test]
fn a_missing_or_unusable_secret_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    fs::write(folder.path().join("two"), "a\nb\n").unwrap();
    let failure = |text: &str| one(text).build(folder.path(), &client()).err().unwrap();
    let error = failure("kind = \"shelterluv\"");
    assert_eq!(error.reason(), Reason::ConfigInvalid);
    assert!(error.to_string().contains("MUNGPY_SHELTERLUV_KEY"), "{error}");
    let error = failure("kind = \"korea\"\nkey_file = \"none\"");
    assert_eq!(error.reason(), Reason::FileUnusable, "{error}");
    for file in ["empty", "two"] {
        let error = failure(&format!("kind = \"korea\"\nkey_file = \"{file}\""));
        assert_eq!(error.reason(), Reason::ConfigInvalid, "{error}");
    }
    fs::write(folder.path().join("key"), KEY).unwrap();
    for (key, value) in [
        ("base_url", "\"ftp://h/\""),
        ("base_url", "\"https://u:geheim@h/\""),
        ("base_url", "\"https://h/?serviceKey=geheim\""),
        ("rows", "0"),
        ("rows", "1001"),
    ] {
        let error = failure(&format!("kind = \"korea\"\nkey_file = \"key\"\n{key} = {value}"));
        assert_eq!(error.reason(), Reason::ConfigInvalid, "{error}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}

#[test]
fn no_secret_is_shown() {
    let config = one("kind = \"manifest\"\nplace = \"https://u:geheim@h/dogs.csv?key=geheim\"");
    let shown = [format!("{config:?}"), toml::to_string(&config).unwrap()];
    for text in shown {
        assert!(!text.contains("geheim") && text.contains("h/dogs.csv?***"), "{text}");
    }
    let plain = one("kind = \"manifest\"\nplace = \"dogs of today.jsonl\"");
    assert!(toml::to_string(&plain).unwrap().contains("dogs of today.jsonl"));
}

#[test]
fn a_manifest_lies_in_the_folder_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let row = json!({ "dog_id": "1", "photos": ["http://photos.example/1.jpg"] });
    fs::write(folder.path().join("dogs.jsonl"), format!("{row}\n")).unwrap();
    let config = one("kind = \"manifest\"\nplace = \"dogs.jsonl\"\nprefix = \"m-\"");
    let source = config.build(folder.path(), &client()).unwrap();
    assert_eq!(ids(&all(source.as_ref()).unwrap()), ["m-1"]);
}
