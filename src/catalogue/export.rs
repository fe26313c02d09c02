//! The catalogue as JSON Lines: a header, and one line for each dog.
//!
//! The header holds the number of dogs and a SHA-256 over their lines, so that a damaged file is
//! noticed before anything is changed.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use chrono::{DateTime, Utc};
use mungpy_core::{
    face::Ratio,
    text::{bytes_of_hex, hex},
};
use mungpy_proto::{store, v1};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Catalogue, CatalogueError, DogRecord};

/// Version of the format.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    mungpy_catalogue: u32,
    version: u64,
    published_at: DateTime<Utc>,
    model_version: String,
    dogs: usize,
    sha256: String,
}

/// The line of a dog.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    dog_id: String,
    image_id: String,
    photo_location: String,
    source: String,
    photos_digest: String,
    traits: BTreeMap<String, String>,
    attributes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// x, y of the 16 landmarks in pixels of the upright photo.
    landmarks: Vec<[f32; 2]>,
    /// Natural logarithm of each ratio.
    log_ratios: BTreeMap<String, f64>,
    /// The symmetric shape: x, y of the 16 landmarks, centroid size 1.
    shape: Vec<[f32; 2]>,
    #[serde(with = "Quality")]
    quality: v1::Quality,
    enrolled_at: DateTime<Utc>,
}

/// How the quality is written: with all its fields, even those that are zero.
#[derive(Serialize, Deserialize)]
#[serde(remote = "v1::Quality", rename_all = "camelCase")]
struct Quality {
    yaw: f64,
    pitch: f64,
    roll: f64,
    interocular: f64,
    sharpness: f64,
    landmark_spread: f64,
}

impl Line {
    fn of(dog: &DogRecord) -> Self {
        let message = store::DogRecord::from(dog);
        let keys = Ratio::ALL.map(|ratio| ratio.key().to_owned());
        Self {
            dog_id: message.dog_id,
            image_id: message.image_id,
            photo_location: message.photo_location,
            source: message.source,
            photos_digest: hex(&message.photos_digest),
            traits: message.traits,
            attributes: message.attributes,
            expires_at: dog.expires_at,
            landmarks: pairs(&message.landmarks),
            log_ratios: keys.into_iter().zip(message.log_ratios).collect(),
            shape: pairs(&message.shape),
            quality: message.quality.unwrap_or_default(),
            enrolled_at: dog.enrolled_at,
        }
    }

    /// The record; `None` if a value is missing or none.
    fn record(self, model_version: &str) -> Option<DogRecord> {
        let ratios = Ratio::ALL.iter().map(|ratio| self.log_ratios.get(ratio.key()).copied());
        DogRecord::from_message(store::DogRecord {
            dog_id: self.dog_id,
            image_id: self.image_id,
            photo_location: self.photo_location,
            source: self.source,
            photos_digest: bytes_of_hex(&self.photos_digest)?,
            traits: self.traits,
            attributes: self.attributes,
            expires_at: self.expires_at.map(|time| time.timestamp()),
            model_version: model_version.to_owned(),
            landmarks: self.landmarks.into_iter().flatten().collect(),
            log_ratios: ratios.collect::<Option<Vec<f64>>>()?,
            shape: self.shape.into_iter().flatten().collect(),
            quality: Some(self.quality),
            enrolled_at: self.enrolled_at.timestamp(),
            photos: Vec::new(),
            handicap: 0.0,
        })
    }
}

impl Catalogue {
    /// Writes the catalogue as JSON Lines.
    pub fn export(&self, out: &mut impl Write) -> io::Result<()> {
        let lines: String = self.dogs.iter().map(|dog| json_line(&Line::of(dog))).collect();
        let header = Header {
            mungpy_catalogue: FORMAT,
            version: self.version,
            published_at: self.published_at,
            model_version: self.model_version.clone(),
            dogs: self.dogs.len(),
            sha256: hex(&Sha256::digest(&lines)),
        };
        out.write_all(json_line(&header).as_bytes())?;
        out.write_all(lines.as_bytes())
    }

    /// Reads what [`export`](Self::export) has written. The tables are missing: they are worked out
    /// when it is published.
    ///
    /// # Errors
    /// The text is no whole and undamaged export, or of a later format.
    pub fn import(text: &str, path: &Path) -> Result<Self, CatalogueError> {
        let malformed =
            |detail: String| CatalogueError::ImportMalformed { path: path.to_owned(), detail };
        let (first, lines) = text.split_once('\n').unwrap_or((text, ""));
        let header: Header = serde_json::from_str(first)
            .map_err(|error| malformed(format!("line 1 is no header of an export: {error}")))?;
        if header.mungpy_catalogue != FORMAT {
            let found = header.mungpy_catalogue;
            return Err(malformed(format!("it has format {found}, this version reads {FORMAT}")));
        }
        if hex(&Sha256::digest(lines)) != header.sha256 {
            let detail = "the lines of the dogs are not those that were exported; export it anew";
            return Err(malformed(detail.to_owned()));
        }
        let mut dogs = Vec::with_capacity(header.dogs.min(1 << 20));
        for (index, line) in lines.lines().enumerate() {
            let number = index + 2;
            let line: Line = serde_json::from_str(line)
                .map_err(|error| malformed(format!("line {number}: {error}")))?;
            let record = line.record(&header.model_version);
            dogs.push(record.ok_or_else(|| {
                malformed(format!("line {number} holds a value that is not understood"))
            })?);
        }
        if dogs.len() != header.dogs {
            let (found, expected) = (dogs.len(), header.dogs);
            return Err(malformed(format!("it holds {found} dogs, the header says {expected}")));
        }
        dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        Ok(Self {
            version: header.version,
            published_at: header.published_at,
            model_version: header.model_version,
            dogs,
            tables: None,
        })
    }
}

/// One dog as JSON, as an export holds it.
pub fn dog_as_json(dog: &DogRecord) -> serde_json::Value {
    serde_json::to_value(Line::of(dog)).expect("a dog is plain data")
}

fn json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records are plain data") + "\n"
}

fn pairs(coordinates: &[f32]) -> Vec<[f32; 2]> {
    coordinates.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}
