//! The interface of a source of dogs, and what it lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use chrono::{DateTime, Utc};
use mungpy_core::reason::Reason;
use mungpy_core::temperament::Questionnaire;
use serde::{Deserialize, Serialize};
use url::Url;

use super::SourceError;

/// A source of dogs.
pub trait DogSource: Send + Sync {
    /// Name for messages, without a password.
    fn name(&self) -> String;

    /// Lists the current dogs, or only what has changed if the request and the source allow that.
    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError>;
}

/// What a source is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest<'a> {
    /// The questionnaire that defines the traits.
    pub questionnaire: &'a Questionnaire,
    /// A source that can tells only what has changed since then; all others list all dogs.
    pub since: Option<DateTime<Utc>>,
    /// The time of the run.
    pub now: DateTime<Utc>,
}

impl<'a> ListRequest<'a> {
    /// Asks for all dogs.
    pub fn all(questionnaire: &'a Questionnaire) -> Self {
        Self { questionnaire, since: None, now: Utc::now() }
    }
}

/// Where a photo lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PhotoPlace {
    /// A file of this machine.
    File(PathBuf),
    /// An address to fetch it from; http or https.
    Url(Url),
}

impl fmt::Display for PhotoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// One photo of a listed dog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedPhoto {
    /// Id of the photo: its path below the folder of photos, or what the source calls it.
    pub image_id: String,
    /// Where it lies.
    pub place: PhotoPlace,
}

/// One dog of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListedDog {
    /// Id of the dog.
    pub dog_id: String,
    /// Image id of the dog, whichever photo is measured.
    pub image_id: Option<String>,
    /// Its photos, in the order of the source.
    pub photos: Vec<ListedPhoto>,
    /// Axis key to side key.
    pub traits: BTreeMap<String, String>,
    /// What people should know who want to adopt it: `name`, `shelter`, `phone`, `page` and so on.
    pub attributes: BTreeMap<String, String>,
    /// When it can no longer be adopted, as far as the source knows.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Something in the source that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Id of the dog, or whatever identifies the entry instead.
    pub dog_id: String,
    /// Stable code of the reason.
    pub reason: Reason,
    /// The reason in words.
    pub message: String,
}

/// Longest id of a dog, in bytes; the contract takes no longer one.
pub(crate) const MAX_ID_BYTES: usize = 1024;

impl Fault {
    /// What is wrong with an id that cannot name a dog. Control characters would forge lines of
    /// reports and logs.
    pub(super) fn of_id(dog_id: &str) -> Option<Self> {
        let message = if dog_id.is_empty() {
            "the id is empty; give the dog a name".to_owned()
        } else if dog_id.chars().any(char::is_control) {
            "the id has control characters; rename the dog".to_owned()
        } else if dog_id.len() > MAX_ID_BYTES {
            let bytes = dog_id.len();
            let message = format!(
                "the id has {bytes} bytes, more than the limit of {MAX_ID_BYTES}; shorten it"
            );
            let dog_id = dog_id.chars().take(40).chain(['…']).collect();
            return Some(Self { dog_id, reason: Reason::DogIdInvalid, message });
        } else {
            return None;
        };
        Some(Self { dog_id: dog_id.to_owned(), reason: Reason::DogIdInvalid, message })
    }
}

/// The current contents of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The dogs, sorted by id.
    pub dogs: Vec<ListedDog>,
    /// What was skipped: a dog or a single value, as the message says.
    pub faults: Vec<Fault>,
    /// Ids of further dogs, which are there while their photos could not be listed. Each has a fault
    /// as well, and what is known about it stays.
    pub unlisted: BTreeSet<String>,
    /// Whether `dogs` are only those that have changed. Then dogs that are not listed stay, unless
    /// they are `gone`.
    pub is_of_changes: bool,
    /// Ids of dogs that can no longer be adopted, of a listing of changes.
    pub gone: BTreeSet<String>,
    /// Ids of dogs that somebody took away one by one. They do not count as lost, and all dogs of
    /// the source may be among them.
    pub deleted: BTreeSet<String>,
    /// Whether a row was understood so little that it names no dog. It may be any dog's, so that
    /// dogs that are not listed stay.
    pub is_incomplete: bool,
}
