//! Dogs that callers push and delete.

use mungpy_core::{
    reason::{Reason, WithReason},
    temperament::Questionnaire,
};
use mungpy_proto::{
    limits::{MAX_DELETIONS, MAX_DOG_ID_BYTES},
    v1::{
        DeleteDogsRequest, DeleteDogsResponse, RefusedDog, UpsertDogsRequest, pushed_photo::Kind,
    },
};
use mungpy_source::pushed::{DraftPhoto, PushDraft, PushError, PushedDog, PushedSource};
use prost::Message;
use tonic::Status;

use super::Upkeep;
use crate::{
    matching::Snapshot,
    photo::{Format, Header},
    service::status::{invalid, of_field, status},
};

fn refusal(error: PushError) -> Status {
    match error {
        PushError::Invalid { violations } => {
            let message = PushError::Invalid { violations: violations.clone() };
            let fields = violations.into_iter().map(|v| (v.field, v.description));
            invalid(Reason::PushInvalid, message, fields)
        }
        PushError::Io { .. } => {
            tracing::error!(%error, "a pushed dog was not written");
            // The message names files of the server.
            status(error.reason(), error.reason().entry().meaning)
        }
        error => status(error.reason(), error),
    }
}

/// The dogs of a call so far. Says in the log how many there were, even if the caller hangs up or the
/// deadline cuts the call short: what was accepted is kept, and so is the dog that is being written.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    pub(super) refused: u64,
}

impl Drop for Tally {
    fn drop(&mut self) {
        let Self { accepted, refused } = *self;
        tracing::info!(accepted, refused, "dogs were pushed");
    }
}

/// Checks a dog and keeps it. It reads and writes files.
pub(super) fn put(
    upkeep: &Upkeep,
    questionnaire: &Questionnaire,
    snapshot: Option<&Snapshot>,
    request: &UpsertDogsRequest,
) -> Result<(), Status> {
    let mut photos = Vec::new();
    for (number, photo) in request.photos.iter().enumerate() {
        photos.push(match &photo.kind {
            None => DraftPhoto::Missing,
            Some(Kind::Url(url)) => DraftPhoto::Url(url),
            Some(Kind::Content(bytes)) => {
                let field = format!("photos[{number}].content");
                let header = Header::read(bytes).map_err(|error| {
                    of_field(error.reason(), &field, format!("{field}: {error}"))
                })?;
                DraftPhoto::Content { bytes, ending: ending_of(header.format) }
            }
        });
    }
    let draft = PushDraft {
        dog_id: &request.dog_id,
        image_id: &request.image_id,
        photos,
        traits: request.traits.clone(),
        attributes: request.attributes.clone(),
        expires_at: &request.expires_at,
    };
    let dog = PushedDog::new(draft, questionnaire, &upkeep.web).map_err(refusal)?;
    check_owner(snapshot, &request.dog_id)?;
    upkeep.pushed.put(&dog).map_err(refusal)
}

/// Refuses the id of a dog that another source lists: that source would win in the batch.
fn check_owner(snapshot: Option<&Snapshot>, dog_id: &str) -> Result<(), Status> {
    let known = snapshot.and_then(|snapshot| Some((snapshot, snapshot.number_of(dog_id)?)));
    let Some((snapshot, number)) = known else { return Ok(()) };
    let source = &snapshot.dog(number).source;
    if **source == *PushedSource::NAME {
        return Ok(());
    }
    let text = format!("the source {source} lists a dog of this id; give the dog another id");
    Err(invalid(Reason::PushInvalid, format!("dog_id: {text}"), [("dog_id".to_owned(), text)]))
}

fn ending_of(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "jpg",
        Format::Png => "png",
        Format::WebP => "webp",
    }
}

/// A refused dog, and why.
pub(super) fn refused(dog_id: &str, status: &Status) -> RefusedDog {
    let mut end = dog_id.len().min(MAX_DOG_ID_BYTES);
    while !dog_id.is_char_boundary(end) {
        end -= 1;
    }
    // The details of a status are the whole status once more, as the protocol has it.
    let whole = tonic_types::Status::decode(status.details()).ok();
    RefusedDog { dog_id: dog_id[..end].to_owned(), status: whole }
}

/// Deletes dogs. It writes files.
pub(super) fn delete(
    upkeep: &Upkeep,
    request: DeleteDogsRequest,
) -> Result<DeleteDogsResponse, Status> {
    let count = request.dog_ids.len();
    let longest = request.dog_ids.iter().map(String::len).max().unwrap_or(0);
    if count > MAX_DELETIONS || longest > MAX_DOG_ID_BYTES {
        let text = format!(
            "{count} ids of up to {longest} bytes; send at most {MAX_DELETIONS} of {MAX_DOG_ID_BYTES}"
        );
        let message = format!("dog_ids: {text}");
        return Err(invalid(Reason::PushInvalid, message, [("dog_ids".to_owned(), text)]));
    }
    let mut response = DeleteDogsResponse::default();
    for dog_id in request.dog_ids {
        let is_deleted = upkeep.pushed.delete(&dog_id).map_err(refusal)?;
        let list = if is_deleted { &mut response.deleted } else { &mut response.unknown };
        list.push(dog_id);
    }
    Ok(response)
}
