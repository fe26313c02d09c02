//! What a source of dogs is, and what it lists.

use std::{collections::BTreeMap, path::PathBuf};

use mungpy_core::reason::Reason;
use mungpy_core::temperament::Questionnaire;

use super::SourceError;

/// Where dogs come from.
pub trait DogSource {
    /// Its name in messages, without a password.
    fn name(&self) -> String;

    /// Lists the dogs of this moment.
    fn list(&self, questionnaire: &Questionnaire) -> Result<Listing, SourceError>;
}

/// One photo of a listed dog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPhoto {
    /// Id of the photo: its path below the folder of photos.
    pub image_id: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// One dog of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDog {
    /// Id of the dog.
    pub dog_id: String,
    /// Image id that stands for the dog whichever photo is measured.
    pub image_id: Option<String>,
    /// Its photos, in the order of their names; at least one.
    pub photos: Vec<ListedPhoto>,
    /// Axis key to side key.
    pub traits: BTreeMap<String, String>,
}

/// Something in the source that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Id of the dog, or what stands in its place.
    pub dog_id: String,
    /// Stable code of the reason.
    pub reason: Reason,
    /// The reason in words.
    pub message: String,
}

/// What a source holds at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The dogs, in the order of their ids.
    pub dogs: Vec<ListedDog>,
    /// What was passed over: the dog or the one value, as the message says.
    pub faults: Vec<Fault>,
}
