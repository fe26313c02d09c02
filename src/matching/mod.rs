//! One person's request answered: photos measured, catalogue searched, answer
//! explained. Used by the gRPC service and by `mungpy match` alike.

mod error;
mod response;
mod snapshot;

use std::collections::HashSet;

use crate::{
    extract::{ExtractError, Extraction, ExtractorPool},
    face::Measurement,
    index::{Found, Query},
    proto::v1::{MatchRequest, MatchResponse, temperament_policy::Kind},
    resemblance::Language,
    temperament::{Policy, Questionnaire},
};
pub use error::MatchError;
pub use snapshot::Snapshot;

/// Most photos of a person in one request.
pub const MAX_PHOTOS: usize = 5;
/// Most dogs named in one answer.
pub const MAX_TOP: u32 = 100;

/// Answers match requests.
pub struct Matcher {
    people: ExtractorPool,
    questionnaire: Questionnaire,
    policy: Policy,
}

/// An answer, and what it rests on.
pub struct Answered {
    /// The answer.
    pub response: MatchResponse,
    /// The person's proportions: the mean over the photos.
    pub person: Measurement,
    /// What was found in each photo of the person.
    pub people: Vec<Extraction>,
    /// The dogs, as they stand in the index.
    pub found: Found,
}

impl Matcher {
    /// A matcher that measures persons with `people` and filters by `policy`
    /// where a request names none.
    pub fn new(people: ExtractorPool, questionnaire: Questionnaire, policy: Policy) -> Self {
        Self { people, questionnaire, policy }
    }

    /// The questionnaire that answers are given to.
    pub fn questionnaire(&self) -> &Questionnaire {
        &self.questionnaire
    }

    /// Requests that can be measured at the same time.
    pub fn parallelism(&self) -> usize {
        self.people.size()
    }

    /// Names the most similar dog. Blocks for as long as the photos take.
    pub fn answer(
        &self,
        snapshot: &Snapshot,
        request: &MatchRequest,
    ) -> Result<Answered, MatchError> {
        let top = check_limits(request)?;
        let answers = self.questionnaire.answers(
            request.answers.iter().map(|a| (a.axis.as_str(), a.side.as_str(), a.required)),
        )?;
        if snapshot.index.is_empty() {
            return Err(MatchError::CatalogueEmpty { version: snapshot.version });
        }
        let people = self.measure(&request.photos)?;
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
        Ok(Answered { response, person, people, found })
    }

    fn measure<B: AsRef<[u8]>>(&self, photos: &[B]) -> Result<Vec<Extraction>, MatchError> {
        let count = photos.len();
        self.people.with(|extractor| {
            let extract = |bytes: &[u8]| -> Result<Extraction, ExtractError> {
                let face = extractor.extract(bytes)?;
                face.check()?;
                Ok(face)
            };
            let mut extract = extract;
            photos
                .iter()
                .enumerate()
                .map(|(index, bytes)| {
                    extract(bytes.as_ref()).map_err(|error| MatchError::Photo {
                        number: index + 1,
                        count,
                        error,
                    })
                })
                .collect()
        })
    }
}

/// Checks the numbers of a request; how many dogs to name.
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
