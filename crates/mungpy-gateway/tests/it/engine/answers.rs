//! What the stand-in says.

use std::{collections::HashMap, time::Duration};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{
    self, Adoption, Agreement, DogMatch, Explanation, Line, MatchRequest, MatchResponse,
    PhotoReport, Point, Proportions, RatioAgreement, Relaxation,
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A status as an engine makes it.
pub(super) fn refusal(reason: Reason, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(reason.code(), "mungpy", HashMap::new());
    details.set_localized_message("ko", format!("{} (한국어)", reason.code()));
    if reason == Reason::Overloaded {
        details.set_retry_info(Some(Duration::from_millis(2500)));
    }
    Status::with_error_details(Code::from_i32(reason.grpc() as i32), message, details)
}

/// An id that paths have to encode.
pub(crate) const DOG_ID: &str = "개/1 ?.jpg";

/// A place in a photo, in pixels.
pub(super) fn point(x: f64, y: f64) -> Point {
    Point { x, y }
}

/// What the source tells of the dog.
pub(super) fn adoption() -> Adoption {
    let told =
        [("name", "보리"), ("shelter", "Hope"), ("region", "경기도 성남시"), ("sex", "male")];
    Adoption {
        attributes: told.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        expires_at: "2030-01-01T00:00:00Z".to_owned(),
    }
}

/// A photo to which the stand-in answers at length.
pub(crate) const LARGE: &str = "LARGE";

fn is_about(request: &MatchRequest, photo: &str) -> bool {
    request.photos.first().is_some_and(|first| *first == photo.as_bytes())
}

/// As much as a source may tell of a dog.
fn detailed() -> Adoption {
    let note = ("note".to_owned(), "x".repeat(4000));
    let mut adoption = adoption();
    adoption.attributes.extend([note]);
    adoption
}

/// The answer to a request that nothing is wrong with.
pub(super) fn found(request: &MatchRequest) -> MatchResponse {
    let agreement = Some(Agreement { agreed: 1, compared: 1, answered: 2 });
    let line = |shift: f64| Some(Line { from: Some(point(shift, 2.0)), to: Some(point(9.0, 2.0)) });
    let ratio = RatioAgreement {
        ratio: "nose_width".to_owned(),
        person_sigma: 1.5,
        dog_sigma: 1.25,
        sentence: if request.language == "ko" { "코가 넓어요" } else { "a wide nose" }.to_owned(),
        person_line: line(1.0).filter(|_| request.detail),
        dog_line: line(2.0).filter(|_| request.detail),
    };
    let dog = DogMatch {
        dog_id: DOG_ID.to_owned(),
        dog_image_id: "dog-1.jpg".to_owned(),
        score: 97.5,
        agreement,
        explanation: Some(Explanation { ratios: vec![ratio] }),
        adoption: Some(if is_about(request, LARGE) { detailed() } else { adoption() }),
        landmarks: vec![point(3.0, 4.0)],
    };
    let photos =
        request.photos.iter().map(|_| PhotoReport { faces_found: 1, ..Default::default() });
    MatchResponse {
        image_id: request.image_id.clone(),
        dog_image_id: dog.dog_image_id.clone(),
        dog_id: dog.dog_id.clone(),
        score: dog.score,
        matches: vec![dog; request.top.max(1) as usize],
        photos: photos.collect(),
        candidates: 17,
        catalogue_version: 3,
        proportions: Proportions::Estimated.into(),
        relaxed: vec![Relaxation {
            kind: Some(v1::relaxation::Kind::Attribute("region".to_owned())),
        }],
        ..MatchResponse::default()
    }
}
