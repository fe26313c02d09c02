//! The forms that callers send.

use axum::extract::{
    Multipart,
    multipart::{Field, MultipartRejection},
};
use bytes::{Bytes, BytesMut};
use mungpy_core::{reason::Reason, text::excerpt};
use mungpy_proto::limits::{
    MAX_DOG_ID_BYTES, MAX_EXCLUSIONS, MAX_IMAGE_ID_BYTES, MAX_PHOTO_BYTES, MAX_PHOTOS,
    MAX_REQUEST_BYTES,
};

use super::{language::Language, problem::Problem};

/// Largest form, in bytes: the photos, a list of all dogs that may be excluded, and the rest.
pub(crate) const MAX_FORM: usize = MAX_REQUEST_BYTES + MAX_EXCLUSIONS * 64;
/// Largest number of fields of a form, also of those that nobody reads.
const MAX_FIELDS: usize = 256;
/// Longest text field unless another limit is named, in bytes.
const MAX_TEXT: usize = 16 * 1024;

/// A field that a form may have.
struct Known {
    name: &'static str,
    /// Longest value, in bytes.
    longest: usize,
    may_repeat: bool,
}

const fn once(name: &'static str) -> Known {
    Known { name, longest: MAX_TEXT, may_repeat: false }
}

/// The fields of text that mean something; others are passed over.
const TEXTS: [Known; 11] = [
    Known { longest: MAX_IMAGE_ID_BYTES, ..once("imageId") },
    once("temperament"),
    once("personality"),
    once("region"),
    once("attributes"),
    once("top"),
    Known {
        longest: MAX_EXCLUSIONS * MAX_DOG_ID_BYTES / 16,
        may_repeat: true,
        ..once("excludeDogIds")
    },
    once("detail"),
    once("onNoCandidate"),
    once("face"),
    once("lang"),
];

/// A form that was read.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The parts `image`, in their order.
    pub(crate) photos: Vec<Bytes>,
    texts: Vec<(&'static str, String)>,
}

impl Form {
    /// Reads a form with at most so many photos. Fields that nobody knows are passed over.
    pub(crate) async fn read(
        form: Result<Multipart, MultipartRejection>,
        most_photos: usize,
    ) -> Result<Self, Problem> {
        let mut parts =
            form.map_err(|rejection| Problem::new(Reason::FormExpected, rejection.body_text()))?;
        let (mut form, mut fields) = (Self::default(), 0);
        while let Some(field) = parts.next_field().await? {
            fields += 1;
            if fields > MAX_FIELDS {
                let detail =
                    format!("the form has more fields than the limit of {MAX_FIELDS}; send fewer");
                return Err(Problem::new(Reason::RequestTooLarge, detail));
            }
            form.take(field, most_photos).await?;
        }
        Ok(form)
    }

    async fn take(&mut self, field: Field<'_>, most_photos: usize) -> Result<(), Problem> {
        let Some(name) = field.name().map(str::to_owned) else { return Ok(()) };
        if name == "image" {
            if self.photos.len() == most_photos {
                return Err(too_many_photos(most_photos));
            }
            self.photos.push(read_photo(field).await?);
            return Ok(());
        }
        let Some(known) = TEXTS.iter().find(|known| known.name == name) else { return Ok(()) };
        if !known.may_repeat && self.text(known.name).is_some() {
            let detail = format!("{name} stands in the form twice; send it once");
            return Err(Problem::new(Reason::FieldRepeated, detail));
        }
        self.texts.push((known.name, read_text(field, known).await?));
        Ok(())
    }

    /// The value of a field, if the form has it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// The values of a field that may be repeated.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(move |(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    /// The language that the form asks for.
    pub(crate) fn language(&self) -> Result<Option<Language>, Problem> {
        self.text("lang").filter(|tag| !tag.is_empty()).map(Language::asked).transpose()
    }

    /// Bytes of all photos.
    pub(crate) fn photo_bytes(&self) -> usize {
        self.photos.iter().map(Bytes::len).sum()
    }

    /// The problem of a form without a field that it must have.
    pub(crate) fn lacks(name: &str) -> Problem {
        Problem::new(Reason::FieldMissing, format!("the form has no field {name}; send it"))
    }
}

fn too_many_photos(most: usize) -> Problem {
    let (reason, advice) = if most == 1 {
        (Reason::FieldRepeated, "send one")
    } else {
        (Reason::TooManyPhotos, "send fewer")
    };
    debug_assert!(most <= MAX_PHOTOS);
    Problem::new(reason, format!("the form has more photos than the limit of {most}; {advice}"))
}

async fn read_photo(field: Field<'_>) -> Result<Bytes, Problem> {
    match read(field, MAX_PHOTO_BYTES).await? {
        Some(bytes) => Ok(bytes),
        None => Err(Problem::new(
            Reason::PhotoTooManyBytes,
            format!("the photo has more than {MAX_PHOTO_BYTES} bytes; send a smaller photo"),
        )),
    }
}

async fn read_text(field: Field<'_>, known: &Known) -> Result<String, Problem> {
    let (name, limit) = (known.name, known.longest);
    let Some(bytes) = read(field, limit).await? else {
        let reason =
            if name == "imageId" { Reason::ImageIdTooLong } else { Reason::RequestTooLarge };
        let detail = format!("{name} has more bytes than the limit of {limit}; send a shorter one");
        return Err(Problem::new(reason, detail));
    };
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        Problem::new(Reason::FormMalformed, format!("{} is not UTF-8; encode it so", excerpt(name)))
    })
}

/// The content of a field, or nothing if it is longer than the limit. It is read no further.
async fn read(mut field: Field<'_>, limit: usize) -> Result<Option<Bytes>, Problem> {
    let mut content = BytesMut::new();
    while let Some(chunk) = field.chunk().await? {
        if content.len() + chunk.len() > limit {
            return Ok(None);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Some(content.freeze()))
}
