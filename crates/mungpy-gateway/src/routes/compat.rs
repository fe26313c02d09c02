//! `POST /dog`: the form of the system before this one, so that its web client changes one address.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{HeaderMap, Uri, header, uri::Authority},
};
use mungpy_proto::v1::MatchRequest;
use mungpy_transport::Charge;
use serde::Serialize;

use crate::{
    answers::{dog::photo_path, likeness::Match},
    caller::Caller,
    form::Form,
    problem::Problem,
    upstream::Engines,
    wishes::{Temperament, Wishes},
};

/// What shelters say of a dog, in the order in which the description says it.
const DESCRIPTION: [&str; 8] =
    ["breed", "sex", "age", "colour", "region", "shelter", "phone", "noticeEnd"];

/// A dog as the system before this one described it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundDog {
    id: String,
    name: String,
    /// Address of its photo.
    image: String,
    description: String,
    match_reason: String,
}

/// Takes a form with `image` and `personality`, a JSON list of sides.
pub(crate) async fn dog(
    State(engines): State<Arc<Engines>>,
    Extension(charge): Extension<Charge>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<FoundDog>, Problem> {
    let mut form = Form::read(form, 1).await?;
    let photo = form.photos.pop().ok_or_else(|| Form::lacks("image"))?;
    let temperament = form.text("personality").filter(|text| !text.trim().is_empty());
    let temperament = temperament.map(|text| {
        let wrong = |_| Problem::field("personality is no JSON list of words");
        serde_json::from_str::<Vec<String>>(text).map(Temperament::Sides).map_err(wrong)
    });
    charge.add(photo.len())?;
    let wishes = Wishes { temperament: temperament.transpose()?, ..Wishes::default() };
    let request = wishes.request(&engines, &caller).await?;
    let request = MatchRequest { photos: vec![photo], ..request };
    let response = engines.find_dog(&caller, request).await?;
    let best: Option<Match> = response.matches.into_iter().next().map(Into::into);
    let best = best.ok_or_else(|| Problem::engine("the matching engine names no dog"))?;
    Ok(Json(FoundDog::of(best, &origin(&caller, &uri, &headers))))
}

impl FoundDog {
    fn of(dog: Match, origin: &str) -> Self {
        let told = &dog.adoption.attributes;
        let description = told.get("note").cloned().unwrap_or_else(|| {
            let known = DESCRIPTION.iter().filter_map(|key| told.get(*key)).map(String::as_str);
            known.collect::<Vec<_>>().join(", ")
        });
        let reasons = dog.reasons.iter().map(|reason| reason.sentence.as_str());
        Self {
            name: told.get("name").unwrap_or(&dog.dog_id).clone(),
            image: format!("{origin}{}", photo_path(&dog.dog_id)),
            description,
            match_reason: reasons.collect::<Vec<_>>().join(" "),
            id: dog.dog_id,
        }
    }
}

/// The origin by which the caller knows this gateway; without a name for it, the address is
/// relative to that origin.
fn origin(caller: &Caller, uri: &Uri, headers: &HeaderMap) -> String {
    let scheme = if caller.is_encrypted { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has the host in its address.
    let host = host.or_else(|| uri.authority().map(Authority::as_str));
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}
