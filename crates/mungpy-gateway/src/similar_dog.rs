//! `POST /api/v1/similar-dog`.

use axum::{
    Extension, Json,
    extract::{
        Multipart, State,
        multipart::{Field, MultipartRejection},
    },
};
use mungpy_core::reason::Reason;
use mungpy_proto::{limits::MAX_IMAGE_ID_BYTES, v1::MatchRequest};
use mungpy_transport::Charge;
use serde::Serialize;

use super::{Engine, problem::Problem, within};

/// The response: the image id of the most similar dog.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SimilarDog {
    dog_image_id: String,
}

/// Takes a form with `imageId` and `image` (JPEG or PNG) and returns the most similar dog.
pub(super) async fn similar_dog(
    State(mut engine): State<Engine>,
    Extension(charge): Extension<Charge>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<SimilarDog>, Problem> {
    let form =
        form.map_err(|rejection| Problem::new(Reason::FormExpected, rejection.body_text()))?;
    let request = read_form(form).await?;
    // The photo is copied once more on its way to the engine.
    charge.add(request.photos[0].len())?;
    let response = engine.matching.r#match(within(request)).await?.into_inner();
    Ok(Json(SimilarDog { dog_image_id: response.dog_image_id }))
}

/// Reads the field of the id as far as it may be long.
async fn read_id(mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_IMAGE_ID_BYTES {
            let detail = format!(
                "imageId has more bytes than the limit of {MAX_IMAGE_ID_BYTES}; send a shorter one"
            );
            return Err(Problem::new(Reason::ImageIdTooLong, detail));
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| Problem::new(Reason::FormMalformed, "imageId is not UTF-8; encode it so"))
}

async fn read_form(mut form: Multipart) -> Result<MatchRequest, Problem> {
    let (mut image_id, mut image) = (None, None);
    while let Some(field) = form.next_field().await? {
        let seen_before = match field.name() {
            Some("imageId") => image_id.replace(read_id(field).await?).is_some(),
            Some("image") => image.replace(field.bytes().await?).is_some(),
            _ => false,
        };
        if seen_before {
            let detail = "imageId and image must each stand in the form once";
            return Err(Problem::new(Reason::FieldRepeated, detail));
        }
    }
    let missing = |name: &str| {
        let detail = format!("the form has no field {name}; send imageId and image");
        Problem::new(Reason::FieldMissing, detail)
    };
    Ok(MatchRequest {
        image_id: image_id.ok_or_else(|| missing("imageId"))?,
        photos: vec![image.ok_or_else(|| missing("image"))?],
        ..MatchRequest::default()
    })
}
