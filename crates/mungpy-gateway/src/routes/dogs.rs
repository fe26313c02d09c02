//! `GET /api/v1/dogs/{dogId}` and its photo.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mungpy_core::reason::Reason;
use mungpy_proto::{
    limits::MAX_DOG_ID_BYTES,
    v1::{DogPhoto, GetDogPhotoRequest, GetDogRequest, PhotoView},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{answers::dog::Dog, caller::Caller, problem::Problem, upstream::Engines};

/// Dogs come and go with the nightly batch, so a copy that is a little old does no harm.
const KEEP_DOG: &str = "max-age=60";
const KEEP_PHOTO: &str = "max-age=3600, stale-while-revalidate=86400";
/// Sides that a picture may have, in pixels.
const SIZES: std::ops::RangeInclusive<u32> = 64..=2048;
/// Pixels of the picture for one pixel of the upright photo.
const SCALE: HeaderName = HeaderName::from_static("x-photo-scale");

/// Tells what is known of a dog that can be matched.
#[utoipa::path(get, path = "/api/v1/dogs/{dogId}", tag = "dogs",
    params(("dogId" = String, Path, description = "Id of the dog, as answers name it")),
    responses(
        (status = 200, description = "The dog", body = Dog),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn dog(
    State(engines): State<Arc<Engines>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Dog>), Problem> {
    let dog_id = checked(id)?;
    let dog = engines.dog(&caller, GetDogRequest { dog_id }).await?;
    Ok(([(header::CACHE_CONTROL, caller.may_keep(KEEP_DOG))], Json(dog.into())))
}

/// How a photo is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PhotoParams {
    /// Longest side of the picture in pixels; 1024 if absent. A photo is never enlarged.
    #[param(minimum = 64, maximum = 2048)]
    size: Option<u32>,
    /// The whole photo, or a square around the face, turned so that the eyes are level.
    #[serde(default)]
    #[param(inline)]
    view: View,
}

/// What of a photo is wanted.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum View {
    /// All of it.
    #[default]
    Whole,
    /// The face.
    Face,
}

/// Returns the photo of a dog as JPEG without metadata.
#[utoipa::path(get, path = "/api/v1/dogs/{dogId}/photo", tag = "dogs",
    params(("dogId" = String, Path, description = "Id of the dog, as answers name it"), PhotoParams),
    responses(
        (status = 200, description = "The photo", content_type = "image/jpeg", body = String,
            headers(("etag" = String), ("x-photo-scale" = f64, description = "Pixels of the picture for one pixel of the upright photo"))),
        (status = 304, description = "The caller has it already"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn photo(
    State(engines): State<Arc<Engines>>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    params: Result<Query<PhotoParams>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (dog_id, Query(params)) = (checked(id)?, params?);
    if let Some(size) = params.size.filter(|size| !SIZES.contains(size)) {
        let (least, most) = (SIZES.start(), SIZES.end());
        return Err(Problem::field(format!("size is {size}; ask for {least} to {most} pixels")));
    }
    let view = match params.view {
        View::Whole => PhotoView::Whole,
        View::Face => PhotoView::Face,
    };
    let request = GetDogPhotoRequest {
        dog_id,
        size: params.size.unwrap_or_default(),
        view: view.into(),
        if_none_match: known_tag(&headers).unwrap_or_default().to_owned(),
    };
    let photo = engines.dog_photo(&caller, request).await?;
    Ok(picture(photo, caller.may_keep(KEEP_PHOTO)))
}

fn picture(photo: DogPhoto, keep: HeaderValue) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, keep);
    // Pages of other origins may show it.
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    let tag = HeaderValue::try_from(format!("\"{}\"", photo.entity_tag.trim_matches('"')));
    if let (Ok(tag), false) = (tag, photo.entity_tag.is_empty()) {
        headers.insert(header::ETAG, tag);
    }
    if photo.jpeg.is_empty() {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    if let Ok(scale) = HeaderValue::try_from(photo.scale.to_string()) {
        headers.insert(SCALE, scale);
    }
    (headers, photo.jpeg).into_response()
}

/// The first entity tag that the caller has.
fn known_tag(headers: &HeaderMap) -> Option<&str> {
    let tags = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let first = tags.split(',').next()?.trim();
    Some(first.strip_prefix("W/").unwrap_or(first).trim_matches('"')).filter(|tag| *tag != "*")
}

fn checked(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let Path(id) = id?;
    if id.len() > MAX_DOG_ID_BYTES {
        let detail = format!(
            "the id of the dog has {} bytes, more than the limit of {MAX_DOG_ID_BYTES}; send it as \
             answers name it",
            id.len()
        );
        return Err(Problem::new(Reason::DogIdTooLong, detail));
    }
    Ok(id)
}
