//! Dogs that callers push: they are kept in a folder, and are a source as all others.
//!
//! [`PushedDogs`] takes and deletes them; [`PushedSource`] lists them to the batch. Both may be used
//! by different processes at the same time.

mod draft;
mod error;
mod folder;
mod source;
mod sweep;
#[cfg(test)]
mod tests;

use std::{
    path::Path,
    sync::{Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

pub use draft::{DraftPhoto, MAX_PUSHED_PHOTOS, PushDraft, PushedDog};
pub use error::{PushError, Violation};
use folder::{Folder, RECORD};
pub use source::PushedSource;

/// How often to look for files that nobody needs.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How much may be pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushLimits {
    /// Number of dogs.
    pub dogs: u64,
    /// Bytes of all photos.
    pub bytes: u64,
}

impl Default for PushLimits {
    fn default() -> Self {
        Self { dogs: 200_000, bytes: 50 << 30 }
    }
}

/// The dogs that callers push.
#[derive(Debug)]
pub struct PushedDogs {
    folder: Folder,
    limits: PushLimits,
    usage: Mutex<Option<Usage>>,
    /// Held for writing by the sweep, and for reading by whoever adds files.
    sweeping: RwLock<()>,
}

/// How much was pushed.
#[derive(Debug, Clone, Copy)]
struct Usage {
    dogs: u64,
    bytes: u64,
    swept: Option<SystemTime>,
}

impl PushedDogs {
    /// The dogs in a folder, which need not exist yet.
    pub fn new(root: &Path, limits: PushLimits) -> Self {
        let folder = Folder::new(root);
        Self { folder, limits, usage: Mutex::default(), sweeping: RwLock::default() }
    }

    /// Adds a dog or replaces it. It is there as a whole or not at all.
    pub fn put(&self, dog: &PushedDog<'_>) -> Result<(), PushError> {
        self.folder.create()?;
        self.sweep_if_due();
        let _added = self.sweeping.read().unwrap_or_else(PoisonError::into_inner);
        let before = self.folder.record(dog.dog_id);
        self.check_room(dog, before.is_none())?;
        let bytes = self.folder.write(dog)?;
        if let Some(before) = &before {
            let after = self.folder.record(dog.dog_id);
            let kept: Vec<&str> = after.iter().flat_map(folder::Record::files).collect();
            self.folder.abandon(before.files().filter(|name| !kept.contains(name)));
        }
        self.with_usage(|usage| {
            usage.dogs += u64::from(before.is_none());
            usage.bytes += bytes;
        });
        Ok(())
    }

    /// Deletes a dog; `false` if it was never pushed or is deleted already. It leaves the catalogue
    /// with the next batch.
    pub fn delete(&self, dog_id: &str) -> Result<bool, PushError> {
        let Some(record) = self.folder.record(dog_id) else { return Ok(false) };
        self.folder.delete(dog_id)?;
        self.folder.abandon(record.files());
        self.with_usage(|usage| usage.dogs = usage.dogs.saturating_sub(1));
        Ok(true)
    }

    /// Whether a dog was pushed.
    pub fn contains(&self, dog_id: &str) -> bool {
        self.folder.record(dog_id).is_some()
    }

    /// Refuses a dog for which there is no room.
    fn check_room(&self, dog: &PushedDog<'_>, is_new: bool) -> Result<(), PushError> {
        let usage = self.with_usage(|usage| *usage);
        if is_new && usage.dogs >= self.limits.dogs {
            let (dogs, limit) = (usage.dogs, self.limits.dogs);
            return Err(PushError::TooManyDogs { dogs, limit });
        }
        let own = dog.photos.iter().map(|photo| match photo {
            draft::PushedPhoto::Content { bytes, .. } => bytes.len() as u64,
            draft::PushedPhoto::Url(_) => 0,
        });
        let (bytes, limit) = (usage.bytes + own.sum::<u64>(), self.limits.bytes);
        if bytes > limit { Err(PushError::TooManyBytes { bytes, limit }) } else { Ok(()) }
    }

    /// Changes what is known of the space that is used; it is counted first if it is not known.
    fn with_usage<R>(&self, act: impl FnOnce(&mut Usage) -> R) -> R {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        act(usage.get_or_insert_with(|| self.counted(None)))
    }

    fn counted(&self, swept: Option<SystemTime>) -> Usage {
        let dogs = folder::names(&self.folder.dogs).unwrap_or_default();
        let dogs = dogs.iter().filter(|name| name.ends_with(RECORD)).count() as u64;
        let photos = folder::names(&self.folder.photos).unwrap_or_default();
        let length = |name: &String| std::fs::metadata(self.folder.photos.join(name)).ok();
        let bytes = photos.iter().filter_map(length).map(|file| file.len()).sum();
        Usage { dogs, bytes, swept }
    }

    /// Removes what nobody needs any more, once a day.
    fn sweep_if_due(&self) {
        let now = SystemTime::now();
        let is_due = self.with_usage(|usage| {
            let age = usage.swept.map(|swept| now.duration_since(swept).unwrap_or_default());
            let is_due = age.is_none_or(|age| age >= SWEEP_EVERY);
            if is_due {
                usage.swept = Some(now);
            }
            is_due
        });
        if !is_due {
            return;
        }
        let _alone = self.sweeping.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sweep::sweep(&self.folder, now) {
            tracing::warn!(%error, "files of pushed dogs that nobody needs stay");
        }
        let counted = self.counted(Some(now));
        self.with_usage(|usage| *usage = counted);
    }
}
