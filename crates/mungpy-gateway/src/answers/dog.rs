//! Dogs, and what people should know who want to adopt them.

use std::collections::BTreeMap;

use mungpy_proto::v1;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    face::{Quality, Ratio, points},
    filled,
};
use crate::wishes::PointOnPhoto;

/// What a segment of a path keeps as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a dog's photo.
pub(crate) fn photo_path(dog_id: &str) -> String {
    format!("/api/v1/dogs/{}/photo", utf8_percent_encode(dog_id, SEGMENT))
}

/// What people should know who want to adopt a dog, as its shelter says it.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Adoption {
    /// `name`, `shelter`, `phone`, `page`, `noticeEnd` and so on.
    pub(crate) attributes: BTreeMap<String, String>,
    /// When the dog can no longer be adopted, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

impl From<Option<v1::Adoption>> for Adoption {
    fn from(adoption: Option<v1::Adoption>) -> Self {
        let adoption = adoption.unwrap_or_default();
        Self { attributes: adoption.attributes, expires_at: filled(adoption.expires_at) }
    }
}

/// A dog that can be matched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dog {
    #[serde(rename = "dogId")]
    id: String,
    /// Id of its photo.
    #[serde(rename = "dogImageId")]
    image_id: String,
    /// Path of its photo.
    photo: String,
    /// Name of the source that lists it.
    source: String,
    /// Axis to side of the temperament questionnaire.
    traits: BTreeMap<String, String>,
    adoption: Adoption,
    /// The 16 landmarks, in pixels of the upright photo.
    landmarks: Vec<PointOnPhoto>,
    /// The facial ratios.
    ratios: Vec<Ratio>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    /// When it was measured, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolled_at: Option<String>,
}

impl From<v1::Dog> for Dog {
    fn from(dog: v1::Dog) -> Self {
        Self {
            photo: photo_path(&dog.dog_id),
            id: dog.dog_id,
            image_id: dog.image_id,
            source: dog.source,
            traits: dog.traits,
            adoption: dog.adoption.into(),
            landmarks: points(dog.landmarks),
            ratios: dog.ratios.into_iter().map(Into::into).collect(),
            quality: dog.quality.map(Into::into),
            enrolled_at: filled(dog.enrolled_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        assert_eq!(photo_path("a/b?c#d e"), "/api/v1/dogs/a%2Fb%3Fc%23d%20e/photo");
        assert_eq!(photo_path("개.jpg"), "/api/v1/dogs/%EA%B0%9C.jpg/photo");
    }
}
