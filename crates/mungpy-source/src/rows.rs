//! What the rows of all services become: dogs, faults, and dogs that are gone.
//!
//! The same attribute has the same key, whichever service tells it. Texts are as the service has
//! them, dates are `YYYY-MM-DD`, and times are in UTC.
//!
//! | key | meaning |
//! |---|---|
//! | `name` | name of the dog |
//! | `breed` | breed or mix |
//! | `sex` | `male` or `female` |
//! | `neutered` | `yes` or `no` |
//! | `age`, `weight`, `size`, `colour` | as the service words them |
//! | `shelter`, `phone`, `email`, `address`, `region` | who cares for the dog, and where |
//! | `page` | page of the dog on the web |
//! | `status` | what the service calls its status |
//! | `noticeNo`, `noticeStart`, `noticeEnd` | the public notice about a found dog |
//! | `found`, `foundDate` | where and when it was found |
//! | `note` | what the shelter says about it |
//! | `updatedAt` | when the service last changed it |

use std::collections::{BTreeMap, BTreeSet};

use mungpy_core::{
    reason::{Reason, WithReason},
    text::excerpt,
};
use serde_json::{Map, Value};
use url::Url;

use crate::{
    attributes,
    listing::{Fault, ListedDog, ListedPhoto, Listing, PhotoPlace},
    web::{self, WebError},
};

/// Most photos that are listed of one dog.
const MAX_PHOTOS: usize = 20;

/// One row of a service.
#[derive(Debug)]
pub(crate) struct Row {
    /// Id of the dog. A row without one is known by its own text.
    pub(crate) key: String,
    pub(crate) entry: Entry,
}

/// What a row says.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A dog that can be adopted, and values of it that were left out.
    Dog(Box<ListedDog>, Vec<Fault>),
    /// A dog that is there and cannot be listed; what is known about it stays.
    Unlisted(Vec<Fault>),
    /// A row that names no dog.
    Bad(Fault),
    /// A dog that can no longer be adopted.
    Gone,
    /// No dog, or none that can be adopted.
    Other,
}

impl Row {
    /// The row of a dog, unless its id or photos are missing.
    pub(crate) fn of_dog(mut dog: ListedDog, mut faults: Vec<Fault>) -> Self {
        let key = dog.dog_id.clone();
        if let Some(fault) = Fault::of_id(&key) {
            return Self { key, entry: Entry::Bad(fault) };
        }
        let told = std::mem::take(&mut dog.attributes);
        dog.attributes = attributes::cleaned(&key, told, &mut faults);
        let entry = if dog.photos.is_empty() {
            faults.push(Fault {
                dog_id: key.clone(),
                reason: Reason::DogWithoutPhoto,
                message: "the service lists the dog without a photo".to_owned(),
            });
            Entry::Unlisted(faults)
        } else {
            Entry::Dog(Box::new(dog), faults)
        };
        Self { key, entry }
    }

    /// The row of a dog that is there, while something else about it is not understood.
    pub(crate) fn unlisted(dog_id: String, message: String) -> Self {
        if let Some(fault) = Fault::of_id(&dog_id) {
            return Self { key: dog_id, entry: Entry::Bad(fault) };
        }
        let fault = Fault { dog_id: dog_id.clone(), reason: Reason::RowInvalid, message };
        Self { key: dog_id, entry: Entry::Unlisted(vec![fault]) }
    }

    /// A row that names no dog. Its text stands for it, as far as a message needs it.
    pub(crate) fn bad(row: &Value, message: &str) -> Self {
        let key = row.to_string();
        let dog_id = format!("row {}", excerpt(&key));
        let message = message.to_owned();
        Self { key, entry: Entry::Bad(Fault { dog_id, reason: Reason::RowInvalid, message }) }
    }

    /// The row of something else.
    pub(crate) fn other(key: String) -> Self {
        Self { key, entry: Entry::Other }
    }
}

impl Entry {
    /// Reports that the dog is in one answer twice; what was read first stays.
    pub(crate) fn note_repetition(&mut self) {
        let Self::Dog(dog, faults) = self else { return };
        faults.push(Fault {
            dog_id: dog.dog_id.clone(),
            reason: Reason::DuplicateDogId,
            message: "the service lists the dog twice; the first row is kept".to_owned(),
        });
    }
}

/// The listing of all rows.
pub(crate) fn listing(rows: BTreeMap<String, Entry>, is_of_changes: bool) -> Listing {
    let mut listing = Listing { is_of_changes, ..Listing::default() };
    for (key, entry) in rows {
        match entry {
            Entry::Dog(dog, faults) => {
                listing.faults.extend(faults);
                listing.dogs.push(*dog);
            }
            Entry::Unlisted(faults) => {
                listing.faults.extend(faults);
                listing.unlisted.insert(key);
            }
            Entry::Bad(fault) => {
                listing.is_incomplete = true;
                listing.faults.push(fault);
            }
            Entry::Gone if is_of_changes => {
                listing.gone.insert(key);
            }
            Entry::Gone | Entry::Other => {}
        }
    }
    listing
}

/// The fields of a row, whatever JSON type the service gives them today.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// A field as text; `None` if it is absent, null, blank, a list or an object.
    pub(crate) fn text(self, key: &str) -> Option<String> {
        let text = text_of(self.0.get(key)?)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The first of several fields that has a text.
    pub(crate) fn first(self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(crate) fn object(self, key: &str) -> Option<Self> {
        Self::of(self.0.get(key)?)
    }

    /// The members of a list. A single object counts as a list of one.
    pub(crate) fn list(self, key: &str) -> &'a [Value] {
        match self.0.get(key) {
            Some(Value::Array(values)) => values,
            Some(value @ Value::Object(_)) => std::slice::from_ref(value),
            _ => &[],
        }
    }

    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    pub(crate) fn number(self, key: &str) -> Option<usize> {
        self.text(key)?.parse().ok()
    }
}

/// A text, number or boolean as text.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The attributes that have a value.
pub(crate) fn told<const N: usize>(given: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    let fitting = |key: &str, mut value: String| {
        // What shelters say is often longer than what is kept, which is no fault of theirs.
        if key == "note" {
            value.truncate(attributes::cut(&value, attributes::MAX_VALUE_BYTES).len());
        }
        (key.to_owned(), value)
    };
    given.into_iter().filter_map(|(key, value)| Some(fitting(key, value?))).collect()
}

/// The word of this program for a sex.
pub(crate) fn sex(given: &str) -> Option<String> {
    match given.to_lowercase().as_str() {
        "m" | "male" => Some("male".to_owned()),
        "f" | "female" => Some("female".to_owned()),
        _ => None,
    }
}

/// The photos behind these addresses, each with what the service calls it if it has a name. An
/// address that is none goes to `faults`; one that comes twice counts once.
pub(crate) fn photos(
    dog_id: &str,
    given: impl IntoIterator<Item = (String, Option<String>)>,
    faults: &mut Vec<Fault>,
) -> Vec<ListedPhoto> {
    let mut photos = Vec::new();
    let mut seen = BTreeSet::new();
    for (text, name) in given {
        match address(&text) {
            Ok(url) if seen.insert(url.clone()) => {
                let image_id = name.unwrap_or_else(|| url.path()[1..].to_owned());
                photos.push(ListedPhoto { image_id, place: PhotoPlace::Url(url) });
            }
            Ok(_) => {}
            Err(error) => faults.push(Fault {
                dog_id: dog_id.to_owned(),
                reason: error.reason(),
                message: format!("photo {error}; it is left out"),
            }),
        }
    }
    photos.truncate(MAX_PHOTOS);
    photos
}

/// An address, which may leave out its scheme as links on pages do.
fn address(text: &str) -> Result<Url, WebError> {
    match text.trim().strip_prefix("//") {
        Some(rest) => web::parse_address(&format!("https://{rest}")),
        None => web::parse_address(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_photo_costs_only_itself() {
        let mut faults = Vec::new();
        let given = ["http://h/1.jpg", "javascript:x", "http://h/1.jpg", "//h/2.jpg", "3.jpg"];
        let given = given.map(|address| (address.to_owned(), None));
        let ids: Vec<_> =
            photos("d", given, &mut faults).into_iter().map(|photo| photo.image_id).collect();
        assert_eq!(ids, ["1.jpg", "2.jpg"]);
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].reason, Reason::AddressRefused);
    }
}
