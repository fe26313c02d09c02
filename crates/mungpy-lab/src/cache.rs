//! Keeps what was measured, so that a photo is measured once for each model version.

use std::path::Path;

use mungpy::extract::Extraction;
use mungpy_core::face::{
    self, FEATURE_COUNT, Landmarks, Measurement, Quality, QualityLimits, Species, SymmetricShape,
    points_of,
};
use mungpy_core::reason::{Reason, WithReason};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::measuring::{Face, Outcome};

/// The cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the cache of measurements failed: {0}; remove it and run again")]
pub struct CacheError(#[from] sled::Error);

impl WithReason for CacheError {
    fn reason(&self) -> Reason {
        Reason::CacheFailed
    }
}

/// Outcomes by content of the photo, what was done to it, and model version.
pub struct Cache {
    store: sled::Db,
}

/// Holds only what the program cannot work out again: it decides whether a face is good
/// enough when it reads the entry, by its present limits.
#[derive(Debug, Serialize, Deserialize)]
enum CacheEntry {
    Face {
        landmarks: Vec<[f64; 2]>,
        sharpness: f64,
        disagreement: f64,
        /// Features of the proportions that are compared, if they are not those measured.
        estimated: Option<[f64; FEATURE_COUNT]>,
    },
    Refused(String),
}

impl Cache {
    /// Opens or creates the cache in a folder.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        Ok(Self { store: sled::open(folder)? })
    }

    /// Key of a photo treated in the way that `treatment` names.
    pub(crate) fn key(photo: &[u8], treatment: &str, version: &str) -> [u8; 32] {
        let digest = Sha256::new().chain_update(photo).chain_update([0]);
        let digest = digest.chain_update(treatment).chain_update([0]).chain_update(version);
        digest.finalize().into()
    }

    pub(crate) fn get(&self, key: &[u8], species: Species) -> Result<Option<Outcome>, CacheError> {
        let stored = self.store.get(key)?;
        let stored = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(stored.and_then(|stored: CacheEntry| stored.outcome(species)))
    }

    /// Remembers what was found in a photo, or the reason code of why nothing was.
    pub(crate) fn put(
        &self,
        key: &[u8],
        found: Result<Extraction, Reason>,
        species: Species,
    ) -> Result<Outcome, CacheError> {
        let stored = match found {
            Ok(found) => CacheEntry::Face {
                landmarks: found.landmarks.0.to_vec(),
                sharpness: found.quality.sharpness,
                disagreement: found.quality.landmark_disagreement,
                estimated: (found.measurement != found.measured)
                    .then(|| found.measurement.features()),
            },
            Err(reason) => CacheEntry::Refused(reason.code().to_owned()),
        };
        self.store.insert(key, serde_json::to_vec(&stored).expect("plain data"))?;
        Ok(stored.outcome(species).expect("this version wrote it"))
    }
}

impl CacheEntry {
    /// `None` for an entry that another version of this program wrote.
    fn outcome(self, species: Species) -> Option<Outcome> {
        let (landmarks, sharpness, landmark_disagreement, estimated) = match self {
            Self::Face { landmarks, sharpness, disagreement, estimated } => {
                (landmarks, sharpness, disagreement, estimated)
            }
            Self::Refused(code) => return Reason::from_code(&code).map(Err),
        };
        let landmarks = Landmarks(landmarks.try_into().ok()?);
        let interocular = landmarks.interocular_distance();
        let face = face::measure(&landmarks, species).and_then(|(measured, pose)| {
            let quality = Quality { interocular, sharpness, landmark_disagreement, ..pose };
            quality.check(QualityLimits::of(species))?;
            let measurement = match estimated {
                Some(features) => {
                    Measurement::of_shape(SymmetricShape::from_points(points_of(&features))?)?
                }
                None => measured,
            };
            Ok(Face { measurement, measured, quality })
        });
        Some(face.map_err(|error| error.reason()))
    }
}
