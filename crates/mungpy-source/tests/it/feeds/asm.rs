//! Animal Shelter Manager.

use mungpy_source::AsmSource;
use serde_json::{Value, json};

use super::{KEY, all, client, ids, reasons};
use crate::server::{Reply, Server};

fn animal(id: usize) -> Value {
    json!({
        "ID": id, "SPECIESNAME": "Dog", "ANIMALNAME": "Bo", "SEXNAME": "Male", "NEUTERED": 1,
        "WEIGHT": 0.0, "WEBSITEIMAGECOUNT": 2, "BREEDNAME": "Mix", "ANIMALAGE": "3 years.",
    })
}

#[test]
fn dogs_are_listed_and_their_photos_need_no_password() {
    let server = Server::start();
    let mut cat = animal(2);
    cat["SPECIESNAME"] = json!("Cat");
    server.always("/service", Reply::json(&json!([animal(1), cat])));
    let source = AsmSource::new(client(), server.url("/"), "shelter", "user", KEY);
    let listing = all(&source).unwrap();
    assert_eq!(ids(&listing), ["1"]);
    let dog = &listing.dogs[0];
    let photo = |seq| {
        let query = "method=animal_image&account=shelter&animalid=1";
        format!("{}?{query}&seq={seq}", server.url("/service"))
    };
    let photos: Vec<_> = dog.photos.iter().map(|photo| photo.place.to_string()).collect();
    assert_eq!(photos, [photo(1), photo(2)]);
    assert_eq!(dog.photos[1].image_id, "1-2");
    assert!(dog.attributes["page"].contains("method=animal_view"));
    assert!(!dog.attributes.contains_key("weight"), "0 is not known");
    let asked = &server.asked("/service")[0];
    for (name, value) in [
        ("method", "json_adoptable_animals"),
        ("account", "shelter"),
        ("username", "user"),
        ("password", KEY),
    ] {
        assert_eq!(asked.parameter(name).unwrap(), value);
    }
}

#[test]
fn what_is_told_is_fit_to_be_stored() {
    let server = Server::start();
    let mut long = animal(1);
    long["ANIMALCOMMENTS"] = json!("개".repeat(5000));
    long["ANIMALNAME"] = json!("Bo\u{1b}[2J\nBo");
    server.always("/service", Reply::json(&json!([long])));
    let source = AsmSource::new(client(), server.url("/"), "a", "u", KEY);
    let listing = all(&source).unwrap();
    let told = &listing.dogs[0].attributes;
    assert!(listing.faults.is_empty() && (1900..=2000).contains(&told["note"].len()));
    assert!(!told["name"].contains(char::is_control), "{:?}", told["name"]);
}

#[test]
fn the_address_may_name_the_service_itself() {
    let server = Server::start();
    server.always("/asmservice", Reply::json(&json!([animal(1)])));
    let source = AsmSource::new(client(), server.url("/asmservice"), "a", "u", KEY);
    assert_eq!(ids(&all(&source).unwrap()), ["1"]);
}

#[test]
fn bad_animals_cost_only_themselves() {
    let server = Server::start();
    let mut photoless = animal(2);
    photoless["WEBSITEIMAGECOUNT"] = json!(0);
    let animals =
        json!([animal(1), photoless, { "SPECIESNAME": "Dog" }, 7, { "ID": 4 }, animal(1)]);
    server.always("/service", Reply::json(&animals));
    let source = AsmSource::new(client(), server.url("/"), "a", "u", KEY);
    let listing = all(&source).unwrap();
    assert_eq!(ids(&listing), ["1"]);
    let codes: Vec<_> = reasons(&listing).into_iter().filter(|(id, _)| id.len() == 1).collect();
    assert_eq!(
        codes,
        [("1", "DUPLICATE_DOG_ID"), ("2", "DOG_WITHOUT_PHOTO"), ("4", "ROW_INVALID")]
    );
    assert!(listing.unlisted.iter().eq(["2", "4"]));
}
