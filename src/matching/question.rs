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
    v1::{AttributeFilter, FaceRule, MatchRequest, NoCandidate, temperament_policy::Kind},
};
use prost::bytes::Bytes;

use super::{MatchError, attributes, given::GivenFace, given::LandmarksError};
use crate::extract::FaceChoice;

/// A request that keeps every limit, in the engine's own terms.
#[derive(Debug)]
pub struct Question {
    pub(super) subject: Subject,
    pub(super) image_id: String,
    pub(super) answers: Answers,
    pub(super) policy: Policy,
    pub(super) filters: Vec<AttributeFilter>,
    /// Whether to drop demands if no dog fits.
    pub(super) relax: bool,
    pub(super) top: usize,
    pub(super) excluded: HashSet<String>,
    pub(super) language: Language,
    pub(super) detail: bool,
    pub(super) timings: bool,
}

/// What the request tells of the person.
#[derive(Debug)]
pub(super) enum Subject {
    Photos(Vec<(Bytes, FaceChoice)>),
    Landmarks(Vec<GivenFace>),
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
        attributes::check(&request.attributes)?;
        let answers = questionnaire.answers(
            request.answers.iter().map(|a| (a.axis.as_str(), a.side.as_str(), a.required)),
        )?;
        let policy = match request.policy.as_ref().and_then(|policy| policy.kind.as_ref()) {
            Some(Kind::AtLeast(n)) => Policy::AtLeast(*n),
            Some(Kind::Best(n)) => Policy::Best(*n),
            None => policy,
        };
        Ok(Self {
            relax: request.on_no_candidate() == NoCandidate::Relax,
            subject: subject(&request)?,
            image_id: request.image_id,
            answers,
            policy,
            filters: request.attributes,
            top: request.top.max(1) as usize,
            excluded: request.excluded_dog_ids.into_iter().collect(),
            language: Language::from_tag(&request.language),
            detail: request.detail,
            timings: request.timings,
        })
    }

    /// Number of photos to measure.
    pub fn photos(&self) -> usize {
        match &self.subject {
            Subject::Photos(photos) => photos.len(),
            Subject::Landmarks(_) => 0,
        }
    }
}

fn subject(request: &MatchRequest) -> Result<Subject, MatchError> {
    if !request.landmarks.is_empty() {
        let faces = request.landmarks.iter().map(GivenFace::read);
        return Ok(Subject::Landmarks(faces.collect::<Result<_, _>>()?));
    }
    let choices = choices(request)?;
    Ok(Subject::Photos(request.photos.iter().cloned().zip(choices).collect()))
}

/// Which face is meant in each photo.
fn choices(request: &MatchRequest) -> Result<Vec<FaceChoice>, MatchError> {
    let photos = request.photos.len();
    let Some(face) = &request.face else { return Ok(vec![FaceChoice::Largest; photos]) };
    Ok(match face.rule() {
        FaceRule::Unspecified | FaceRule::Largest => vec![FaceChoice::Largest; photos],
        FaceRule::SingleOnly => vec![FaceChoice::Single; photos],
        FaceRule::Nearest => {
            let points =
                face.points.iter().filter(|point| point.x.is_finite() && point.y.is_finite());
            let choices: Vec<_> = points.map(|p| FaceChoice::Nearest([p.x, p.y])).collect();
            if choices.len() != photos || face.points.len() != photos {
                return Err(MatchError::PointsMissing { points: face.points.len(), photos });
            }
            choices
        }
    })
}

fn check_limits(request: &MatchRequest) -> Result<(), MatchError> {
    let (photos, faces) = (request.photos.len(), request.landmarks.len());
    let (answers, exclusions) = (request.answers.len(), request.excluded_dog_ids.len());
    let (image_id, language) = (request.image_id.len(), request.language.len());
    let longest = request.excluded_dog_ids.iter().map(String::len).max().unwrap_or(0);
    let top = request.top;
    match () {
        () if photos > 0 && faces > 0 => Err(LandmarksError::BesidePhotos.into()),
        () if photos == 0 && faces == 0 => Err(MatchError::NoPhoto),
        () if photos.max(faces) > MAX_PHOTOS => {
            Err(MatchError::TooManyPhotos { count: photos.max(faces) })
        }
        () if top > MAX_TOP => Err(MatchError::TopTooLarge { top }),
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
