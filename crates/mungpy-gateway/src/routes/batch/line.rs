//! One line of the request, one of the answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use mungpy_core::reason::Reason;
use mungpy_proto::limits::{MAX_PHOTO_BYTES, MAX_PHOTOS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{problem::Problem, routes::similar_dog::Answer, wishes::Wishes};

/// A person among many.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BatchLine {
    /// The caller's id, at most 1024 bytes; the number of the line if absent.
    pub(super) id: Option<String>,
    /// A photo in base64: JPEG, PNG or WebP, at most 10 MiB.
    #[schema(format = Byte)]
    image: Option<String>,
    /// Several photos of the same person, in base64, at most five.
    images: Vec<String>,
    /// Searches the newest catalogue rather than that of the beginning.
    pub(super) newest_catalogue: bool,
    #[serde(flatten)]
    pub(super) wishes: Wishes,
}

impl BatchLine {
    /// The photos.
    pub(super) fn photos(&mut self) -> Result<Vec<Bytes>, Problem> {
        let images = std::mem::take(&mut self.images);
        let images: Vec<String> = self.image.take().into_iter().chain(images).collect();
        if images.is_empty() {
            let detail = "the line has no field image; send a photo in base64";
            return Err(Problem::new(Reason::FieldMissing, detail));
        }
        if images.len() > MAX_PHOTOS {
            let detail = format!(
                "the line has {} photos, more than the limit of {MAX_PHOTOS}; send fewer",
                images.len()
            );
            return Err(Problem::new(Reason::TooManyPhotos, detail));
        }
        images.into_iter().map(|image| decoded(&image)).collect()
    }
}

fn decoded(image: &str) -> Result<Bytes, Problem> {
    let photo = STANDARD
        .decode(image)
        .map_err(|_| Problem::field("image is no base64; encode the bytes of the photo"))?;
    if photo.len() > MAX_PHOTO_BYTES {
        let detail = format!(
            "the photo has {} bytes, more than the limit of {MAX_PHOTO_BYTES}; send a smaller photo",
            photo.len()
        );
        return Err(Problem::new(Reason::PhotoTooManyBytes, detail));
    }
    Ok(photo.into())
}

/// The answer to one line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswer {
    /// The id of the line.
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) result: BatchResult,
}

/// What became of a line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum BatchResult {
    /// It was answered.
    Answered(Box<Answer>),
    /// It was refused.
    Refused {
        /// Why, as a single request would say it.
        problem: Problem,
    },
}

impl BatchAnswer {
    pub(super) fn refused(id: String, problem: Problem) -> Self {
        Self { id, result: BatchResult::Refused { problem } }
    }
}
