//! Animal Shelter Manager (ASM), hosted or a shelter's own.

use serde_json::Value;
use url::Url;

use crate::{
    SourceError,
    feed::{Feed, MAX_PAGE_BYTES},
    listing::{DogSource, ListRequest, ListedDog, Listing},
    paging::{self, Page},
    rows::{self, Fields, Row},
    secret::Secret,
    web::{WebClient, WebRequest},
};

/// Most photos that are asked for of one dog.
const MAX_PHOTOS: usize = 10;

/// Adoptable dogs of a shelter that uses Animal Shelter Manager.
///
/// The password is part of the address of the list only: photos and pages need the account alone,
/// and their addresses are stored and shown.
#[derive(Debug, Clone)]
pub struct AsmSource {
    feed: Feed,
    account: String,
    username: String,
}

impl AsmSource {
    /// Address of the hosted service.
    pub const BASE: &str = "https://service.sheltermanager.com/asmservice";

    /// The service at an address. Unless its path ends in `service` already, `/service` is added.
    pub fn new(
        client: WebClient,
        base: Url,
        account: &str,
        username: &str,
        password: &str,
    ) -> Self {
        let secret = Secret::new(password);
        Self {
            feed: Feed { name: "asm", client, base, secret, refusal },
            account: account.to_owned(),
            username: username.to_owned(),
        }
    }

    /// The address of a method that everyone may ask.
    fn address(&self, method: &str) -> Url {
        let mut url = self.feed.address("");
        let path = url.path().trim_end_matches('/').to_owned();
        let path = if path.ends_with("service") { path } else { format!("{path}/service") };
        url.set_path(&path);
        let mut query = url.query_pairs_mut();
        query.append_pair("method", method);
        // A shelter's own installation has no accounts.
        if !self.account.is_empty() {
            query.append_pair("account", &self.account);
        }
        drop(query);
        url
    }

    fn page(&self) -> Result<Page, SourceError> {
        let mut url = self.address("json_adoptable_animals");
        url.query_pairs_mut()
            .append_pair("username", &self.username)
            .append_pair("password", self.feed.secret.expose());
        let text = self.feed.ask(&WebRequest::get(url.clone(), MAX_PAGE_BYTES))?;
        if let Some(said) = refusal(&text) {
            return Err(self.feed.refused(said));
        }
        let json = self.feed.json(&url, &text)?;
        let Some(animals) = json.as_array() else {
            return Err(self.feed.malformed(&url, "the answer is no list of animals"));
        };
        let rows = animals.iter().map(|animal| self.row(animal)).collect();
        Ok(Page { rows, total: Some(animals.len()), is_last: true })
    }

    fn row(&self, value: &Value) -> Row {
        let Some((animal, dog_id)) =
            Fields::of(value).and_then(|animal| Some((animal, animal.text("ID")?)))
        else {
            return Row::bad(value, "the animal has no ID");
        };
        let Some(species) = animal.text("SPECIESNAME") else {
            return Row::unlisted(dog_id, "the animal has no SPECIESNAME".to_owned());
        };
        if !species.eq_ignore_ascii_case("dog") {
            return Row::other(dog_id);
        }
        let mut faults = Vec::new();
        let photos = (1..=count_of_photos(animal)).map(|seq| {
            let seq = seq.to_string();
            let mut url = self.address("animal_image");
            url.query_pairs_mut().append_pair("animalid", &dog_id).append_pair("seq", &seq);
            (url.to_string(), Some(format!("{dog_id}-{seq}")))
        });
        let mut page = self.address("animal_view");
        page.query_pairs_mut().append_pair("animalid", &dog_id);
        let dog = ListedDog {
            photos: rows::photos(&dog_id, photos, &mut faults),
            attributes: attributes(animal, &page),
            dog_id,
            ..ListedDog::default()
        };
        Row::of_dog(dog, faults)
    }
}

impl DogSource for AsmSource {
    fn name(&self) -> String {
        self.feed.name.to_owned()
    }

    fn list(&self, _request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let place = self.address("json_adoptable_animals");
        let malformed = |detail: String| self.feed.malformed(&place, detail);
        let found = paging::all_rows(malformed, |_| self.page())?;
        Ok(rows::listing(found, false))
    }
}

/// The service refuses in plain text with status 200.
fn refusal(body: &str) -> Option<String> {
    let said = body.trim().strip_prefix("ERROR:")?.trim();
    Some(if said.is_empty() { "it gives no reason" } else { said }.to_owned())
}

fn count_of_photos(animal: Fields<'_>) -> usize {
    let named = usize::from(animal.text("WEBSITEMEDIANAME").is_some());
    animal.number("WEBSITEIMAGECOUNT").unwrap_or(named).min(MAX_PHOTOS)
}

fn attributes(animal: Fields<'_>, page: &Url) -> std::collections::BTreeMap<String, String> {
    let neutered = match animal.text("NEUTERED").as_deref() {
        Some("1") => Some("yes".to_owned()),
        Some("0") => Some("no".to_owned()),
        _ => None,
    };
    rows::told([
        ("name", animal.text("ANIMALNAME")),
        ("breed", animal.text("BREEDNAME")),
        ("sex", animal.text("SEXNAME").and_then(|text| rows::sex(&text))),
        ("neutered", neutered),
        ("age", animal.text("ANIMALAGE")),
        (
            "weight",
            animal.text("WEIGHT").filter(|text| text.parse().is_ok_and(|weight: f64| weight > 0.0)),
        ),
        ("size", animal.text("SIZENAME")),
        ("colour", animal.text("BASECOLOURNAME")),
        ("region", animal.text("SHELTERLOCATIONNAME")),
        ("page", Some(page.to_string())),
        ("note", animal.first(&["WEBSITEMEDIANOTES", "ANIMALCOMMENTS"])),
        ("updatedAt", animal.text("LASTCHANGEDDATE")),
    ])
}
