//! `POST /api/v1/similar-dog`: the dog most like a person.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use mungpy_proto::{
    limits::MAX_PHOTOS,
    v1::{MatchRequest, MatchResponse},
};
use mungpy_transport::Charge;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answers::likeness::{Likeness, SimilarDog},
    caller::Caller,
    form::Form,
    language::Language,
    problem::Problem,
    upstream::Engines,
    wishes::{OnNoCandidate, Wishes},
};

/// The answer of the contract, or one with all details.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// Without `detail`.
    Plain(SimilarDog),
    /// With `detail`.
    Detailed(Box<Likeness>),
}

impl Answer {
    /// The answer with or without details.
    pub(super) fn of(response: MatchResponse, is_detailed: bool) -> Self {
        if is_detailed {
            Self::Detailed(Box::new(response.into()))
        } else {
            Self::Plain(response.into())
        }
    }
}

/// A person's photos, and what is wished of the dog.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code)]
pub(crate) struct SimilarDogForm {
    /// The caller's id of the photo, at most 1024 bytes.
    image_id: String,
    /// JPEG, PNG or WebP, at most 10 MiB. Up to five photos of the same person may be sent.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image: Vec<u8>,
    /// JSON: axis to side, or a list of sides.
    #[schema(required = false)]
    temperament: String,
    /// Where the dog shall live, e.g. `경기도`.
    #[schema(required = false)]
    region: String,
    /// JSON: attribute to a value or a list of values.
    #[schema(required = false)]
    attributes: String,
    /// Number of dogs to name with `detail`, at most 100.
    #[schema(required = false, maximum = 100)]
    top: u32,
    /// Dogs to leave out: an id, or a JSON list of ids. It may be repeated.
    #[schema(required = false)]
    exclude_dog_ids: String,
    /// Whether the answer tells more than the image id of the dog.
    #[schema(required = false)]
    detail: bool,
    /// What to do if no dog fits.
    #[schema(required = false)]
    on_no_candidate: OnNoCandidate,
    /// JSON: the point on the face that is meant, in pixels of the upright photo, or a list with a
    /// point for each photo.
    #[schema(required = false)]
    face: String,
    /// Language of the sentences; wins over `Accept-Language`.
    #[schema(required = false)]
    lang: Language,
}

/// Names the adoptable dog whose facial proportions are most like a person's.
#[utoipa::path(post, path = "/api/v1/similar-dog", tag = "similar dogs",
    request_body(content = SimilarDogForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The dog", body = Answer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn similar_dog(
    State(engines): State<Arc<Engines>>,
    Extension(charge): Extension<Charge>,
    mut caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Answer>, Problem> {
    let mut form = Form::read(form, MAX_PHOTOS).await?;
    caller.language = form.language()?.unwrap_or(caller.language);
    let image_id = form.text("imageId").ok_or_else(|| Form::lacks("imageId"))?.to_owned();
    if form.photos.is_empty() {
        return Err(Form::lacks("image"));
    }
    let wishes = Wishes::of_form(&form)?;
    let is_detailed = wishes.detail;
    // The photos are copied once more on their way to the engine.
    charge.add(form.photo_bytes())?;
    let photos = std::mem::take(&mut form.photos);
    let request = wishes.request(&engines, &caller).await?;
    let request = MatchRequest { image_id, photos, ..request };
    let response = engines.find_dog(&caller, request).await?;
    Ok(Json(Answer::of(response, is_detailed)))
}
