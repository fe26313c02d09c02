//! Answers one person's request: measures the photos, searches the catalogue, explains the result.
//! The gRPC service and `mungpy match` share it.

mod error;
mod response;
mod snapshot;

use std::collections::HashSet;

use mungpy_core::{
    face::Measurement,
    index::{Query, SearchResult},
    resemblance::{Combination, Language, Space},
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::limits::{MAX_PHOTOS, MAX_TOP};
use mungpy_proto::v1::{MatchRequest, MatchResponse, temperament_policy::Kind};

use crate::extract::{ExtractError, Extraction, Extractor};
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
        let mut photos = measure(extractor, &request.photos)?;
        let person = combine(snapshot.index.space(), &mut photos)?;
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
            response::respond(&request.image_id, snapshot, &person, &photos, &found, language);
        Ok(MatchAnswer { response, person, photos, found })
    }
}

/// Measures each photo of a person. A photo that is refused does not spoil the others.
///
/// # Errors
/// The machine is at fault, or every photo is refused: then the first one's reason.
fn measure<B: AsRef<[u8]>>(
    extractor: &mut Extractor,
    photos: &[B],
) -> Result<Vec<PersonPhoto>, MatchError> {
    let count = photos.len();
    let failed = |index, error| MatchError::Photo { number: index + 1, count, error };
    let mut measured = Vec::with_capacity(count);
    for (index, bytes) in photos.iter().enumerate() {
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
