//! The model files: where to find them and how to verify them.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use mungpy_core::{
    face::{ModelOrigin, PersonProportions},
    resemblance::PersonEstimator,
    text::hex,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::VisionError;
use crate::files::{self, MAX_MODEL_BYTES};

const MANIFEST: &str = include_str!("../../landmark-models/manifest.toml");
/// Directory of the person landmark model in Debian's `libdlib-data`.
const DISTRIBUTION_DIR: &str = "/usr/share/dlib";

/// The purpose of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// CNN that finds dogs' heads.
    DogDetector,
    /// Finds a dog's landmarks.
    DogLandmarks,
    /// Finds the faces of persons.
    PersonDetector,
    /// Finds a person's landmarks.
    PersonLandmarks,
    /// Describes the face of a person.
    PersonDescriptor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::DogDetector,
        Self::DogLandmarks,
        Self::PersonDetector,
        Self::PersonLandmarks,
        Self::PersonDescriptor,
    ];

    /// The name, as the manifest writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DogDetector => "dog-detector",
            Self::DogLandmarks => "dog-landmarks",
            Self::PersonDetector => "person-detector",
            Self::PersonLandmarks => "person-landmarks",
            Self::PersonDescriptor => "person-descriptor",
        }
    }
}

/// How a model file gets onto a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// With this project.
    Shipped,
    /// With a package of the operating system.
    Package,
    /// By `mungpy models fetch`.
    Download,
}

/// One entry of the manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelEntry {
    /// Purpose of the model.
    pub role: Role,
    /// Who made the model.
    pub origin: ModelOrigin,
    /// Name of the file.
    pub file: String,
    /// How the file gets onto a machine.
    pub delivery: Delivery,
    /// Package that contains it, for [`Delivery::Package`].
    pub package: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl ModelEntry {
    /// Name and first digits of the checksum, so the version changes with the content.
    pub fn version(&self) -> String {
        let stem = self.file.split_once('.').map_or(&self.file[..], |(stem, _)| stem);
        format!("{stem}@{}", &self.sha256[..8])
    }

    /// Compares the content of a file, read from `path`, with the checksum.
    pub fn check(&self, bytes: &[u8], path: &Path) -> Result<(), VisionError> {
        let found = hex(&Sha256::digest(bytes));
        if found == self.sha256 {
            return Ok(());
        }
        let expected = self.sha256.clone();
        Err(VisionError::ModelCorrupted { path: path.to_owned(), expected, found })
    }

    fn hint(&self) -> String {
        match (self.delivery, &self.package) {
            (Delivery::Package, Some(package)) => format!("install the package {package}"),
            (Delivery::Shipped, _) => {
                "it comes with mungpy in landmark-models/, name that directory with --models"
                    .to_owned()
            }
            _ => "bring it with mungpy models fetch, or copy it into a directory and name that \
                  with --models"
                .to_owned(),
        }
    }
}

/// A model file that matches the manifest.
pub struct VerifiedModel {
    /// Its entry.
    pub entry: ModelEntry,
    /// Where the file was found.
    pub path: PathBuf,
    /// Content of the file.
    pub bytes: Vec<u8>,
}

impl VerifiedModel {
    /// Why dlib cannot use it, in the words of `detail`.
    pub(super) fn rejected(&self, detail: impl Into<String>) -> VisionError {
        VisionError::ModelRejected { file: self.entry.file.clone(), detail: detail.into() }
    }
}

/// The manifest, the directories to search for model files, and the chosen models.
#[derive(Debug, Clone)]
pub struct Models {
    entries: Vec<ModelEntry>,
    directories: Vec<PathBuf>,
    dog_detector: ModelOrigin,
    person_landmarks: ModelOrigin,
    person_proportions: PersonProportions,
    person_estimator: Option<Arc<PersonEstimator>>,
}

#[derive(Deserialize)]
struct Manifest {
    model: Vec<ModelEntry>,
}

impl Models {
    /// Chooses the project's own models. Searches `directories` first, then next to the program and
    /// in the operating system's directories.
    pub fn new(directories: &[PathBuf]) -> Self {
        let manifest: Manifest = toml::from_str(MANIFEST).expect("the built-in manifest is valid");
        let mut all = directories.to_vec();
        for directory in default_directories() {
            if !all.contains(&directory) {
                all.push(directory);
            }
        }
        Self {
            entries: manifest.model,
            directories: all,
            dog_detector: ModelOrigin::Own,
            person_landmarks: ModelOrigin::Own,
            person_proportions: PersonProportions::Estimated,
            person_estimator: None,
        }
    }

    /// Chooses the dog detector.
    #[must_use]
    pub fn with_dog_detector(self, dog_detector: ModelOrigin) -> Self {
        Self { dog_detector, ..self }
    }

    /// Chooses the person landmark model.
    #[must_use]
    pub fn with_person_landmarks(self, person_landmarks: ModelOrigin) -> Self {
        Self { person_landmarks, ..self }
    }

    /// The same with a person's proportions estimated or measured.
    #[must_use]
    pub fn with_person_proportions(self, person_proportions: PersonProportions) -> Self {
        Self { person_proportions, ..self }
    }

    /// How a person's proportions are told. They are estimated from our own landmarks alone.
    pub fn person_proportions(&self) -> PersonProportions {
        match self.person_landmarks {
            ModelOrigin::Own => self.person_proportions,
            ModelOrigin::Dlib => PersonProportions::Measured,
        }
    }

    /// The same with this estimator in place of the shipped one.
    #[must_use]
    pub fn with_person_estimator(self, estimator: PersonEstimator) -> Self {
        Self { person_estimator: Some(Arc::new(estimator)), ..self }
    }

    /// What estimates a person's proportions.
    pub fn person_estimator(&self) -> Arc<PersonEstimator> {
        self.person_estimator.clone().unwrap_or_else(|| Arc::new(PersonEstimator::shipped()))
    }

    /// Whose model is chosen for a role.
    pub fn origin(&self, role: Role) -> ModelOrigin {
        match role {
            Role::DogDetector => self.dog_detector,
            Role::DogLandmarks => ModelOrigin::Own,
            Role::PersonLandmarks => self.person_landmarks,
            Role::PersonDetector | Role::PersonDescriptor => ModelOrigin::Dlib,
        }
    }

    /// Whether an entry of the manifest is the chosen one for its role.
    pub fn uses(&self, entry: &ModelEntry) -> bool {
        entry.origin == self.origin(entry.role)
    }

    /// All entries of the manifest.
    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// The chosen entry for a role.
    pub fn entry(&self, role: Role) -> &ModelEntry {
        self.entries
            .iter()
            .find(|entry| entry.role == role && self.uses(entry))
            .expect("the built-in manifest names a model for every choice")
    }

    /// Reads the chosen model for a role and verifies its checksum.
    pub fn verified(&self, role: Role) -> Result<VerifiedModel, VisionError> {
        self.verify(self.entry(role))
    }

    /// Reads the model of an entry and verifies its checksum.
    pub fn verify(&self, entry: &ModelEntry) -> Result<VerifiedModel, VisionError> {
        let path = self.locate(entry)?;
        let bytes = files::read(&path, MAX_MODEL_BYTES)
            .map_err(|source| VisionError::ModelUnreadable { path: path.clone(), source })?;
        entry.check(&bytes, &path)?;
        Ok(VerifiedModel { entry: entry.clone(), path, bytes })
    }

    fn locate(&self, entry: &ModelEntry) -> Result<PathBuf, VisionError> {
        self.directories
            .iter()
            .map(|directory| directory.join(&entry.file))
            .find(|path| path.exists())
            .ok_or_else(|| VisionError::ModelMissing {
                file: entry.file.clone(),
                hint: entry.hint(),
                searched: self.directories.clone(),
            })
    }
}

/// `landmark-models` in the working directory and next to the program (installed alone, under a
/// prefix, or built by cargo), and the distribution's directory.
fn default_directories() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("landmark-models")];
    if let Some(bin) = env::current_exe().ok().as_deref().and_then(Path::parent) {
        let candidates =
            ["landmark-models", "../share/mungpy/landmark-models", "../../landmark-models"];
        found.extend(
            candidates.iter().map(|relative| bin.join(relative)).filter(|path| path.is_dir()),
        );
    }
    found.push(PathBuf::from(DISTRIBUTION_DIR));
    found
}
