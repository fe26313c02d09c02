//! What a source of dogs is, and what it lists.

use std::{collections::BTreeMap, io, path::PathBuf};

use crate::temperament::Questionnaire;

/// Where dogs come from.
pub trait DogSource {
    /// Its name in messages, without a password.
    fn name(&self) -> String;

    /// Lists the dogs of this moment.
    fn list(&self, questionnaire: &Questionnaire) -> Result<Listing, SourceError>;
}

/// Why a source of dogs could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder or a file in it cannot be read.
    #[error("source {}: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// `dogs.csv` or `dogs.jsonl` cannot be parsed.
    #[error("source {}: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line and fault.
        detail: String,
    },
    /// The database did not answer the query.
    #[error("source {name}: {detail}")]
    Database {
        /// Name of the database.
        name: String,
        /// What it said.
        detail: String,
    },
}

impl SourceError {
    /// Stable code of the reason, for programs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "SOURCE_UNREADABLE",
            Self::Malformed { .. } => "SOURCE_MALFORMED",
            Self::Database { .. } => "SOURCE_DATABASE_FAILED",
        }
    }
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
    pub reason: &'static str,
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
