//! `POST /api/v1/similar-dog`.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use mungpy_core::reason::Reason;
use mungpy_proto::v1::MatchRequest;
use serde::Serialize;

use super::{Engine, problem::Problem};

/// The response: the image id of the most similar dog.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SimilarDog {
    dog_image_id: String,
}

/// Takes a form with `imageId` and `image` (JPEG or PNG) and returns the most similar dog.
pub(super) async fn similar_dog(
    State(mut engine): State<Engine>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<SimilarDog>, Problem> {
    let form =
        form.map_err(|rejection| Problem::new(Reason::FormExpected, rejection.body_text()))?;
    let request = read_form(form).await?;
    let response = engine.matching.r#match(request).await?.into_inner();
    Ok(Json(SimilarDog { dog_image_id: response.dog_image_id }))
}

async fn read_form(mut form: Multipart) -> Result<MatchRequest, Problem> {
    let (mut image_id, mut image) = (None, None);
    while let Some(field) = form.next_field().await? {
        let seen_before = match field.name() {
            Some("imageId") => image_id.replace(field.text().await?).is_some(),
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
