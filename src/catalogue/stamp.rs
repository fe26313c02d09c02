//! What a photo is known by, so that an unchanged one is neither fetched nor measured again.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use mungpy_proto::store;
use mungpy_source::web::Validators;
use sha2::{Digest, Sha256};

use crate::photo::PhotoError;

/// SHA-256 over the digests of a dog's photos, in their order.
pub type PhotosDigest = [u8; 32];

/// What a photo is known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoStamp {
    /// Path or address.
    pub place: String,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// What the server calls this version of the photo.
    pub validators: Validators,
    /// Length, times and inode of a file; empty for an address.
    pub file: String,
}

impl PhotoStamp {
    /// Digest that stands for a photo that was refused unread.
    pub fn digest_of_refusal(error: &PhotoError) -> [u8; 32] {
        Sha256::digest(error.to_string()).into()
    }

    /// Whether the photo was refused unread for this.
    pub fn is_of_refusal(&self, error: &PhotoError) -> bool {
        self.sha256 == Self::digest_of_refusal(error)
    }

    /// Restores a stamp; `None` if this version does not understand it.
    pub(super) fn from_message(stamp: store::PhotoStamp) -> Option<Self> {
        let given = |text: String| (!text.is_empty()).then_some(text);
        Some(Self {
            place: stamp.place,
            sha256: digest(&stamp.sha256)?,
            validators: Validators {
                etag: given(stamp.etag),
                last_modified: given(stamp.last_modified),
            },
            file: stamp.file,
        })
    }
}

impl From<&PhotoStamp> for store::PhotoStamp {
    fn from(stamp: &PhotoStamp) -> Self {
        Self {
            place: stamp.place.clone(),
            sha256: stamp.sha256.to_vec(),
            etag: stamp.validators.etag.clone().unwrap_or_default(),
            last_modified: stamp.validators.last_modified.clone().unwrap_or_default(),
            file: stamp.file.clone(),
        }
    }
}

/// Digest of all photos of a dog.
pub fn digest_of(photos: &[PhotoStamp]) -> PhotosDigest {
    let mut hasher = Sha256::new();
    for photo in photos {
        hasher.update(photo.sha256);
    }
    hasher.finalize().into()
}

/// What a file is known by without reading it: length, times of the last change of content and
/// rights, device and inode.
///
/// # Errors
/// The file cannot be asked.
pub fn of_file(path: &Path) -> io::Result<String> {
    let file = fs::metadata(path)?;
    Ok(format!(
        "{} {}.{} {}.{} {}:{}",
        file.len(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
        file.dev(),
        file.ino()
    ))
}

pub(super) fn digest(bytes: &[u8]) -> Option<[u8; 32]> {
    bytes.try_into().ok()
}
