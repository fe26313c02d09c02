//! Writes the seeds of the corpora: small photos, and messages that are valid.
//!
//! What was found by fuzzing has names that begin with `found-`, and stays.

use std::{collections::BTreeMap, fs};

use mungpy::{
    catalogue::{Catalogue, DogRecord, Entry, Rejection, SearchTables, SourceState, Trial},
    photo::Photo,
};
use mungpy_core::{reason::Reason, resemblance::PersonEstimator};
use mungpy_proto::v1::{
    Answer, AttributeFilter, BatchMatchRequest, DescribeRequest, FaceChoice, FaceLandmarks,
    FaceRule, ListDogsRequest, MatchRequest, NoCandidate, Point, PushedPhoto, TemperamentPolicy,
    UpsertDogsRequest, pushed_photo, temperament_policy::Kind,
};
use mungpy_source::{ListedDog, ListedPhoto, PhotoPlace};
use prost::Message as _;

use super::{common, damage::corpus, headers, png};

/// Pixels of the longer side of a photo that shows a face.
const SIDE: usize = 150;

fn write(target: &str, name: &str, bytes: impl AsRef<[u8]>) {
    let folder = corpus(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// EXIF data that says the orientation in the first directory.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [b"MM\0\x2a\0\0\0\x08\0\x01".as_slice(), &entry, &[0; 4]].concat()
}

fn small(photo: &str, side: usize) -> Photo {
    Photo::decode_within(&common::bytes(photo), side).unwrap()
}

#[test]
#[ignore = "writes the seeds of the corpora anew"]
fn are_written() {
    write_headers();
    write_photos();
    write_requests();
    write_catalogue();
    write_forms();
}

fn write_headers() {
    let tiny = small("persons/wide-mouth.jpg", 24).raster;
    let (jpeg, png) = (tiny.encode_jpeg(30).unwrap(), tiny.encode_png().unwrap());
    write("headers", "sideways.jpg", headers::in_jpeg(&jpeg, &exif(6)));
    write("headers", "sideways.png", png::with_chunk(&png, *b"eXIf", &exif(8)));
    write("headers", "plain.png", png);
    write("headers", "exif-be", exif(3));
    write(
        "headers",
        "exif-le",
        b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x05\0\0\0\0\0\0\0",
    );
    for name in ["photo.webp", "animated.webp", "progressive.jpg"] {
        write("headers", name, common::bytes(&format!("photos/{name}")));
    }
    let webp = common::bytes("photos/photo.webp");
    write("headers", "extended.webp", headers::in_webp(&webp, &exif(2)));
    write("headers", "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
}

fn write_photos() {
    // What is searched for in a photo depends on its length.
    let of_length = |mut photo: Vec<u8>, remainder: usize| {
        photo.resize(photo.len() + (remainder + 4 - photo.len() % 4) % 4, 0);
        photo
    };
    let person = small("persons/wide-mouth.jpg", SIDE).raster;
    let jpeg = person.encode_jpeg(60).unwrap();
    write("photos", "face.jpg", of_length(jpeg.clone(), 2));
    write("photos", "faces.jpg", of_length(jpeg, 1));
    let png = small("persons/large-eyes.jpg", 112).raster.encode_png().unwrap();
    write("photos", "face.png", of_length(png, 3));
    let dog = small("dogs/round-eyes.jpg", SIDE).raster.encode_jpeg(60).unwrap();
    write("photos", "dog.jpg", of_length(dog, 0));
    let sideways = headers::in_jpeg(&person.encode_jpeg(40).unwrap(), &exif(6));
    write("photos", "sideways.jpg", of_length(sideways, 2));
    for name in ["photo.webp", "progressive.jpg", "cmyk.jpg", "grey.jpg"] {
        write("photos", name, common::bytes(&format!("photos/{name}")));
    }
}

fn write_requests() {
    let landmarks = |number: usize| FaceLandmarks {
        points: common::composites("persons/")[number]
            .landmarks
            .map(|[x, y]| Point { x, y })
            .into(),
        photo_width: 400,
        photo_height: 400,
    };
    let faces = MatchRequest {
        landmarks: vec![landmarks(0), landmarks(1)],
        image_id: "person-1".to_owned(),
        answers: vec![Answer {
            axis: "energy".to_owned(),
            side: "homebody".to_owned(),
            required: true,
        }],
        policy: Some(TemperamentPolicy { kind: Some(Kind::Best(1)) }),
        top: 3,
        excluded_dog_ids: vec!["round-eyes".to_owned()],
        language: "ko-KR".to_owned(),
        on_no_candidate: NoCandidate::Relax.into(),
        attributes: vec![AttributeFilter {
            attribute: "source".to_owned(),
            values: vec!["source".to_owned()],
        }],
        detail: true,
        timings: true,
        ..MatchRequest::default()
    };
    let ibug = FaceLandmarks {
        points: (0..68)
            .map(|i| Point { x: f64::from(i % 17 * 8), y: f64::from(i / 17 * 20) })
            .collect(),
        photo_width: 200,
        photo_height: 200,
    };
    let photos = MatchRequest {
        photos: vec![small("persons/wide-mouth.jpg", 16).raster.encode_jpeg(10).unwrap().into(); 2],
        face: Some(FaceChoice {
            rule: FaceRule::Nearest.into(),
            points: vec![Point { x: 8.0, y: 8.0 }, Point { x: 4.0, y: 3.0 }],
        }),
        ..MatchRequest::default()
    };
    let of = |kind: &[u8], message: Vec<u8>| [kind, &message].concat();
    write("requests", "landmarks", of(b"m", faces.encode_to_vec()));
    let plain = MatchRequest { landmarks: vec![landmarks(2)], ..MatchRequest::default() };
    write("requests", "plain", of(b"m", plain.encode_to_vec()));
    let ibug = MatchRequest { landmarks: vec![ibug], ..MatchRequest::default() };
    write("requests", "ibug68", of(b"m", ibug.encode_to_vec()));
    write("requests", "photos", of(b"m", photos.encode_to_vec()));
    let item =
        BatchMatchRequest { id: "1".to_owned(), request: Some(plain), newest_catalogue: true };
    write("requests", "item", of(b"b", item.encode_to_vec()));
    let describe = DescribeRequest { photo: vec![0xFF, 0xD8].into(), language: "en".to_owned() };
    write("requests", "describe", of(b"d", describe.encode_to_vec()));
    write("requests", "push", of(b"u", pushed_dog().encode_to_vec()));
    let page = ListDogsRequest {
        page_size: 10,
        page_token: "0100000007626f7269".to_owned(),
        attributes: faces.attributes,
        traits: faces.answers,
    };
    write("requests", "page", of(b"l", page.encode_to_vec()));
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = format!(
        "hauthorization: Bearer {}\nx-request-id: a-1\ntraceparent: {parent}\ntracestate: a=1,b=2\n",
        common::TOKEN
    );
    write("requests", "headers", headers);
    write(
        "requests",
        "other-headers",
        "hauthorization: bearer  x\nx-request-id: \nx-request-id: b c",
    );
}

fn pushed_dog() -> UpsertDogsRequest {
    let of = |kind| PushedPhoto { kind: Some(kind) };
    let pairs = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    UpsertDogsRequest {
        dog_id: "bori".to_owned(),
        image_id: "bori-1".to_owned(),
        photos: vec![
            of(pushed_photo::Kind::Content(vec![0xFF, 0xD8])),
            of(pushed_photo::Kind::Url("https://example.org/bori.jpg".to_owned())),
        ],
        traits: pairs("energy", "homebody"),
        attributes: pairs("name", "보리"),
        expires_at: "2126-12-31T23:59:59+09:00".to_owned(),
        measure_now: true,
    }
}

/// Some composite dogs with everything that a record can hold.
fn dogs() -> Vec<DogRecord> {
    let mut dogs = common::composite_catalogue().dogs;
    dogs.truncate(3);
    let time = chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    for dog in &mut dogs {
        dog.photo_location = format!("photos/{}", dog.image_id);
        "models".clone_into(&mut dog.model_version);
        dog.enrolled_at = time;
    }
    dogs[0].attributes = BTreeMap::from([("name".to_owned(), "멍피".to_owned())]);
    dogs[1].expires_at = Some(time + chrono::TimeDelta::days(40_000));
    dogs
}

fn write_catalogue() {
    let of = |kind: &[u8], bytes: &[u8]| [kind, bytes].concat();
    let persons = PersonEstimator::shipped().population;
    let dogs = dogs();
    let mut catalogue = Catalogue {
        version: 3,
        published_at: dogs[0].enrolled_at,
        model_version: "models".to_owned(),
        dogs,
        tables: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalogue.mungpy");
    let published = |catalogue: &Catalogue| {
        catalogue.publish(&path).unwrap();
        fs::read(&path).unwrap()
    };
    // Magic, layout and checksum are made by the target.
    write("catalogue", "plain", of(b"c", &published(&catalogue)[12..]));
    write("catalogue", "file", of(b"f", &published(&catalogue)));
    catalogue.tables = Some(SearchTables::assign(&persons, &mut catalogue.dogs));
    write("catalogue", "tables", of(b"c", &published(&catalogue)[12..]));
    let mut export = Vec::new();
    catalogue.export(&mut export).unwrap();
    write("catalogue", "export", of(b"x", &export));
    let lines = export.splitn(2, |byte| *byte == b'\n').nth(1).unwrap();
    write("catalogue", "lines", of(b"j", lines));
    write_store();
    let run = r#"{"startedAt":"2026-11-01T03:00:00Z","endedAt":"2026-11-01T03:05:00Z","trigger":"cron","end":"published","done":3,"listed":3,"version":2,"dogs":3,"refusals":{"NO_FACE":2}}"#;
    write("catalogue", "runs", format!("h{run}\n"));
}

fn write_store() {
    let of = |kind: &[u8], kept: Vec<u8>| [kind, &kept[4..]].concat();
    let dog = Entry::Dog(Box::new(dogs().remove(0)));
    write("catalogue", "dog", of(b"e", dog.encode()));
    let rejection = Rejection {
        dog_id: "dog-2".to_owned(),
        photos_digest: [7; 32],
        model_version: "models".to_owned(),
        reason: Reason::NoFace,
        message: "no dog face was found".to_owned(),
        source: "shelter".to_owned(),
        photos: Vec::new(),
    };
    write("catalogue", "rejection", of(b"e", Entry::Rejected(rejection).encode()));
    let state = SourceState { fingerprint: "abc".to_owned(), ..SourceState::default() };
    write("catalogue", "state", of(b"s", state.encode()));
    let listed = ListedDog {
        dog_id: "dog-3".to_owned(),
        photos: vec![ListedPhoto {
            image_id: "3".to_owned(),
            place: PhotoPlace::Url("https://example.org/3.jpg".parse().unwrap()),
        }],
        ..ListedDog::default()
    };
    let trial = Trial {
        source: "shelter".to_owned(),
        dog: listed,
        reason: Reason::NoFace,
        message: "the server is busy".to_owned(),
        attempts: 2,
        next_try: chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
    };
    write("catalogue", "trial", of(b"t", trial.encode()));
}

fn write_forms() {
    let photo = small("persons/wide-mouth.jpg", 16).raster.encode_jpeg(10).unwrap();
    let part = |name: &str, content: &[u8]| {
        let head = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let form = |path: &str, parts: &[Vec<u8>]| {
        let head = format!("POST {path}\ncontent-type: multipart/form-data; boundary=x\n\n");
        [head.as_bytes(), &parts.concat(), b"--x--\r\n"].concat()
    };
    let (image, image_id) = (part("image", &photo), part("imageId", b"me.jpg"));
    let wishes = [
        image.clone(),
        part("temperament", br#"{"energy": "homebody"}"#),
        part("attributes", br#"{"sex": ["female", "male"]}"#),
        part("excludeDogIds", br#"["a", "b"]"#),
        part("face", br#"[{"x": 8, "y": 8.5}]"#),
        part("top", b"5"),
        part("detail", b"true"),
        part("onNoCandidate", b"relax"),
        part("region", "경기도".as_bytes()),
        part("lang", b"ko"),
    ];
    write("forms", "plain", form("/api/v1/similar-dog", &[image_id.clone(), image.clone()]));
    write("forms", "wishes", form("/api/v1/similar-dog", &wishes));
    write("forms", "older", form("/dog", &[image_id, image.clone(), part("personality", b"[]")]));
    write("forms", "describe", form("/api/v1/describe?lang=ko", &[image]));
    let lines =
        r#"{"id":"1","images":["/9j/"],"temperament":["homebody"],"top":2,"face":{"x":1,"y":2}}"#;
    let head = "POST /api/v1/similar-dog/batch\ncontent-type: application/x-ndjson";
    write("forms", "batch", format!("{head}\n\n{lines}\n{{}}\n"));
    write("forms", "dog", "GET /api/v1/dogs/round-eyes?x=%20\nif-none-match: \"a\", W/\"b\"\n");
    write("forms", "photo", "GET /api/v1/dogs/nobody/photo\nx-request-timeout: 2.5\n");
    write("forms", "attribute", "GET /api/v1/attributes/source?lang=ko\n");
    let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let caller = format!(
        "GET /api/v1/temperament\naccept-language: fr, ko;q=0.4\n{trace}\nx-request-id: a-1\n\
         x-forwarded-for: 192.0.2.1, [2001:db8::1]:99\nx-forwarded-proto: https\n\
         authorization: Bearer abc\nrange: bytes=0-1\norigin: https://example.org\n"
    );
    write("forms", "caller", caller);
}
