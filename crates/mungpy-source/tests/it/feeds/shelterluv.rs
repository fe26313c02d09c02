//! Shelterluv.

use mungpy_source::ShelterluvSource;
use serde_json::{Value, json};

use super::{KEY, all, changes, client, ids, reasons};
use crate::server::{Asked, Reply, Server};

const PATH: &str = "/api/v1/animals";

fn animal(id: usize) -> Value {
    json!({
        "ID": format!("SL-A-{id}"), "Internal-ID": id.to_string(), "Name": "Bo", "Type": "Dog",
        "Sex": "Female", "Age": 25, "CurrentWeightPounds": "9", "Altered": "Yes",
        "CoverPhoto": format!("https://photos.example/{id}/1.jpg"),
        "Photos": [
            format!("https://photos.example/{id}/2.jpg"),
            format!("https://photos.example/{id}/1.jpg"),
        ],
        "LastUpdatedUnixTime": "1788000000",
    })
}

fn page(asked: &Asked, animals: &[Value]) -> Reply {
    let number = |name| asked.parameter(name).unwrap().parse::<usize>().unwrap();
    let (offset, limit) = (number("offset"), number("limit"));
    let shown: Vec<_> = animals.iter().skip(offset).take(limit).cloned().collect();
    let has_more = offset + shown.len() < animals.len();
    let total = animals.len();
    Reply::json(&json!({
        "success": 1, "animals": shown, "has_more": has_more, "total_count": total,
    }))
}

#[test]
fn publishable_dogs_of_all_pages_are_listed() {
    let server = Server::start();
    server.on(PATH, |asked| page(asked, &(0..230).map(animal).collect::<Vec<_>>()));
    let listing = all(&ShelterluvSource::new(client(), server.url("/"), KEY)).unwrap();
    assert_eq!(listing.dogs.len(), 230);
    assert!(!listing.is_of_changes);
    let dog = &listing.dogs[0];
    let photos: Vec<_> = dog.photos.iter().map(|photo| photo.place.to_string()).collect();
    assert_eq!(photos, ["https://photos.example/0/1.jpg", "https://photos.example/0/2.jpg"]);
    for (key, value) in [
        ("sex", "female"),
        ("age", "25 months"),
        ("weight", "9 lb"),
        ("neutered", "yes"),
        ("updatedAt", "2026-08-29T10:40:00Z"),
    ] {
        assert_eq!(dog.attributes[key], value);
    }
    let asked = server.asked(PATH);
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].header("x-api-key"), Some(KEY));
    assert!(asked.iter().all(|asked| asked.parameter("status_type").unwrap() == "publishable"));
}

#[test]
fn changes_tell_who_has_left() {
    let server = Server::start();
    server.on(PATH, |asked| {
        assert_eq!(asked.parameter("since").unwrap(), "1788000000");
        let is_publishable = asked.parameter("status_type").is_some();
        let mut cat = animal(3);
        cat["Type"] = json!("Cat");
        if is_publishable {
            page(asked, &[animal(1), cat])
        } else {
            page(asked, &[animal(1), animal(2), cat])
        }
    });
    let source = ShelterluvSource::new(client(), server.url("/"), KEY);
    let listing = changes(&source, "2026-08-29T11:40:00Z", "2026-08-30T00:00:00Z").unwrap();
    assert!(listing.is_of_changes);
    assert_eq!(ids(&listing), ["1"]);
    assert!(listing.gone.iter().eq(["2"]));
}

#[test]
fn bad_animals_cost_only_themselves() {
    let server = Server::start();
    let mut photoless = animal(2);
    photoless["CoverPhoto"] = json!("https://www.shelterluv.com/img/default_dog.png");
    photoless["Photos"] = json!([]);
    let mut typeless = animal(4);
    typeless["Type"] = Value::Null;
    let animals = [animal(1), photoless, json!({ "Type": "Dog" }), typeless, json!(5)];
    server.on(PATH, move |asked| page(asked, &animals));
    let listing = all(&ShelterluvSource::new(client(), server.url("/"), KEY)).unwrap();
    assert_eq!(ids(&listing), ["1"]);
    assert!(listing.unlisted.iter().eq(["2", "4"]));
    let codes: Vec<_> = reasons(&listing).into_iter().filter(|(id, _)| id.len() == 1).collect();
    assert_eq!(codes, [("2", "DOG_WITHOUT_PHOTO"), ("4", "ROW_INVALID")]);
    assert_eq!(listing.faults.len(), 4);
}

#[test]
fn an_offset_that_is_not_heard_is_no_list() {
    let server = Server::start();
    let animals: Vec<_> = (0..100).map(animal).collect();
    let body = json!({ "success": 1, "animals": animals, "has_more": true });
    server.always(PATH, Reply::json(&body));
    assert!(all(&ShelterluvSource::new(client(), server.url("/"), KEY)).is_err());
}
