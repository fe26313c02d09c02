//! The answer in the form of the contract.

use super::Snapshot;
use crate::{
    extract::Extraction,
    face::{Measurement, Quality},
    index::{Found, Hit},
    proto::v1,
    resemblance::Language,
    temperament::Agreement,
};

/// Writes the answer for at least one hit.
pub(super) fn respond(
    image_id: &str,
    snapshot: &Snapshot,
    person: &Measurement,
    people: &[Extraction],
    found: &Found,
    language: Language,
) -> v1::MatchResponse {
    let matches: Vec<v1::DogMatch> =
        found.hits.iter().map(|hit| dog_match(snapshot, person, hit, language)).collect();
    let best = matches.first().cloned().unwrap_or_default();
    v1::MatchResponse {
        image_id: image_id.to_owned(),
        dog_image_id: best.dog_image_id,
        dog_id: best.dog_id,
        score: best.score,
        agreement: best.agreement,
        explanation: best.explanation,
        matches,
        catalogue_version: snapshot.version,
        candidates: found.candidates as u64,
        photos: people.iter().map(report).collect(),
    }
}

fn dog_match(
    snapshot: &Snapshot,
    person: &Measurement,
    hit: &Hit,
    language: Language,
) -> v1::DogMatch {
    let index = &snapshot.index;
    let ratios = index
        .explain(person, hit.dog)
        .into_iter()
        .map(|agreement| v1::RatioAgreement {
            ratio: agreement.ratio.key().to_owned(),
            person_sigma: agreement.person_sigma,
            dog_sigma: agreement.dog_sigma,
            sentence: agreement.sentence(language),
        })
        .collect();
    v1::DogMatch {
        dog_id: index.dog_id(hit.dog).to_owned(),
        dog_image_id: index.image_id(hit.dog).to_owned(),
        score: index.score(hit.distance_squared),
        agreement: Some(hit.agreement.into()),
        explanation: Some(v1::Explanation { ratios }),
    }
}

fn report(face: &Extraction) -> v1::PhotoReport {
    v1::PhotoReport {
        faces_found: face.faces_found as u32,
        face: Some(v1::Box {
            left: face.face.left,
            top: face.face.top,
            right: face.face.right,
            bottom: face.face.bottom,
            confidence: face.face.confidence,
        }),
        quality: Some(face.quality.into()),
    }
}

impl From<Agreement> for v1::Agreement {
    fn from(agreement: Agreement) -> Self {
        Self {
            agreed: agreement.agreed,
            compared: agreement.compared,
            answered: agreement.answered,
        }
    }
}

impl From<Quality> for v1::Quality {
    fn from(quality: Quality) -> Self {
        Self {
            yaw: quality.yaw,
            pitch: quality.pitch,
            roll: quality.roll,
            interocular: quality.interocular,
            sharpness: quality.sharpness,
            landmark_spread: quality.landmark_spread,
        }
    }
}
