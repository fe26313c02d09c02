//! `RescueGroups.org`, version 5 of its interface (JSON:API).

use std::collections::HashMap;

use mungpy_core::temperament::Questionnaire;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use crate::{
    SourceError,
    feed::{Feed, MAX_PAGE_BYTES},
    listing::{DogSource, ListRequest, ListedDog, Listing},
    paging::{Page, Position},
    rows::{self, Fields, Row},
    secret::Secret,
    web::{WebClient, WebRequest},
    words,
};

const PATH: &str = "v5/public/animals/search/available/dogs/haspic";

/// Most dogs that the service answers at a time.
const LIMIT: usize = 250;

/// What a field means for temperament: field, value, axis, side. Values between say nothing.
const TRAITS: [(&str, &str, &str, &str); 7] = [
    ("energyLevel", "low", "energy", "homebody"),
    ("energyLevel", "high", "energy", "energetic"),
    ("activityLevel", "not active", "energy", "homebody"),
    ("activityLevel", "slightly active", "energy", "homebody"),
    ("activityLevel", "highly active", "energy", "energetic"),
    ("newPeopleReaction", "friendly", "sociability", "outgoing"),
    ("newPeopleReaction", "cautious", "sociability", "shy"),
];

/// Adoptable dogs with photos of the shelters that use `RescueGroups.org`.
#[derive(Debug, Clone)]
pub struct RescueGroupsSource {
    feed: Feed,
}

impl RescueGroupsSource {
    /// Address of the live service.
    pub const BASE: &str = "https://api.rescuegroups.org";

    /// The service at an address.
    pub fn new(client: WebClient, base: Url, key: &str) -> Self {
        let secret = Secret::new(key);
        Self { feed: Feed { name: "rescuegroups", client, base, secret, refusal } }
    }

    fn page(&self, request: &ListRequest<'_>, at: Position) -> Result<Page, SourceError> {
        let mut url = self.feed.address(PATH);
        url.query_pairs_mut()
            .append_pair("limit", &LIMIT.to_string())
            .append_pair("page", &(at.page + 1).to_string())
            .append_pair("include", "pictures,orgs,species");
        let mut key = HeaderValue::from_str(self.feed.secret.expose())
            .map_err(|_| self.feed.refused("the key holds characters that no key has"))?;
        key.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, key);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.api+json"));
        let post = Some(json!({ "data": { "filters": [] } }));
        let web = WebRequest { headers, post, ..WebRequest::get(url.clone(), MAX_PAGE_BYTES) };
        let text = self.feed.ask(&web)?;
        let json = self.feed.json(&url, &text)?;
        self.read(&url, &json, &text, request.questionnaire)
    }

    fn read(
        &self,
        url: &Url,
        json: &Value,
        text: &str,
        questionnaire: &Questionnaire,
    ) -> Result<Page, SourceError> {
        let reply = Fields::of(json);
        let Some((reply, data)) = reply.and_then(|reply| Some((reply, reply.get("data")?))) else {
            return Err(match refusal(text) {
                Some(said) => self.feed.refused(said),
                None => self.feed.malformed(url, "the answer has no data"),
            });
        };
        let Some(data) = data.as_array() else {
            return Err(self.feed.malformed(url, "data is no list of animals"));
        };
        let included = Included::of(reply.list("included"));
        let rows = data.iter().map(|animal| row(animal, &included, questionnaire)).collect();
        let meta = reply.object("meta");
        let number = |key| meta.and_then(|meta| meta.number(key));
        let is_last = number("pageReturned").zip(number("pages")).is_some_and(|(at, of)| at >= of);
        Ok(Page { rows, total: number("count"), is_last })
    }
}

impl DogSource for RescueGroupsSource {
    fn name(&self) -> String {
        self.feed.name.to_owned()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        self.feed.listing(PATH, false, |at| self.page(request, at))
    }
}

/// The title and detail of the first error.
fn refusal(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    let error = Fields::of(Fields::of(&json)?.list("errors").first()?)?;
    let said: Vec<_> =
        ["status", "title", "detail"].iter().filter_map(|key| error.text(key)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The resources beside the animals, by type and id.
struct Included<'a>(HashMap<(String, String), Fields<'a>>);

impl<'a> Included<'a> {
    fn of(resources: &'a [Value]) -> Self {
        let resource = |value: &'a Value| {
            let fields = Fields::of(value)?;
            Some(((fields.text("type")?, fields.text("id")?), fields.object("attributes")?))
        };
        Self(resources.iter().filter_map(resource).collect())
    }

    /// The related resources of an animal, in its order, with their ids.
    fn of_animal(&self, animal: Fields<'_>, relation: &str) -> Vec<(String, Fields<'a>)> {
        let links = animal.object("relationships").and_then(|all| all.object(relation));
        let links = links.map_or(&[][..], |links| links.list("data"));
        let resource = |link: &Value| {
            let link = Fields::of(link)?;
            let key = (link.text("type")?, link.text("id")?);
            let fields = *self.0.get(&key)?;
            Some((key.1, fields))
        };
        links.iter().filter_map(resource).collect()
    }
}

fn row(value: &Value, included: &Included<'_>, questionnaire: &Questionnaire) -> Row {
    let Some((animal, dog_id)) =
        Fields::of(value).and_then(|animal| Some((animal, animal.text("id")?)))
    else {
        return Row::bad(value, "the animal has no id");
    };
    let Some(told) = animal.object("attributes") else {
        return Row::unlisted(dog_id, "the animal has no attributes".to_owned());
    };
    let species = included.of_animal(animal, "species");
    if species.iter().any(|(_, s)| s.text("singular").is_some_and(|s| s != "Dog")) {
        return Row::other(dog_id);
    }
    let mut faults = Vec::new();
    let hints = TRAITS.iter().filter(|(field, value, ..)| {
        told.text(field).is_some_and(|text| text.eq_ignore_ascii_case(value))
    });
    let orgs = included.of_animal(animal, "orgs");
    let dog = ListedDog {
        photos: rows::photos(&dog_id, photos(included.of_animal(animal, "pictures")), &mut faults),
        traits: words::settled(hints.map(|&(_, _, axis, side)| (axis, side)), questionnaire),
        attributes: attributes(told, orgs.first().map(|&(_, org)| org)),
        dog_id,
        ..ListedDog::default()
    };
    Row::of_dog(dog, faults)
}

/// Addresses of the pictures in the order that the shelter wants, each with its id.
fn photos(mut pictures: Vec<(String, Fields<'_>)>) -> Vec<(String, Option<String>)> {
    pictures.sort_by_key(|(_, picture)| picture.number("order").unwrap_or(usize::MAX));
    pictures.into_iter().filter_map(|(id, picture)| Some((largest(picture)?, Some(id)))).collect()
}

/// The address of the largest form of a picture. Where the sizes are not told, the original is the
/// largest.
fn largest(picture: Fields<'_>) -> Option<String> {
    let form = |(rank, key): (usize, &&str)| {
        if let Some(address) = picture.text(key) {
            return Some(((0, rank), address));
        }
        let form = picture.object(key)?;
        let side = |key| form.number(key).unwrap_or_default();
        let pixels = side("resolutionX").saturating_mul(side("resolutionY"));
        Some(((pixels, rank), form.text("url")?))
    };
    let forms = ["small", "large", "original"];
    forms.iter().enumerate().filter_map(form).max().map(|(_, address)| address)
}

fn attributes(
    told: Fields<'_>,
    org: Option<Fields<'_>>,
) -> std::collections::BTreeMap<String, String> {
    let of_org = |key| org.and_then(|org: Fields<'_>| org.text(key));
    rows::told([
        ("name", told.text("name")),
        ("breed", told.first(&["breedString", "breedPrimary"])),
        ("sex", told.text("sex").and_then(|text| rows::sex(&text))),
        ("age", told.first(&["ageString", "ageGroup"])),
        ("size", told.text("sizeGroup")),
        ("colour", told.text("colorDetails")),
        ("shelter", of_org("name")),
        ("phone", of_org("phone")),
        ("email", of_org("email")),
        ("address", of_org("street")),
        ("region", of_org("citystate").or_else(|| of_org("city"))),
        ("page", told.text("url").or_else(|| of_org("adoptionUrl")).or_else(|| of_org("url"))),
        ("foundDate", told.text("foundDate")),
        ("note", told.text("descriptionText")),
        ("updatedAt", told.text("updatedDate")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_picture_is_taken() {
        let address = |value: Value| largest(Fields::of(&value).unwrap()).unwrap();
        let sized = |url: &str, x: u32| json!({ "url": url, "resolutionX": x, "resolutionY": "9" });
        let picture = json!({ "small": sized("s", 100), "large": sized("l", 800), "original": sized("o", 700) });
        assert_eq!(address(picture), "l");
        assert_eq!(address(json!({ "small": "s", "large": "l", "original": "o" })), "o");
        assert_eq!(address(json!({ "small": { "url": "s" }, "large": { "url": "l" } })), "l");
    }

    #[test]
    fn the_table_names_only_sides_of_the_questionnaire() {
        for (_, _, axis, side) in TRAITS {
            assert!(Questionnaire::default().canonical(axis, side).is_ok(), "{axis}={side}");
        }
    }

    #[test]
    fn an_error_is_told_in_its_own_words() {
        let body = r#"{"errors":[{"status":"401","title":"Unauthorized","detail":"bad key"}]}"#;
        assert_eq!(refusal(body).unwrap(), "401, Unauthorized, bad key");
        assert_eq!(refusal("<html>"), None);
    }
}
