//! The interface of a source of dogs, and what it lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use mungpy_core::reason::Reason;
use mungpy_core::temperament::Questionnaire;

use super::SourceError;

/// A source of dogs.
pub trait DogSource {
    /// Name for messages, without a password.
    fn name(&self) -> String;

    /// Lists the current dogs.
    fn list(&self, questionnaire: &Questionnaire) -> Result<Listing, SourceError>;
}

/// One photo of a listed dog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPhoto {
    /// Id of the photo: its path below the folder of photos.
    pub image_id: String,
    /// Path of the file.
    pub path: PathBuf,
}

/// One dog of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDog {
    /// Id of the dog.
    pub dog_id: String,
    /// Image id of the dog, whichever photo is measured.
    pub image_id: Option<String>,
    /// Its photos, sorted by name; at least one.
    pub photos: Vec<ListedPhoto>,
    /// Axis key to side key.
    pub traits: BTreeMap<String, String>,
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

impl Fault {
    /// What is wrong with an id that cannot name a dog. Control characters would forge lines of
    /// reports and logs.
    pub(super) fn of_id(dog_id: &str) -> Option<Self> {
        let message = if dog_id.is_empty() {
            "the id is empty; give the dog a name"
        } else if dog_id.chars().any(char::is_control) {
            "the id has control characters; rename the dog"
        } else {
            return None;
        };
        let (dog_id, message) = (dog_id.to_owned(), message.to_owned());
        Some(Self { dog_id, reason: Reason::DogIdInvalid, message })
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
}
