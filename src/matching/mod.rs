//! Answers one person's request: measures the photos, searches the catalogue, explains the result.
//! The gRPC service and `mungpy match` share it.

mod error;
mod response;
mod snapshot;

use std::collections::HashSet;

use mungpy_core::{
    face::Measurement,
    index::{Query, SearchResult},
    resemblance::Language,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::limits::{MAX_PHOTOS, MAX_TOP};
use mungpy_proto::v1::{MatchRequest, MatchResponse, temperament_policy::Kind};

use crate::extract::{Extraction, Extractor};
pub use error::MatchError;
pub use snapshot::Snapshot;

/// Answers match requests.
pub struct Matcher {
    questionnaire: Questionnaire,
    policy: Policy,
}

/// An answer, and the data behind it.
pub struct MatchAnswer {
    /// The response message.
    pub response: MatchResponse,
    /// The person's proportions, averaged over the photos.
    pub person: Measurement,
    /// What was found in each photo.
    pub people: Vec<Extraction>,
    /// The search result, with dogs by their number in the index.
    pub found: SearchResult,
}

impl Matcher {
    /// Creates a matcher that filters by `policy` unless a request names one.
    pub fn new(questionnaire: Questionnaire, policy: Policy) -> Self {
        Self { questionnaire, policy }
    }

    /// The questionnaire that answers refer to.
    pub fn questionnaire(&self) -> &Questionnaire {
        &self.questionnaire
    }

    /// Finds the most similar dog. Measures the photos with `extractor` and blocks while doing so.
    pub fn answer(
        &self,
        extractor: &mut Extractor,
        snapshot: &Snapshot,
        request: &MatchRequest,
    ) -> Result<MatchAnswer, MatchError> {
        let top = check_limits(request)?;
        let answers = self.questionnaire.answers(
            request.answers.iter().map(|a| (a.axis.as_str(), a.side.as_str(), a.required)),
        )?;
        if snapshot.index.is_empty() {
            return Err(MatchError::CatalogueEmpty { version: snapshot.version });
        }
        let people = measure(extractor, &request.photos)?;
        let measurements: Vec<Measurement> = people.iter().map(|face| face.measurement).collect();
        let person = Measurement::mean(&measurements)?;
        let excluded: HashSet<String> = request.excluded_dog_ids.iter().cloned().collect();
        let policy = match request.policy.and_then(|policy| policy.kind) {
            Some(Kind::AtLeast(n)) => Policy::AtLeast(n),
            Some(Kind::Best(n)) => Policy::Best(n),
            None => self.policy,
        };
        let query = Query { person: &person, answers: &answers, policy, top, excluded: &excluded };
        let found = snapshot.index.search(&query);
        if found.hits.is_empty() {
            return Err(MatchError::NoCandidate { dogs: snapshot.index.len() });
        }
        let language = Language::from_tag(&request.language);
        let response =
            response::respond(&request.image_id, snapshot, &person, &people, &found, language);
        Ok(MatchAnswer { response, person, people, found })
    }
}

/// Measures each photo of a person.
fn measure<B: AsRef<[u8]>>(
    extractor: &mut Extractor,
    photos: &[B],
) -> Result<Vec<Extraction>, MatchError> {
    let count = photos.len();
    let photos = photos.iter().enumerate();
    photos
        .map(|(index, bytes)| {
            let measured = extractor.extract_usable(bytes.as_ref());
            measured.map_err(|error| MatchError::Photo { number: index + 1, count, error })
        })
        .collect()
}

/// Checks the limits of a request; returns the number of dogs to name.
fn check_limits(request: &MatchRequest) -> Result<usize, MatchError> {
    match request.photos.len() {
        0 => return Err(MatchError::NoPhoto),
        1..=MAX_PHOTOS => {}
        count => return Err(MatchError::TooManyPhotos { count }),
    }
    if request.top > MAX_TOP {
        return Err(MatchError::TopTooLarge { top: request.top });
    }
    Ok(request.top.max(1) as usize)
}
