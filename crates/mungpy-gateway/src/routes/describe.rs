//! `POST /api/v1/describe`: which faces a photo shows and what would make it better.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use mungpy_proto::v1::DescribeRequest;
use mungpy_transport::Charge;
use utoipa::ToSchema;

use crate::{
    answers::face::Description, caller::Caller, form::Form, language::Language, problem::Problem,
    upstream::Engines,
};

/// A photo to be described.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct DescribeForm {
    /// JPEG, PNG or WebP, at most 10 MiB.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image: Vec<u8>,
    /// Language of the sentences; wins over `Accept-Language`.
    #[schema(required = false)]
    lang: Language,
}

/// Tells which faces a photo shows and what would make it better. No dog is searched, and nothing of
/// the photo is kept.
#[utoipa::path(post, path = "/api/v1/describe", tag = "similar dogs",
    request_body(content = DescribeForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What the photo shows", body = Description),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn describe(
    State(engines): State<Arc<Engines>>,
    Extension(charge): Extension<Charge>,
    mut caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Description>, Problem> {
    let mut form = Form::read(form, 1).await?;
    caller.language = form.language()?.unwrap_or(caller.language);
    let photo = form.photos.pop().ok_or_else(|| Form::lacks("image"))?;
    // The photo is copied once more on its way to the engine.
    charge.add(photo.len())?;
    let request = DescribeRequest { photo, language: caller.language.tag().to_owned() };
    Ok(Json(engines.describe(&caller, request).await?.into()))
}
