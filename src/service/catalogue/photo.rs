//! Photos of dogs: read or fetched, made anew, and kept for the next caller.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use lru::LruCache;
use mungpy_core::{
    face::Landmarks,
    reason::{Reason, WithReason},
    text::hex,
};
use mungpy_proto::{
    limits::MAX_PHOTO_BYTES,
    v1::{DogPhoto, GetDogPhotoRequest, PhotoView},
};
use mungpy_source::web::{self, WebAnswer, WebClient, WebRequest};
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tonic::Status;

use super::blocking_or;
use crate::{
    catalogue::{PhotosDigest, of_file},
    files,
    matching::Dog,
    picture::{View, ViewError},
    service::status::{busy, of_field, status},
};

/// Side of a picture unless another is asked for, in pixels, and the limits.
const SIDE: u32 = 1024;
const SIDES: std::ops::RangeInclusive<u32> = 64..=2048;
/// Bytes of the pictures that are kept.
const CACHE_BYTES: usize = 64 << 20;
/// Callers that may wait for a picture.
const CALLERS: usize = 64;
/// Bytes of a digest that tell one picture from all others.
const TAG_BYTES: usize = 16;
/// Photos that are fetched at a time.
const FETCHES: usize = 8;
/// One of so many cores makes pictures, so that the others match.
const CORES: usize = 4;

/// Makes pictures of dogs, few at a time.
pub(super) struct PhotoDesk {
    web: WebClient,
    kept: Mutex<Kept>,
    callers: Semaphore,
    fetches: Semaphore,
    makers: Semaphore,
}

/// A picture that can be sent.
#[derive(Clone)]
struct Picture {
    jpeg: Bytes,
    width: u32,
    height: u32,
    scale: f64,
    entity_tag: Arc<str>,
}

/// What a picture is made of; another photo or other landmarks make another picture.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    location: Box<str>,
    /// What the file is known by; empty for an address.
    file: String,
    photos: PhotosDigest,
    enrolled_at: i64,
    side: u32,
    is_face: bool,
}

/// The pictures that were asked for last.
struct Kept {
    pictures: LruCache<Key, Picture>,
    bytes: usize,
}

impl Kept {
    fn add(&mut self, key: Key, picture: Picture) {
        self.bytes += picture.jpeg.len();
        if let Some((_, replaced)) = self.pictures.push(key, picture) {
            self.bytes -= replaced.jpeg.len();
        }
        while self.bytes > CACHE_BYTES {
            let Some((_, oldest)) = self.pictures.pop_lru() else { break };
            self.bytes -= oldest.jpeg.len();
        }
    }
}

/// What is needed of a dog once the snapshot is let go.
struct Wanted {
    key: Key,
    landmarks: Landmarks,
}

impl PhotoDesk {
    pub(super) fn new(web: WebClient) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            web,
            kept: Mutex::new(Kept { pictures: LruCache::unbounded(), bytes: 0 }),
            callers: Semaphore::new(CALLERS),
            fetches: Semaphore::new(FETCHES),
            makers: Semaphore::new((cores / CORES).max(1)),
        }
    }

    /// The picture of a dog that a request asks for.
    pub(super) async fn picture(
        self: &Arc<Self>,
        dog: &Dog,
        request: &GetDogPhotoRequest,
    ) -> Result<DogPhoto, Status> {
        let side = if request.size == 0 { SIDE } else { request.size };
        if !SIDES.contains(&side) {
            let (least, most) = (SIDES.start(), SIDES.end());
            let message = format!("size is {side} px; ask for {least} to {most}");
            return Err(of_field(Reason::SizeInvalid, "size", message));
        }
        let _caller = self
            .callers
            .try_acquire()
            .map_err(|_| busy("too many photos are asked for; try again"))?;
        let wanted = Wanted {
            key: Key {
                location: dog.photo_location.clone(),
                file: String::new(),
                photos: dog.photos_digest,
                enrolled_at: dog.enrolled_at.timestamp(),
                side,
                is_face: request.view() == PhotoView::Face,
            },
            landmarks: dog.landmarks(),
        };
        let picture = self.made(wanted).await?;
        let is_known = *request.if_none_match == *picture.entity_tag;
        Ok(DogPhoto {
            jpeg: if is_known { Bytes::new() } else { picture.jpeg },
            width: picture.width,
            height: picture.height,
            entity_tag: picture.entity_tag.to_string(),
            scale: picture.scale,
        })
    }

    /// The picture, made unless it is kept.
    async fn made(self: &Arc<Self>, mut wanted: Wanted) -> Result<Picture, Status> {
        let is_remote = is_remote(&wanted.key.location);
        if !is_remote {
            let path = wanted.key.location.clone();
            wanted.key.file =
                blocking(move || of_file(Path::new(&*path))).await?.map_err(|error| {
                    tracing::debug!(%error, "the photo of a dog cannot be read");
                    unavailable(Reason::PhotoUnreadable)
                })?;
        }
        if let Some(picture) = self.kept(&wanted.key) {
            return Ok(picture);
        }
        let bytes = if is_remote { Some(self.fetched(&wanted.key.location).await?) } else { None };
        let _turn = self.makers.acquire().await.map_err(|_| unavailable(Reason::Internal))?;
        // Another caller may have had the same wish.
        if let Some(picture) = self.kept(&wanted.key) {
            return Ok(picture);
        }
        let desk = Arc::clone(self);
        blocking(move || {
            let bytes = match bytes {
                Some(bytes) => bytes,
                None => read(&wanted.key.location)?,
            };
            let picture = make(&bytes, &wanted)?;
            desk.lock().add(wanted.key, picture.clone());
            Ok(picture)
        })
        .await?
    }

    async fn fetched(&self, location: &str) -> Result<Vec<u8>, Status> {
        let _turn = self.fetches.acquire().await.map_err(|_| unavailable(Reason::Internal))?;
        let url = web::parse_address(location).map_err(|error| unavailable(error.reason()))?;
        let web = self.web.clone();
        let request = WebRequest::get(url, MAX_PHOTO_BYTES as u64);
        match blocking(move || web.fetch(&request)).await? {
            Ok(WebAnswer::Content { bytes, .. }) => Ok(bytes),
            Ok(WebAnswer::NotModified) => Err(unavailable(Reason::PhotoUnreachable)),
            Err(error) => {
                tracing::debug!(%error, "the photo of a dog cannot be fetched");
                Err(unavailable(error.reason()))
            }
        }
    }

    fn kept(&self, key: &Key) -> Option<Picture> {
        self.lock().pictures.get(key).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_remote(location: &str) -> bool {
    location.starts_with("http://") || location.starts_with("https://")
}

fn read(location: &str) -> Result<Vec<u8>, Status> {
    files::read_photo(Path::new(location)).map_err(|error| {
        tracing::debug!(%error, "the photo of a dog cannot be read");
        unavailable(error.reason())
    })
}

fn make(bytes: &[u8], wanted: &Wanted) -> Result<Picture, Status> {
    let side = wanted.key.side as usize;
    let view = if wanted.key.is_face {
        View::face(bytes, &wanted.landmarks, side)
    } else {
        View::whole(bytes, side)
    };
    let View { jpeg, width, height, scale } = view.map_err(|error| match error {
        ViewError::Photo(error) if !error.is_fault_of_photo() => status(error.reason(), error),
        ViewError::Photo(error) => unavailable(error.reason()),
        ViewError::OtherPhoto => unavailable(Reason::PhotoUnreadable),
    })?;
    let entity_tag = hex(&Sha256::digest(&jpeg)[..TAG_BYTES]);
    Ok(Picture { jpeg: jpeg.into(), width, height, scale, entity_tag: entity_tag.into() })
}

/// What callers are told of a photo that is not there. Where it lies is the server's affair.
fn unavailable(why: Reason) -> Status {
    let meaning = why.entry().meaning;
    let message = format!("the photo of the dog cannot be shown: {meaning} [{why}]");
    status(Reason::PhotoUnavailable, message)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    blocking_or("the photo failed unexpectedly; try another one", work).await
}
