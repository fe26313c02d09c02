//! Shelterluv, version 1 of its interface.

use chrono::{DateTime, Duration, SecondsFormat};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::{
    SourceError,
    feed::{Feed, MAX_PAGE_BYTES},
    listing::{DogSource, ListRequest, ListedDog, Listing},
    paging::{Page, Position},
    rows::{self, Entry, Fields, Row},
    secret::Secret,
    web::{WebClient, WebRequest},
};

const PATH: &str = "api/v1/animals";

/// Most animals that the service answers at a time.
const LIMIT: usize = 100;

/// How far a listing of changes reaches back before the last one, for clocks that differ.
const OVERLAP: Duration = Duration::hours(1);

/// Publishable dogs of a shelter that uses Shelterluv.
///
/// A listing of changes asks twice: for all animals that changed, and for those of them that can be
/// published. Dogs that are only in the first have left.
#[derive(Debug, Clone)]
pub struct ShelterluvSource {
    feed: Feed,
}

/// Which animals are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Publishable,
}

impl ShelterluvSource {
    /// Address of the live service.
    pub const BASE: &str = "https://www.shelterluv.com";

    /// The service at an address.
    pub fn new(client: WebClient, base: Url, key: &str) -> Self {
        let secret = Secret::new(key);
        Self { feed: Feed { name: "shelterluv", client, base, secret, refusal } }
    }

    fn page(
        &self,
        request: &ListRequest<'_>,
        which: Which,
        at: Position,
    ) -> Result<Page, SourceError> {
        let mut url = self.feed.address(PATH);
        let mut query = url.query_pairs_mut();
        if which == Which::Publishable {
            query.append_pair("status_type", "publishable");
        }
        query.append_pair("offset", &at.rows.to_string()).append_pair("limit", &LIMIT.to_string());
        if let Some(since) = request.since {
            query.append_pair("since", &(since - OVERLAP).timestamp().max(0).to_string());
        }
        drop(query);
        let mut key = HeaderValue::from_str(self.feed.secret.expose())
            .map_err(|_| self.feed.refused("the key holds characters that no key has"))?;
        key.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-api-key", key);
        let web = WebRequest { headers, ..WebRequest::get(url.clone(), MAX_PAGE_BYTES) };
        let text = self.feed.ask(&web)?;
        self.read(&url, &text, which)
    }

    fn read(&self, url: &Url, text: &str, which: Which) -> Result<Page, SourceError> {
        let json = self.feed.json(url, text)?;
        let reply = Fields::of(&json);
        let animals = reply.and_then(|reply| reply.get("animals")?.as_array());
        // A failure also comes with an empty list of animals.
        let has_failed = reply
            .and_then(|reply| reply.text("success"))
            .is_some_and(|success| success == "0" || success == "false");
        let (Some(reply), Some(animals), false) = (reply, animals, has_failed) else {
            return Err(match refusal(text) {
                Some(said) => self.feed.refused(said),
                None => self.feed.malformed(url, "the answer has no list of animals"),
            });
        };
        let has_more = reply.text("has_more").map(|more| more == "true" || more == "1");
        Ok(Page {
            rows: animals.iter().map(|animal| row(animal, which)).collect(),
            total: reply.number("total_count"),
            is_last: has_more == Some(false),
        })
    }
}

impl DogSource for ShelterluvSource {
    fn name(&self) -> String {
        self.feed.name.to_owned()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let all = |which| self.feed.rows(PATH, |at| self.page(request, which, at));
        if request.since.is_none() {
            return Ok(rows::listing(all(Which::Publishable)?, false));
        }
        // In this order, a dog that leaves in between is gone rather than listed.
        let mut found = all(Which::All)?;
        found.extend(all(Which::Publishable)?);
        Ok(rows::listing(found, true))
    }
}

fn refusal(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    Fields::of(&json)?.first(&["error_message", "message", "error"])
}

fn row(value: &Value, which: Which) -> Row {
    let animal = Fields::of(value);
    let Some((animal, dog_id)) =
        animal.and_then(|animal| Some((animal, animal.first(&["Internal-ID", "ID"])?)))
    else {
        return Row::bad(value, "the animal has neither Internal-ID nor ID");
    };
    let Some(species) = animal.text("Type") else {
        return Row::unlisted(dog_id, "the animal has no Type".to_owned());
    };
    if !species.eq_ignore_ascii_case("dog") {
        return Row::other(dog_id);
    }
    if which == Which::All {
        return Row { key: dog_id, entry: Entry::Gone };
    }
    let mut faults = Vec::new();
    let cover = animal.text("CoverPhoto");
    let others = animal.list("Photos").iter().filter_map(rows::text_of);
    let addresses = cover.into_iter().chain(others).filter(|address| !is_placeholder(address));
    let dog = ListedDog {
        photos: rows::photos(&dog_id, addresses.map(|address| (address, None)), &mut faults),
        attributes: attributes(animal),
        dog_id,
        ..ListedDog::default()
    };
    Row::of_dog(dog, faults)
}

/// Whether the address is of the drawing that stands for a missing photo.
fn is_placeholder(address: &str) -> bool {
    address.contains("/img/default_") || address.trim().is_empty()
}

fn attributes(animal: Fields<'_>) -> std::collections::BTreeMap<String, String> {
    let neutered = match animal.text("Altered").as_deref() {
        Some("Yes" | "true") => Some("yes".to_owned()),
        Some("No" | "false") => Some("no".to_owned()),
        _ => None,
    };
    let updated = animal.text("LastUpdatedUnixTime").and_then(|text| {
        let time = DateTime::from_timestamp(text.parse().ok()?, 0)?;
        Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
    });
    rows::told([
        ("name", animal.text("Name")),
        ("breed", animal.text("Breed")),
        ("sex", animal.text("Sex").and_then(|text| rows::sex(&text))),
        ("neutered", neutered),
        // The service counts months.
        ("age", animal.number("Age").map(|months| format!("{months} months"))),
        ("weight", animal.text("CurrentWeightPounds").map(|pounds| format!("{pounds} lb"))),
        ("size", animal.text("Size")),
        ("colour", animal.text("Color")),
        ("status", animal.text("Status")),
        ("note", animal.text("Description")),
        ("updatedAt", updated),
    ])
}
