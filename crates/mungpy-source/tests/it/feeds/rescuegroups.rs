//! `RescueGroups.org`.

use mungpy_source::RescueGroupsSource;
use serde_json::{Value, json};

use super::{KEY, all, client, ids, reasons};
use crate::server::{Reply, Server};

const PATH: &str = "/v5/public/animals/search/available/dogs/haspic";

fn animal(id: usize, told: &Value) -> Value {
    json!({
        "type": "animals", "id": id.to_string(), "attributes": told,
        "relationships": {
            "pictures": { "data": [
                { "type": "pictures", "id": format!("{id}b") },
                { "type": "pictures", "id": format!("{id}a") },
            ] },
            "orgs": { "data": [{ "type": "orgs", "id": "9" }] },
        },
    })
}

fn picture(id: &str, order: usize) -> Value {
    let form = |size: &str, x: u32| json!({ "url": format!("https://cdn.example/{size}/{id}.jpg"), "resolutionX": x, "resolutionY": x });
    json!({ "type": "pictures", "id": id, "attributes": {
        "order": order,
        "small": form("small", 100), "large": form("large", 500), "original": form("original", 900),
    } })
}

fn page(animals: &[Value], included: &[Value], number: usize, pages: usize, count: usize) -> Reply {
    let meta = json!({ "count": count, "pageReturned": number, "pages": pages });
    Reply::json(&json!({ "meta": meta, "data": animals, "included": included }))
}

#[test]
fn animals_of_all_pages_become_dogs() {
    let server = Server::start();
    server.on(PATH, |asked| {
        let told = json!({
            "name": "Bo", "sex": "Male", "energyLevel": "High", "activityLevel": "Not Active",
            "newPeopleReaction": "Cautious", "url": "https://shelter.example/bo",
        });
        let org = json!({ "type": "orgs", "id": "9",
            "attributes": { "name": "Shelter", "phone": "555", "citystate": "Austin, TX" } });
        let number: usize = asked.parameter("page").unwrap().parse().unwrap();
        let (a, b) = (format!("{number}a"), format!("{number}b"));
        let included = [picture(&a, 1), picture(&b, 2), org];
        page(&[animal(number, &told)], &included, number, 3, 3)
    });
    let listing = all(&RescueGroupsSource::new(client(), server.url("/"), KEY)).unwrap();
    assert_eq!(ids(&listing), ["1", "2", "3"]);
    let dog = &listing.dogs[0];
    let photos: Vec<_> = dog.photos.iter().map(|photo| photo.place.to_string()).collect();
    assert_eq!(
        photos,
        ["https://cdn.example/original/1a.jpg", "https://cdn.example/original/1b.jpg"]
    );
    assert_eq!(dog.photos[0].image_id, "1a");
    assert_eq!(dog.traits.get("energy"), None, "the two hints conflict");
    assert_eq!(dog.traits["sociability"], "shy");
    for (key, value) in
        [("name", "Bo"), ("sex", "male"), ("shelter", "Shelter"), ("region", "Austin, TX")]
    {
        assert_eq!(dog.attributes[key], value);
    }
    let asked = &server.asked(PATH)[0];
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.header("authorization"), Some(KEY));
    assert_eq!(asked.parameter("limit").unwrap(), "250");
    assert!(serde_json::from_slice::<Value>(&asked.body).unwrap()["data"].is_object());
}

#[test]
fn bad_animals_cost_only_themselves() {
    let server = Server::start();
    let mut cat = animal(3, &json!({}));
    cat["relationships"]["species"] = json!({ "data": [{ "type": "species", "id": "3" }] });
    let cats = json!({ "type": "species", "id": "3", "attributes": { "singular": "Cat" } });
    let animals = [
        animal(1, &json!({})),
        json!({ "type": "animals" }),
        animal(2, &json!({})),
        cat,
        json!({ "type": "animals", "id": "4" }),
    ];
    let included = [picture("1a", 1), picture("3a", 1), cats];
    server.always(PATH, page(&animals, &included, 1, 1, 5));
    let listing = all(&RescueGroupsSource::new(client(), server.url("/"), KEY)).unwrap();
    assert_eq!(ids(&listing), ["1"]);
    let codes: Vec<_> = reasons(&listing).into_iter().filter(|(id, _)| id.len() == 1).collect();
    assert_eq!(codes, [("2", "DOG_WITHOUT_PHOTO"), ("4", "ROW_INVALID")]);
    assert_eq!(listing.faults.len(), 3);
    assert!(listing.unlisted.iter().eq(["2", "4"]));
}

#[test]
fn a_page_that_fails_fails_the_list() {
    let server = Server::start();
    server.on(PATH, |asked| match asked.parameter("page").as_deref() {
        Some("1") => page(&[animal(1, &json!({}))], &[picture("1a", 1)], 1, 2, 2),
        _ => Reply::status(502),
    });
    assert!(all(&RescueGroupsSource::new(client(), server.url("/"), KEY)).is_err());
}
