//! Answers one person's request: measures the photos, searches the catalogue, explains the result.
//! The gRPC service and `mungpy match` share it.

mod error;
mod question;
mod response;
mod snapshot;

use chrono::Utc;
use mungpy_core::{
    face::Measurement,
    index::{Query, SearchResult},
    resemblance::{Combination, Space},
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::v1::{MatchRequest, MatchResponse};
use prost::bytes::Bytes;

use crate::extract::{ExtractError, Extraction, Extractor};
pub use error::MatchError;
pub use question::Question;
pub use snapshot::{Adoption, Snapshot};

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
    /// The photos of the person, in the order of the request.
    pub photos: Vec<PersonPhoto>,
    /// The search result, with dogs by their number in the index.
    pub found: SearchResult,
}

/// What came of one photo of a person.
pub struct PersonPhoto {
    /// The face in it, or why there is none that can be compared.
    pub found: Result<Extraction, ExtractError>,
    /// Whether the answer rests on the other photos alone.
    pub left_out: bool,
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

    /// Checks a request before any work: its limits, its answers, and that there are dogs.
    pub fn question(
        &self,
        snapshot: &Snapshot,
        request: MatchRequest,
    ) -> Result<Question, MatchError> {
        let question = Question::new(request, &self.questionnaire, self.policy)?;
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
        question: Question,
        wanted: impl Fn() -> bool,
    ) -> Result<MatchAnswer, MatchError> {
        let Question { photos, image_id, answers, policy, top, mut excluded, language } = question;
        let mut photos = measure(extractor, photos, wanted)?;
        let person = combine(snapshot.index.space(), &mut photos)?;
        excluded.extend(snapshot.expired(Utc::now()).map(str::to_owned));
        let query = Query { person: &person, answers: &answers, policy, top, excluded: &excluded };
        let found = snapshot.index.search(&query);
        if found.hits.is_empty() {
            return Err(MatchError::NoCandidate { dogs: snapshot.index.len() });
        }
        let response = response::respond(image_id, snapshot, &person, &photos, &found, language);
        Ok(MatchAnswer { response, person, photos, found })
    }
}

/// Measures each photo of a person. A photo that is refused does not spoil the others.
///
/// # Errors
/// The machine is at fault, or every photo is refused: then the first one's reason.
fn measure(
    extractor: &mut Extractor,
    photos: Vec<Bytes>,
    wanted: impl Fn() -> bool,
) -> Result<Vec<PersonPhoto>, MatchError> {
    let count = photos.len();
    let failed = |index, error| MatchError::Photo { number: index + 1, count, error };
    let mut measured = Vec::with_capacity(count);
    for (index, bytes) in photos.into_iter().enumerate() {
        if !wanted() {
            return Err(MatchError::CallerGone);
        }
        let found = extractor.extract_usable(bytes.as_ref());
        match found {
            Err(error) if !error.is_fault_of_photo() => return Err(failed(index, error)),
            found => measured.push(PersonPhoto { left_out: found.is_err(), found }),
        }
    }
    if measured.iter().all(|photo| photo.left_out)
        && let Some(PersonPhoto { found: Err(error), .. }) = measured.drain(..).next()
    {
        return Err(failed(0, error));
    }
    Ok(measured)
}

/// The person's proportions out of all photos; marks a photo that does not fit the others.
fn combine(space: &Space, photos: &mut [PersonPhoto]) -> Result<Measurement, MatchError> {
    let usable: Vec<usize> = (0..photos.len()).filter(|&i| !photos[i].left_out).collect();
    let found = photos.iter().filter_map(|photo| photo.found.as_ref().ok());
    let measurements: Vec<Measurement> = found.map(|found| found.measurement).collect();
    let combination = Combination::of(space, &measurements)?;
    if let Some(odd) = combination.left_out {
        photos[usable[odd]].left_out = true;
    }
    Ok(combination.measurement)
}
