//! The answer as a message of the contract.

use chrono::{DateTime, SecondsFormat, Utc};
use mungpy_core::{
    face::Measurement,
    index::{Hit, SearchResult},
    reason::WithReason,
    resemblance::Language,
    temperament::Agreement,
};
use mungpy_proto::v1;

use super::{PersonPhoto, Snapshot, snapshot::Adoption};
use crate::messages;

/// Builds the response from at least one hit.
pub(super) fn respond(
    image_id: String,
    snapshot: &Snapshot,
    person: &Measurement,
    photos: &[PersonPhoto],
    found: &SearchResult,
    language: Language,
) -> v1::MatchResponse {
    let matches: Vec<v1::DogMatch> =
        found.hits.iter().map(|hit| dog_match(snapshot, person, hit, language)).collect();
    let best = matches.first().cloned().unwrap_or_default();
    v1::MatchResponse {
        image_id,
        dog_image_id: best.dog_image_id,
        dog_id: best.dog_id,
        score: best.score,
        agreement: best.agreement,
        explanation: best.explanation,
        adoption: best.adoption,
        matches,
        catalogue_version: snapshot.version,
        candidates: found.candidates as u64,
        photos: photos.iter().map(report).collect(),
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
        agreement: Some(agreement(hit.agreement)),
        explanation: Some(v1::Explanation { ratios }),
        adoption: Some(adoption(snapshot.adoption(hit.dog))),
    }
}

fn adoption(adoption: &Adoption) -> v1::Adoption {
    let seconds = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    v1::Adoption {
        attributes: adoption.attributes.clone().into_iter().collect(),
        expires_at: adoption.expires_at.map(seconds).unwrap_or_default(),
    }
}

fn report(photo: &PersonPhoto) -> v1::PhotoReport {
    let left_out = photo.left_out;
    let face = match &photo.found {
        Ok(face) => face,
        Err(error) => {
            let reason = error.reason().code().to_owned();
            return v1::PhotoReport { left_out, reason, ..v1::PhotoReport::default() };
        }
    };
    v1::PhotoReport {
        faces_found: face.faces_found as u32,
        face: Some(v1::Box {
            left: face.face.left,
            top: face.face.top,
            right: face.face.right,
            bottom: face.face.bottom,
            confidence: face.face.confidence,
        }),
        quality: Some(messages::of_quality(face.quality)),
        left_out,
        reason: String::new(),
    }
}

fn agreement(agreement: Agreement) -> v1::Agreement {
    let Agreement { agreed, compared, answered } = agreement;
    v1::Agreement { agreed, compared, answered }
}
