//! Where the photos of a manifest may lie.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use mungpy_core::{
    reason::{Reason, WithReason},
    text::excerpt,
};
use url::Url;

use crate::{
    listing::{ListedPhoto, PhotoPlace},
    web,
};

/// What the photos of a manifest are relative to.
#[derive(Debug, Clone)]
pub(super) enum Base {
    /// The manifest's folder, without symbolic links. Photos lie below it or on the web.
    Folder(PathBuf),
    /// The manifest's address. Photos lie on the web.
    Web(Url),
}

/// Why a photo cannot be used.
pub(super) type Refusal = (Reason, String);

impl Base {
    /// The photo that a manifest names.
    pub(super) fn photo(&self, named: &str) -> Result<ListedPhoto, Refusal> {
        let named = named.trim();
        match self {
            Self::Folder(folder) if !named.contains("://") => file(folder, named),
            Self::Folder(_) => address(web::parse_address(named)),
            Self::Web(base) => address(web::resolve_address(base, named)),
        }
    }
}

fn address(parsed: Result<Url, web::WebError>) -> Result<ListedPhoto, Refusal> {
    let url = parsed.map_err(|error| (error.reason(), error.to_string()))?;
    // A signature in the query is no part of what a photo is called.
    Ok(ListedPhoto { image_id: web::bare(&url), place: PhotoPlace::Url(url) })
}

/// A file below a folder, wherever symbolic links lead.
fn file(folder: &Path, named: &str) -> Result<ListedPhoto, Refusal> {
    let shown = excerpt(named);
    let refused = |detail: &str| (Reason::PhotoUnreadable, format!("photo {shown:?} {detail}"));
    let below: PathBuf =
        Path::new(named).components().filter(|part| *part != Component::CurDir).collect();
    let is_below = below.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below || below.as_os_str().is_empty() || named.contains(char::is_control) {
        return Err(refused("is no path below the manifest's folder"));
    }
    let path = folder.join(&below).canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => refused("does not exist"),
        _ => refused(&format!("cannot be read: {error}")),
    })?;
    if !path.starts_with(folder) {
        return Err(refused("leads out of the manifest's folder"));
    }
    let image_id = below.to_string_lossy().into_owned();
    Ok(ListedPhoto { image_id, place: PhotoPlace::File(path) })
}
