//! The model files: where they are looked for and what they must be.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::VisionError;
use crate::face::PersonLandmarks;

const MANIFEST: &str = include_str!("../../landmark-models/manifest.toml");
/// Where Debian's `libdlib-data` puts the person landmark model.
const DISTRIBUTION_DIR: &str = "/usr/share/dlib";

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The project's CNN that finds dog faces.
    DogDetector,
    /// The CNN published by dlib's author that finds dog heads.
    DogDetectorPublished,
    /// Network that finds the 16 landmarks of a dog.
    DogLandmarks,
    /// Network that finds the 16 landmarks of a person.
    PersonLandmarks,
    /// Shape predictor of the 68 landmarks of a person.
    PersonLandmarksPublished,
}

/// Where a model file comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// With this project.
    Shipped,
    /// With a package of the operating system.
    Distribution,
    /// From dlib's author; brought by `mungpy models fetch`.
    Published,
}

/// One entry of the manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelEntry {
    /// What it is for.
    pub role: Role,
    /// Name of the file.
    pub file: String,
    /// Where the file comes from.
    pub origin: Origin,
    /// Package that holds it, for [`Origin::Distribution`].
    pub package: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl ModelEntry {
    /// Name and the first digits of the checksum: changes with the content.
    pub fn version(&self) -> String {
        let stem = self.file.split_once('.').map_or(&self.file[..], |(stem, _)| stem);
        format!("{stem}@{}", &self.sha256[..8])
    }

    /// Compares the content of a file, which came from `path`, with the checksum.
    pub fn check(&self, bytes: &[u8], path: &Path) -> Result<(), VisionError> {
        let found = Hex(&Sha256::digest(bytes)).to_string();
        if found == self.sha256 {
            return Ok(());
        }
        let expected = self.sha256.clone();
        Err(VisionError::ModelCorrupted { path: path.to_owned(), expected, found })
    }

    fn hint(&self) -> String {
        match (self.origin, &self.package) {
            (Origin::Distribution, Some(package)) => format!("install the package {package}"),
            (Origin::Shipped, _) => {
                "it comes with mungpy in landmark-models/, name that directory with --models"
                    .to_owned()
            }
            _ => "bring it with mungpy models fetch, or copy it into a directory and name that \
                  with --models"
                .to_owned(),
        }
    }
}

/// A model file that is what the manifest says.
pub struct VerifiedModel {
    /// Its entry.
    pub entry: ModelEntry,
    /// Where it was found.
    pub path: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The manifest and the directories that model files are looked for in.
#[derive(Debug, Clone)]
pub struct Models {
    entries: Vec<ModelEntry>,
    directories: Vec<PathBuf>,
    dog_detector: Role,
    person_landmarks: PersonLandmarks,
}

#[derive(Deserialize)]
struct Manifest {
    model: Vec<ModelEntry>,
}

impl Models {
    /// Looks in `directories` first, then beside the program and in the
    /// directories of the operating system.
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
            dog_detector: Role::DogDetector,
            person_landmarks: PersonLandmarks::default(),
        }
    }

    /// The same with dlib's published dog detector in place of the project's.
    #[must_use]
    pub fn with_published_detector(self) -> Self {
        Self { dog_detector: Role::DogDetectorPublished, ..self }
    }

    /// The same with the landmarks of persons by this model.
    #[must_use]
    pub fn with_person_landmarks(self, person_landmarks: PersonLandmarks) -> Self {
        Self { person_landmarks, ..self }
    }

    /// Whose landmarks of persons were chosen.
    pub fn person_landmarks(&self) -> PersonLandmarks {
        self.person_landmarks
    }

    /// Whether the model of a role was chosen.
    pub fn uses(&self, role: Role) -> bool {
        match role {
            Role::DogLandmarks => true,
            Role::DogDetector | Role::DogDetectorPublished => role == self.dog_detector,
            Role::PersonLandmarks => self.person_landmarks == PersonLandmarks::Own,
            Role::PersonLandmarksPublished => self.person_landmarks == PersonLandmarks::Published,
        }
    }

    /// The role of the dog detector that was chosen.
    pub fn dog_detector(&self) -> Role {
        self.dog_detector
    }

    /// Every entry of the manifest.
    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }

    /// The entry for a role.
    pub fn entry(&self, role: Role) -> &ModelEntry {
        self.entries
            .iter()
            .find(|entry| entry.role == role)
            .expect("the built-in manifest names every role")
    }

    /// Reads the model of a role and compares its checksum with the manifest.
    pub fn verified(&self, role: Role) -> Result<VerifiedModel, VisionError> {
        let entry = self.entry(role).clone();
        let path = self.locate(&entry)?;
        let bytes = fs::read(&path)
            .map_err(|source| VisionError::ModelUnreadable { path: path.clone(), source })?;
        entry.check(&bytes, &path)?;
        Ok(VerifiedModel { entry, path, bytes })
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

/// `landmark-models` in the working directory, beside the program (installed
/// alone, under a prefix, or built by cargo), and the distribution's directory.
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

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
