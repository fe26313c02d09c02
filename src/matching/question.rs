//! A request that keeps every limit, in the engine's own terms.

use std::collections::HashSet;

use mungpy_core::{
    resemblance::Language,
    temperament::{Answers, Policy, Questionnaire},
};
use mungpy_proto::{
    limits::{
        MAX_ANSWERS, MAX_DOG_ID_BYTES, MAX_EXCLUSIONS, MAX_IMAGE_ID_BYTES, MAX_LANGUAGE_BYTES,
        MAX_PHOTOS, MAX_TOP,
    },
    v1::{MatchRequest, temperament_policy::Kind},
};
use prost::bytes::Bytes;

use super::MatchError;

/// A request that keeps every limit, in the engine's own terms.
#[derive(Debug)]
pub struct Question {
    pub(super) photos: Vec<Bytes>,
    pub(super) image_id: String,
    pub(super) answers: Answers,
    pub(super) policy: Policy,
    pub(super) top: usize,
    pub(super) excluded: HashSet<String>,
    pub(super) language: Language,
}

impl Question {
    /// Checks the limits of a request before anything is made of it. `policy` is for a request that
    /// names none.
    pub(super) fn new(
        request: MatchRequest,
        questionnaire: &Questionnaire,
        policy: Policy,
    ) -> Result<Self, MatchError> {
        check_limits(&request)?;
        let answers = questionnaire.answers(
            request.answers.iter().map(|a| (a.axis.as_str(), a.side.as_str(), a.required)),
        )?;
        let policy = match request.policy.and_then(|policy| policy.kind) {
            Some(Kind::AtLeast(n)) => Policy::AtLeast(n),
            Some(Kind::Best(n)) => Policy::Best(n),
            None => policy,
        };
        Ok(Self {
            photos: request.photos,
            image_id: request.image_id,
            answers,
            policy,
            top: request.top.max(1) as usize,
            excluded: request.excluded_dog_ids.into_iter().collect(),
            language: Language::from_tag(&request.language),
        })
    }

    /// Number of photos.
    pub fn photos(&self) -> usize {
        self.photos.len()
    }
}

fn check_limits(request: &MatchRequest) -> Result<(), MatchError> {
    let photos = request.photos.len();
    let (answers, exclusions) = (request.answers.len(), request.excluded_dog_ids.len());
    let (image_id, language) = (request.image_id.len(), request.language.len());
    let longest = request.excluded_dog_ids.iter().map(String::len).max().unwrap_or(0);
    match () {
        () if photos == 0 => Err(MatchError::NoPhoto),
        () if photos > MAX_PHOTOS => Err(MatchError::TooManyPhotos { count: photos }),
        () if request.top > MAX_TOP => Err(MatchError::TopTooLarge { top: request.top }),
        () if image_id > MAX_IMAGE_ID_BYTES => Err(MatchError::ImageIdTooLong { bytes: image_id }),
        () if answers > MAX_ANSWERS => Err(MatchError::TooManyAnswers { count: answers }),
        () if exclusions > MAX_EXCLUSIONS => {
            Err(MatchError::TooManyExclusions { count: exclusions })
        }
        () if longest > MAX_DOG_ID_BYTES => Err(MatchError::DogIdTooLong { bytes: longest }),
        () if language > MAX_LANGUAGE_BYTES => Err(MatchError::LanguageTooLong { bytes: language }),
        () => Ok(()),
    }
}
