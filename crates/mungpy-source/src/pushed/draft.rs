//! A dog as a caller pushes it, and the check of every field.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use mungpy_core::temperament::Questionnaire;
use url::Url;

use super::{PushError, Violation};
use crate::{
    attributes, details,
    listing::{Fault, MAX_ID_BYTES},
    web::{self, WebClient},
};

/// Most photos of a pushed dog.
pub const MAX_PUSHED_PHOTOS: usize = 10;

/// A photo as a caller pushes it.
#[derive(Debug, Clone, Copy)]
pub enum DraftPhoto<'a> {
    /// The bytes of a file, and how the names of such files end.
    Content {
        /// The bytes.
        bytes: &'a [u8],
        /// `jpg`, `png` or `webp`.
        ending: &'static str,
    },
    /// An address to fetch it from.
    Url(&'a str),
    /// Neither of both.
    Missing,
}

/// A dog as a caller pushes it. Nothing of it is checked.
#[derive(Debug, Clone, Default)]
pub struct PushDraft<'a> {
    /// Id of the dog.
    pub dog_id: &'a str,
    /// Id of its photo; if empty, the id of the dog.
    pub image_id: &'a str,
    /// Its photos.
    pub photos: Vec<DraftPhoto<'a>>,
    /// Axis key to side key or Korean word.
    pub traits: BTreeMap<String, String>,
    /// What people should know who want to adopt it.
    pub attributes: BTreeMap<String, String>,
    /// RFC 3339, or empty.
    pub expires_at: &'a str,
}

/// A photo of a pushed dog.
#[derive(Debug, Clone)]
pub(super) enum PushedPhoto<'a> {
    Content { bytes: &'a [u8], ending: &'static str },
    Url(Url),
}

/// A dog that keeps every rule of the contract.
#[derive(Debug, Clone)]
pub struct PushedDog<'a> {
    pub(super) dog_id: &'a str,
    pub(super) image_id: &'a str,
    pub(super) photos: Vec<PushedPhoto<'a>>,
    pub(super) traits: BTreeMap<String, String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl<'a> PushedDog<'a> {
    /// Checks each field. `client` tells which addresses may be asked.
    ///
    /// # Errors
    /// All rules that the dog breaks.
    pub fn new(
        draft: PushDraft<'a>,
        questionnaire: &Questionnaire,
        client: &WebClient,
    ) -> Result<Self, PushError> {
        let mut violations = Violations::default();
        violations.check_ids(draft.dog_id, draft.image_id);
        let photos = violations.photos(&draft.photos, client);
        let mut faults = Vec::new();
        let traits = details::known_traits("", draft.traits, questionnaire, &mut faults);
        violations.take("traits", &mut faults);
        let attributes = attributes::cleaned("", draft.attributes, &mut faults);
        violations.take("attributes", &mut faults);
        let expires_at = violations.expires_at(draft.expires_at);
        if !violations.0.is_empty() {
            return Err(PushError::Invalid { violations: violations.0 });
        }
        let image_id = if draft.image_id.is_empty() { draft.dog_id } else { draft.image_id };
        Ok(Self { dog_id: draft.dog_id, image_id, photos, traits, attributes, expires_at })
    }
}

#[derive(Default)]
struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        self.0.push(Violation { field: field.into(), description: description.into() });
    }

    /// Whatever a source would leave out is refused here, because somebody waits for the answer.
    fn take(&mut self, field: &str, faults: &mut Vec<Fault>) {
        for fault in faults.drain(..) {
            self.add(field, fault.message);
        }
    }

    fn check_ids(&mut self, dog_id: &str, image_id: &str) {
        if let Some(fault) = Fault::of_id(dog_id) {
            self.add("dog_id", fault.message);
        } else if dog_id.trim() != dog_id {
            self.add("dog_id", "the id begins or ends with a space; take it away");
        }
        let bytes = image_id.len();
        if bytes > MAX_ID_BYTES || image_id.contains(char::is_control) {
            let description = format!(
                "the id has control characters or {bytes} bytes; at most {MAX_ID_BYTES} are taken"
            );
            self.add("image_id", description);
        }
    }

    fn photos<'a>(
        &mut self,
        drafts: &[DraftPhoto<'a>],
        client: &WebClient,
    ) -> Vec<PushedPhoto<'a>> {
        let count = drafts.len();
        if !(1..=MAX_PUSHED_PHOTOS).contains(&count) {
            let description = format!("the dog has {count} photos; push 1 to {MAX_PUSHED_PHOTOS}");
            self.add("photos", description);
            return Vec::new();
        }
        let mut photos = Vec::with_capacity(count);
        for (index, draft) in drafts.iter().enumerate() {
            match *draft {
                DraftPhoto::Content { bytes, ending } => {
                    photos.push(PushedPhoto::Content { bytes, ending });
                }
                DraftPhoto::Missing => {
                    self.add(format!("photos[{index}]"), "it has neither content nor url");
                }
                DraftPhoto::Url(raw) => {
                    let checked = web::parse_address(raw)
                        .and_then(|url| client.check_address(&url).map(|()| url));
                    match checked {
                        Ok(url) => photos.push(PushedPhoto::Url(url)),
                        Err(error) => {
                            self.add(format!("photos[{index}].url"), error.to_string());
                        }
                    }
                }
            }
        }
        photos
    }

    fn expires_at(&mut self, text: &str) -> Option<DateTime<Utc>> {
        if text.is_empty() {
            return None;
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) if time.to_utc() <= Utc::now() => {
                self.add("expires_at", "the time has passed; such a dog need not be pushed");
                None
            }
            Ok(time) => Some(time.to_utc()),
            Err(error) => {
                self.add("expires_at", format!("it is no time of RFC 3339: {error}"));
                None
            }
        }
    }
}
