//! Answers one person's request: measures the photos, searches the catalogue, explains the result.
//! The gRPC service and `mungpy match` share it.

mod attributes;
mod description;
mod error;
mod given;
mod person;
mod question;
mod relaxation;
mod response;
mod snapshot;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use mungpy_core::{
    index::SearchResult,
    resemblance::Population,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::v1::{MatchRequest, MatchResponse};
use mungpy_telemetry::Stage;

use crate::extract::{Extractor, StageTimes, enter};
pub use attributes::{DogSet, FilterError, SOURCE, check as check_filters};
pub use error::MatchError;
pub use given::LandmarksError;
use person::References;
pub use person::{Person, PersonPhoto};
pub use question::Question;
use question::Subject;
pub(crate) use response::of_adoption;
pub use snapshot::{Adoption, Dog, Snapshot};

/// Answers match requests.
pub struct Matcher {
    questionnaire: Questionnaire,
    policy: ArcSwap<Policy>,
    references: References,
}

/// An answer, and the data behind it.
pub struct MatchAnswer {
    /// The response message.
    pub response: MatchResponse,
    /// The person, as the photos or landmarks show it.
    pub person: Person,
    /// The search result, with dogs by their number in the index.
    pub found: SearchResult,
    /// How long the stages of measuring took.
    pub stages: StageTimes,
    /// How long the search took.
    pub search: Duration,
}

impl Matcher {
    /// Creates a matcher that filters by `policy` unless a request names one, and that searches for
    /// persons by the statistics of a population.
    pub fn new(questionnaire: Questionnaire, policy: Policy, persons: &Population) -> Self {
        let (policy, references) = (ArcSwap::from_pointee(policy), References::new(persons));
        Self { questionnaire, policy, references }
    }

    /// Filters by another policy from now on, unless a request names one.
    pub fn set_policy(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }

    /// The questionnaire that answers refer to.
    pub fn questionnaire(&self) -> &Questionnaire {
        &self.questionnaire
    }

    /// Checks a request before any work: its limits, its answers, and that there are dogs.
    pub fn question(
        &self,
        snapshot: &Snapshot,
        request: MatchRequest,
    ) -> Result<Question, MatchError> {
        let question = Question::new(request, &self.questionnaire, **self.policy.load())?;
        if snapshot.index.is_empty() {
            return Err(MatchError::CatalogueEmpty { version: snapshot.version });
        }
        Ok(question)
    }

    /// Finds the most similar dog. Measures the photos with `extractor` and blocks while doing so,
    /// but ends early once the answer is not `wanted` any more.
    pub fn answer(
        &self,
        extractor: &mut Extractor,
        snapshot: &Snapshot,
        question: &Question,
        wanted: impl Fn() -> bool,
    ) -> Result<MatchAnswer, MatchError> {
        extractor.take_times();
        let space = snapshot.index.space();
        let person = match &question.subject {
            Subject::Photos(photos) => Person::in_photos(extractor, space, photos, &wanted)?,
            Subject::Landmarks(faces) => Person::with_landmarks(&self.references, space, faces)?,
        };
        find(snapshot, person, question, extractor.take_times(), &wanted)
    }
}

fn find(
    snapshot: &Snapshot,
    person: Person,
    question: &Question,
    stages: StageTimes,
    wanted: &dyn Fn() -> bool,
) -> Result<MatchAnswer, MatchError> {
    let (_stage, begun) = (enter(Stage::Search), Instant::now());
    let found = relaxation::search(snapshot, &person, question, wanted)?;
    let search = begun.elapsed();
    let mut response = response::respond(snapshot, &person, &found, question);
    if question.timings {
        response.timings = response::timings(&stages, search);
    }
    Ok(MatchAnswer { response, person, found: found.result, stages, search })
}
