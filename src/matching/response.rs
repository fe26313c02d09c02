//! The answer as a message of the contract.

use std::time::Duration;

use mungpy_core::{
    face::Landmarks,
    index::Hit,
    reason::WithReason,
    resemblance::{Language, RatioAgreement},
    temperament::Agreement,
};
use mungpy_proto::v1::{self, relaxation::Kind};

use super::{
    Person, PersonPhoto, Question, Snapshot,
    relaxation::{Demand, Found},
    snapshot::Adoption,
};
use crate::{extract::StageTimes, messages};

/// Builds the response from at least one hit.
pub(super) fn respond(
    snapshot: &Snapshot,
    person: &Person,
    found: &Found,
    question: &Question,
) -> v1::MatchResponse {
    let answering = Answering {
        snapshot,
        person,
        language: question.language,
        detail: question.detail,
        drawn: person.first_used().map(|(_, face)| face.landmarks).filter(|_| question.detail),
    };
    let matches: Vec<v1::DogMatch> =
        found.result.hits.iter().map(|hit| answering.dog_match(hit)).collect();
    let best = matches.first().cloned().unwrap_or_default();
    let proportions =
        if person.is_estimated { v1::Proportions::Estimated } else { v1::Proportions::Measured };
    v1::MatchResponse {
        image_id: question.image_id.clone(),
        dog_image_id: best.dog_image_id,
        dog_id: best.dog_id,
        score: best.score,
        agreement: best.agreement,
        explanation: best.explanation,
        adoption: best.adoption,
        matches,
        catalogue_version: snapshot.version,
        candidates: found.result.candidates as u64,
        photos: person.photos.iter().map(|photo| report(photo, question.detail)).collect(),
        proportions: proportions.into(),
        relaxed: found.dropped.iter().map(|demand| relaxation(*demand, question)).collect(),
        timings: Vec::new(),
    }
}

/// The time of each stage, in milliseconds.
pub(super) fn timings(stages: &StageTimes, search: Duration) -> Vec<v1::StageTiming> {
    let named = stages.named().into_iter().chain([("search", search)]);
    named.map(|(stage, time)| messages::of_timing(stage, time)).collect()
}

/// What all dogs of an answer are described with.
struct Answering<'a> {
    snapshot: &'a Snapshot,
    person: &'a Person,
    language: Language,
    /// Whether lines are wanted.
    detail: bool,
    /// The person's landmarks to draw lines between, if there are any.
    drawn: Option<Landmarks>,
}

impl Answering<'_> {
    fn dog_match(&self, hit: &Hit) -> v1::DogMatch {
        let index = &self.snapshot.index;
        let dog = self.detail.then(|| self.snapshot.dog(hit.dog).landmarks());
        let agreements = index.explain(&self.person.measurement, hit.dog);
        let ratios = agreements.iter().map(|agreement| self.ratio(agreement, dog.as_ref()));
        v1::DogMatch {
            dog_id: index.dog_id(hit.dog).to_owned(),
            dog_image_id: index.image_id(hit.dog).to_owned(),
            score: index.score(hit.distance_squared),
            agreement: Some(of_agreement(hit.agreement)),
            explanation: Some(v1::Explanation { ratios: ratios.collect() }),
            adoption: Some(of_adoption(self.snapshot.adoption(hit.dog))),
            landmarks: dog.iter().flat_map(messages::of_landmarks).collect(),
        }
    }

    fn ratio(&self, agreement: &RatioAgreement, dog: Option<&Landmarks>) -> v1::RatioAgreement {
        let line = |face: &Landmarks| messages::of_line(agreement.ratio.ends(&face.0));
        v1::RatioAgreement {
            ratio: agreement.ratio.key().to_owned(),
            person_sigma: agreement.person_sigma,
            dog_sigma: agreement.dog_sigma,
            sentence: agreement.sentence(self.language),
            person_line: self.drawn.as_ref().map(line),
            dog_line: dog.map(line),
        }
    }
}

/// What people should know who want to adopt a dog, as a message.
pub(crate) fn of_adoption(adoption: &Adoption) -> v1::Adoption {
    v1::Adoption {
        attributes: adoption.attributes.clone(),
        expires_at: adoption.expires_at.map(messages::of_time).unwrap_or_default(),
    }
}

fn relaxation(demand: Demand, question: &Question) -> v1::Relaxation {
    let kind = match demand {
        Demand::Temperament => Kind::Temperament(true),
        Demand::Filter(number) => Kind::Attribute(question.filters[number].attribute.clone()),
    };
    v1::Relaxation { kind: Some(kind) }
}

fn report(photo: &PersonPhoto, detail: bool) -> v1::PhotoReport {
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
        face: Some(messages::of_box(&face.face)),
        quality: Some(messages::of_quality(face.quality)),
        left_out,
        reason: String::new(),
        landmarks: if detail { messages::of_landmarks(&face.landmarks) } else { Vec::new() },
    }
}

fn of_agreement(agreement: Agreement) -> v1::Agreement {
    let Agreement { agreed, compared, answered } = agreement;
    v1::Agreement { agreed, compared, answered }
}
