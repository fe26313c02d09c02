//! Bad input from the web: each a reason in the report, and the old catalogue serves on.

use std::{collections::HashMap, fs, process::Command, sync::Arc};

use serde_json::{Value, json};

use super::{LIST, Night, line, reasons, server::Reply};
use crate::{
    common,
    storage::{names_in, run},
};

/// A published catalogue of the composites, and what the server answers about them.
struct Scene {
    night: Night,
    replies: HashMap<String, Reply>,
    list: Vec<u8>,
    published: Vec<u8>,
    dogs: usize,
}

impl Scene {
    fn new() -> Self {
        let night = Night::new();
        night.list_from(&[("shelter", LIST)], "fetch_attempts = 1\n");
        let replies = night.publish_composites("data", "shelter");
        night.answer(replies.clone());
        let report = run(&mut night.batch("data")).report();
        assert_eq!(report["enrolled"], 0, "{report}");
        let published = fs::read(night.catalogue("data")).unwrap();
        let Reply::Whole(list) = &replies[LIST] else { unreachable!() };
        let list = list.to_vec();
        let dogs = list.split(|byte| *byte == b'\n').count() - 1;
        Self { night, replies, list, published, dogs }
    }

    fn answer(&self, list: Reply, others: impl IntoIterator<Item = (String, Reply)>) {
        let mut replies = self.replies.clone();
        replies.insert(LIST.to_owned(), list);
        replies.extend(others);
        self.night.answer(replies);
    }

    /// The report of a run whose list has further rows.
    fn report_with(
        &self,
        rows: impl AsRef<[u8]>,
        others: impl IntoIterator<Item = (String, Reply)>,
    ) -> Value {
        self.answer(Reply::of([&self.list, rows.as_ref()].concat()), others);
        run(&mut self.night.batch("data")).report()
    }

    fn is_untouched(&self, why: &str) {
        assert_eq!(fs::read(self.night.catalogue("data")).unwrap(), self.published, "{why}");
    }
}

#[test]
fn a_list_that_is_none_changes_nothing() {
    let scene = Scene::new();
    let list = &scene.list;
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(list.iter().flat_map(|b| [*b, 0])).collect();
    let latin: Vec<u8> = b"{\"dog_id\": \"caf\xe9\", \"photos\": [\"/a.jpg\"]}\n".repeat(9);
    for (what, reply, reason) in [
        ("HTML", Reply::of("<!doctype html><title>503</title>"), "SOURCE_MALFORMED"),
        ("empty", Reply::of(""), "SOURCE_MALFORMED"),
        ("blank", Reply::of(" \n\n"), "SOURCE_MALFORMED"),
        ("truncated", Reply::of(&list[..list.len() / 2 + 7]), "SOURCE_MALFORMED"),
        ("UTF-16", Reply::of(utf16), "SOURCE_MALFORMED"),
        ("not UTF-8", Reply::of(latin), "SOURCE_MALFORMED"),
        ("an object", Reply::of(r#"{"error": "quota"}"#), "SOURCE_MALFORMED"),
        ("random", Reply::of([7; 5000]), "SOURCE_MALFORMED"),
        ("zeros", Reply::of([0; 5000]), "SOURCE_MALFORMED"),
        ("deep", Reply::of("[".repeat(1_000_000)), "SOURCE_MALFORMED"),
        ("2 GB", Reply::Announced(2 << 30), "SOURCE_MALFORMED"),
        ("without end", Reply::Endless, "SOURCE_MALFORMED"),
        ("compressed", Reply::Compressed(list.clone()), "SOURCE_UNREACHABLE"),
        ("a loop", Reply::Redirect(scene.night.server.url(LIST)), "SOURCE_UNREACHABLE"),
        ("a file", Reply::Redirect("file:///etc/passwd".to_owned()), "ADDRESS_REFUSED"),
    ] {
        scene.answer(reply, []);
        let ended = run(&mut scene.night.batch("data"));
        assert_eq!(ended.code, Some(1), "{what}: {}", ended.out);
        assert!(ended.err.contains(&format!("[{reason}]")), "{what}: {}", ended.err);
        scene.is_untouched(what);
    }
}

#[test]
fn a_bad_row_is_refused_and_the_rest_goes_on() {
    let scene = Scene::new();
    let first = scene.dogs + 1;
    for (row, told_of, reason) in [
        (&b"{\"dog_id\": \"x\", \"photos\": 7}\n"[..], "x", "ROW_INVALID"),
        (b"{\"dog_id\": \"caf\xe9\", \"photos\": [\"/a.jpg\"]}\n", "", "ROW_INVALID"),
        (b"7\n", "", "ROW_INVALID"),
        (b"{\"dog_id\": }\n", "", "ROW_INVALID"),
        (b"{\"dog_id\": \"x\"}\n", "x", "DOG_WITHOUT_PHOTO"),
        (b"{\"dog_id\": \"x\", \"photos\": [\"ftp://a/b.jpg\"]}\n", "x", "ADDRESS_REFUSED"),
        (b"{\"dog_id\": \"\", \"photos\": [\"/a.jpg\"]}\n", "", "DOG_ID_INVALID"),
    ] {
        let row = [row, b"{\"dog_id\": \"y\", \"photos\": []}\n"].concat();
        let shown = String::from_utf8_lossy(&row).into_owned();
        let report = scene.report_with(row, []);
        let place = format!("line {first}");
        let told_of = if told_of.is_empty() { &place } else { told_of };
        assert_eq!(reasons(&report, told_of), [reason], "{shown}{report}");
        assert_eq!(reasons(&report, "y"), ["DOG_WITHOUT_PHOTO"], "{shown}{report}");
        assert_eq!((&report["dogs"], &report["removed"]), (&scene.dogs.into(), &0.into()));
        scene.is_untouched(&shown);
    }
}

#[test]
fn odd_ids_are_refused_or_are_mere_names() {
    let scene = Scene::new();
    let photo = "/long-nose.jpg";
    let long = "멍".repeat(10_000);
    let rows = [
        line("../../etc/passwd", photo),
        line("nul\0nul", photo),
        line("new\nline", photo),
        line("esc\u{1b}[2J", photo),
        line(&long, photo),
        line("long-nose", "/short-nose.jpg"),
    ];
    let report = scene.report_with(rows.concat(), []);
    for id in ["nul\0nul", "new\nline", "esc\u{1b}[2J"] {
        assert_eq!(reasons(&report, id), ["DOG_ID_INVALID"], "{report}");
    }
    let shortened: String = long.chars().take(40).chain(['…']).collect();
    assert_eq!(reasons(&report, &shortened), ["DOG_ID_INVALID"], "{report}");
    assert_eq!(reasons(&report, "long-nose"), ["DUPLICATE_DOG_ID"], "{report}");
    assert_eq!(report["dogs"], scene.dogs + 1, "{report}");
    let catalogue = scene.night.read("data");
    let dog = catalogue.dog("../../etc/passwd").unwrap();
    assert_eq!(dog.photo_location, scene.night.server.url(photo));
    let twice = catalogue.dog("long-nose").unwrap();
    assert_eq!(twice.photo_location, scene.night.server.url(photo), "the first row is kept");
    // An id names no file.
    assert_eq!(names_in(scene.night.folder.path()), ["data", "mungpy.toml"]);
    let mut list = scene.night.batch("data");
    list.args(["--dry-run"]);
    assert_eq!(run(&mut list).report()["new"], 0);
}

/// A PNG that says it has so many pixels, and holds as good as none.
fn png(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let length = (data.len() as u32).to_be_bytes();
        [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
    };
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let data = [0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01];
    let parts = [chunk(b"IHDR", &head), chunk(b"IDAT", &data), chunk(b"IEND", b"")];
    [&b"\x89PNG\r\n\x1a\n"[..], &parts.concat()].concat()
}

#[test]
fn a_photo_that_is_an_attack_costs_its_dog_only() {
    let scene = Scene::new();
    let url = |path: &str| scene.night.server.url(path);
    let sound = Arc::new(common::bytes("dogs/long-nose.jpg"));
    let short = Reply::Short { announced: sound.len(), sent: 9, body: Arc::clone(&sound) };
    let photos = [
        ("bomb", Reply::of(png(60_000, 60_000)), "PHOTO_TOO_MANY_PIXELS"),
        ("packed", Reply::Compressed(vec![0; 9000]), "PHOTO_UNREACHABLE"),
        ("loop", Reply::Redirect(url("/loop")), "PHOTO_UNREACHABLE"),
        ("missing", Reply::Status(404), "PHOTO_UNREACHABLE"),
        ("forbidden", Reply::Status(403), "PHOTO_UNREACHABLE"),
        ("large", Reply::Announced(40 << 20), "PHOTO_TOO_MANY_BYTES"),
        ("endless", Reply::Endless, "PHOTO_TOO_MANY_BYTES"),
        ("empty", Reply::of(""), "PHOTO_UNREACHABLE"),
        ("text", Reply::of("no photo"), "PHOTO_FORMAT_UNSUPPORTED"),
        ("page", Reply::of("<html>"), "PHOTO_UNREACHABLE"),
        ("short", short, "PHOTO_UNREACHABLE"),
        ("dropped", Reply::Dropped, "PHOTO_UNREACHABLE"),
        ("nothing", Reply::Status(304), "PHOTO_UNREACHABLE"),
        ("file", Reply::Redirect("file:///etc/passwd".to_owned()), "ADDRESS_REFUSED"),
        ("elsewhere", Reply::Redirect(url("/long-nose.jpg")), ""),
    ];
    let rows: String = photos.iter().map(|(id, ..)| line(id, &format!("/{id}"))).collect();
    let replies = photos.iter().map(|(id, reply, _)| (format!("/{id}"), reply.clone()));
    let report = scene.report_with(&rows, replies);
    for (id, _, reason) in &photos {
        let expected: &[&str] = if reason.is_empty() { &[] } else { &[reason] };
        assert_eq!(reasons(&report, id), expected, "{id}: {report}");
    }
    assert_eq!((&report["dogs"], &report["enrolled"]), (&(scene.dogs + 1).into(), &1.into()));
    // A dog that is known keeps its record while its photo cannot be fetched.
    let broken = photos.iter().map(|(_, reply, _)| reply).take(7).cloned();
    let known = ["long-nose", "short-nose", "wide-eyes", "round-eyes"];
    let paths = known.map(|id| format!("/{id}.jpg"));
    let report = scene.report_with("", paths.into_iter().zip(broken.skip(1)));
    assert_eq!(report["dogs"], scene.dogs, "{report}");
    for id in known {
        assert_eq!(reasons(&report, id), ["PHOTO_UNREACHABLE"], "{report}");
    }
}

#[test]
fn private_addresses_are_asked_only_if_the_configuration_says_so() {
    let scene = Scene::new();
    scene.answer(Reply::Whole(Arc::new(scene.list.clone())), []);
    let allowed = fs::read_to_string(scene.night.config()).unwrap();
    let refused = allowed.replace("allow_private_addresses = true\n", "");
    fs::write(scene.night.config(), &refused).unwrap();
    let asked = scene.night.server.asked();
    run(&mut scene.night.batch("data")).failed_as("ADDRESS_REFUSED");
    // A list on the disk leads to the same addresses.
    let photo = scene.night.server.url("/long-nose.jpg");
    let by_name = photo.replace("127.0.0.1", "localhost");
    let list =
        [line("new", &photo), line("named", &by_name), line("cloud", "http://169.254.169.254/")];
    fs::write(scene.night.data("dogs.jsonl"), list.concat()).unwrap();
    let from_disk = refused.replace(&scene.night.server.url(LIST), "dogs.jsonl");
    fs::write(scene.night.config(), from_disk).unwrap();
    let report = run(&mut scene.night.batch("other")).report();
    for id in ["new", "named", "cloud"] {
        assert_eq!(reasons(&report, id), ["ADDRESS_REFUSED"], "{report}");
    }
    assert_eq!(scene.night.server.asked(), asked, "a private address was asked");
    scene.is_untouched("no private addresses");
}

#[test]
fn a_store_from_the_future_is_left_alone() {
    let scene = Scene::new();
    let store = scene.night.data("data").join("store");
    let sled = sled::open(&store).unwrap();
    sled.insert("layout", &[9]).unwrap();
    sled.flush().unwrap();
    drop(sled);
    let ended = run(&mut scene.night.batch("data"));
    ended.failed_as("STORE_OF_NEWER_VERSION");
    assert!(ended.err.contains("layout 9"), "{}", ended.err);
    for action in [&["list"][..], &["stats"], &["show", "long-nose"]] {
        let mut read = crate::storage::mungpy(crate::storage::MEMORY_KIB);
        read.arg("catalogue").args(action).arg("--data-dir").arg(scene.night.data("data"));
        let ended = run(&mut read);
        assert_eq!(ended.code, Some(0), "{action:?}: {}", ended.err);
    }
    scene.is_untouched("a store from the future");
    let sled = sled::open(&store).unwrap();
    assert_eq!(sled.get("layout").unwrap().unwrap(), &[9]);
}

#[test]
fn a_data_directory_that_cannot_be_written_is_told() {
    let scene = Scene::new();
    scene.answer(
        Reply::Whole(Arc::new(
            [&scene.list[..], line("new", "/long-nose.jpg").as_bytes()].concat(),
        )),
        [],
    );
    let data = scene.night.data("data");
    let immutable = |flag: &str| {
        let mut change = Command::new("chattr");
        let all = change.args(["-R", flag]).arg(&data).output();
        all.is_ok_and(|output| output.status.success())
    };
    if !immutable("+i") {
        immutable("-i");
        eprintln!("left out: nothing can be made immutable here");
        return;
    }
    let ended = run(&mut scene.night.batch("data"));
    assert!(immutable("-i"));
    ended.failed_as("DATA_DIR_UNUSABLE");
    scene.is_untouched("a directory that cannot be written");
    let report = run(&mut scene.night.batch("data")).report();
    assert_eq!(report["enrolled"], 1, "{report}");
}

#[test]
fn a_list_names_its_own_rows_in_the_report() {
    let scene = Scene::new();
    let row =
        json!({"dog_id": "x", "photos": ["/a.jpg"], "attributes": {"page": "javascript:alert(1)"}});
    let report = scene.report_with(format!("{row}\n"), []);
    let told = reasons(&report, "x");
    assert_eq!(told, ["ROW_INVALID", "PHOTO_UNREACHABLE"], "{report}");
}
