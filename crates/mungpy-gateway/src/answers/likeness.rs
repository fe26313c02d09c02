//! The dogs most like a person, and why.

use mungpy_proto::v1::{self, relaxation::Kind};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    dog::{Adoption, photo_path},
    face::{Line, PhotoReport, points},
    rounded,
};
use crate::wishes::PointOnPhoto;

/// The answer of the contract: the image id of the most similar dog, and nothing more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimilarDog {
    /// Image id of the most similar dog.
    dog_image_id: String,
}

/// The most similar dogs, and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Likeness {
    /// The caller's id of the photo.
    image_id: String,
    /// Image id of the most similar dog.
    dog_image_id: String,
    /// Id of the most similar dog.
    dog_id: String,
    /// 0 to 100: the share of random pairs of person and dog that are less alike.
    score: f64,
    /// The most similar dogs, best first, including the one named above.
    matches: Vec<Match>,
    /// What was found in each photo, in their order.
    photos: Vec<PhotoReport>,
    /// Number of dogs that could be named.
    candidates: u64,
    /// Version of the catalogue that was searched.
    catalogue_version: u64,
    /// `estimated` from the whole face, or `measured` in the photos.
    #[serde(skip_serializing_if = "Option::is_none")]
    proportions: Option<&'static str>,
    /// The demands that were dropped so that a dog fits: `temperament`, or the name of an attribute.
    relaxed: Vec<Relaxed>,
}

/// A demand that was dropped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Relaxed {
    /// `temperament` or `attribute`.
    demand: &'static str,
    /// The attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
}

/// One of the most similar dogs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Match {
    pub(crate) dog_id: String,
    /// Id of its photo.
    dog_image_id: String,
    /// Path of its photo.
    photo: String,
    /// 0 to 100.
    score: f64,
    agreement: Agreement,
    /// The proportions that agree most, strongest first.
    pub(crate) reasons: Vec<LikenessReason>,
    pub(crate) adoption: Adoption,
    /// The 16 landmarks of the dog, in pixels of its upright photo.
    landmarks: Vec<PointOnPhoto>,
}

/// How a dog's traits compare with the answers.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Agreement {
    /// Answers that match.
    agreed: u32,
    /// Answers on axes for which the dog has a value.
    compared: u32,
    /// Answers given.
    answered: u32,
}

/// A proportion that person and dog share.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LikenessReason {
    /// Key of the ratio.
    ratio: String,
    /// Deviation of the person from the mean, in standard deviations.
    person_sigma: f64,
    /// Deviation of the dog from the mean, in standard deviations.
    dog_sigma: f64,
    /// The same in words, in the caller's language.
    pub(crate) sentence: String,
    /// The length on the person's first used photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    person_line: Option<Line>,
    /// The length on the dog's photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    dog_line: Option<Line>,
}

impl From<v1::MatchResponse> for SimilarDog {
    fn from(response: v1::MatchResponse) -> Self {
        Self { dog_image_id: response.dog_image_id }
    }
}

impl From<v1::MatchResponse> for Likeness {
    fn from(response: v1::MatchResponse) -> Self {
        let proportions = match response.proportions() {
            v1::Proportions::Unspecified => None,
            v1::Proportions::Estimated => Some("estimated"),
            v1::Proportions::Measured => Some("measured"),
        };
        Self {
            image_id: response.image_id,
            dog_image_id: response.dog_image_id,
            dog_id: response.dog_id,
            score: rounded(response.score, 4),
            matches: response.matches.into_iter().map(Into::into).collect(),
            photos: response.photos.into_iter().map(Into::into).collect(),
            candidates: response.candidates,
            catalogue_version: response.catalogue_version,
            proportions,
            relaxed: response.relaxed.into_iter().filter_map(Relaxed::of).collect(),
        }
    }
}

impl Relaxed {
    fn of(relaxation: v1::Relaxation) -> Option<Self> {
        Some(match relaxation.kind? {
            Kind::Temperament(_) => Self { demand: "temperament", attribute: None },
            Kind::Attribute(attribute) => Self { demand: "attribute", attribute: Some(attribute) },
        })
    }
}

impl From<v1::DogMatch> for Match {
    fn from(dog: v1::DogMatch) -> Self {
        let reasons = dog.explanation.unwrap_or_default().ratios;
        let agreement = dog.agreement.map(|v1::Agreement { agreed, compared, answered }| {
            Agreement { agreed, compared, answered }
        });
        Self {
            photo: photo_path(&dog.dog_id),
            dog_id: dog.dog_id,
            dog_image_id: dog.dog_image_id,
            score: rounded(dog.score, 4),
            agreement: agreement.unwrap_or_default(),
            reasons: reasons.into_iter().map(Into::into).collect(),
            adoption: dog.adoption.into(),
            landmarks: points(dog.landmarks),
        }
    }
}

impl From<v1::RatioAgreement> for LikenessReason {
    fn from(agreement: v1::RatioAgreement) -> Self {
        Self {
            ratio: agreement.ratio,
            person_sigma: rounded(agreement.person_sigma, 4),
            dog_sigma: rounded(agreement.dog_sigma, 4),
            sentence: agreement.sentence,
            person_line: agreement.person_line.and_then(Line::of),
            dog_line: agreement.dog_line.and_then(Line::of),
        }
    }
}
