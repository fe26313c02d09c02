//! A folder of photos as a source of dogs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mungpy_core::reason::Reason;

use crate::{
    SourceError,
    details::{self, Details},
    listing::{DogSource, Fault, ListRequest, ListedDog, ListedPhoto, Listing, PhotoPlace},
};

/// A folder of photos: `<dog id>.<ext>` or `<dog id>/<any name>.<ext>`, with
/// traits in `dogs.csv` or `dogs.jsonl`.
#[derive(Debug, Clone)]
pub struct FolderSource {
    root: PathBuf,
}

impl FolderSource {
    /// Creates a source that reads this folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn add(
        &self,
        path: &Path,
        photos: Vec<PathBuf>,
        dogs: &mut BTreeMap<String, ListedDog>,
        faults: &mut Vec<Fault>,
    ) {
        let dog_id = match id_of(path) {
            Ok(dog_id) => dog_id,
            Err(fault) => return faults.push(fault),
        };
        if let Some(first) = dogs.get(dog_id) {
            let first = &first.photos[0].image_id;
            faults.push(Fault {
                dog_id: dog_id.to_owned(),
                reason: Reason::DuplicateDogId,
                message: format!("{} has the same id as {first}, which is kept", path.display()),
            });
            return;
        }
        let listed = |path: PathBuf| ListedPhoto {
            image_id: path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned(),
            place: PhotoPlace::File(path),
        };
        let photos = photos.into_iter().map(listed).collect();
        let dog = ListedDog { dog_id: dog_id.to_owned(), photos, ..ListedDog::default() };
        dogs.insert(dog_id.to_owned(), dog);
    }
}

impl DogSource for FolderSource {
    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let mut listing = Listing::default();
        let mut dogs: BTreeMap<String, ListedDog> = BTreeMap::new();
        for path in sorted_entries(&self.root)?.into_iter().filter(|path| is_visible(path)) {
            match photos_of(&path) {
                Ok(photos) if photos.is_empty() => {}
                Ok(photos) => self.add(&path, photos, &mut dogs, &mut listing.faults),
                Err(error) => pass_over(&path, &error, &mut listing),
            }
        }
        // A photo of the same name stands for the dog.
        listing.unlisted.retain(|dog_id| !dogs.contains_key(dog_id));
        let details = details::read(&self.root, request.questionnaire, &mut listing.faults)?;
        add_details(details, &mut dogs, &mut listing);
        listing.dogs = dogs.into_values().collect();
        Ok(listing)
    }
}

/// The photos that a folder of a dog holds, or the only photo of a dog; none of anything else.
fn photos_of(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => photos_in(path),
        Err(source) if !is_image(path) => {
            Err(SourceError::Unreadable { path: path.to_owned(), source })
        }
        _ => Ok(only_photo(path)),
    }
}

/// Id of the dog that a photo or a folder of photos is named after.
fn id_of(path: &Path) -> Result<&str, Fault> {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let dog_id = name.and_then(|name| name.to_str()).ok_or_else(|| Fault {
        dog_id: path.display().to_string(),
        reason: Reason::DogIdInvalid,
        message: "the name is not UTF-8, so it cannot be an id; rename it".to_owned(),
    })?;
    Fault::of_id(dog_id).map_or(Ok(dog_id), Err)
}

/// Goes on after a folder of one dog that cannot be listed.
fn pass_over(path: &Path, error: &SourceError, listing: &mut Listing) {
    let dog_id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (reason, message) = (Reason::PhotoUnreadable, error.to_string());
    listing.faults.push(Fault { dog_id: dog_id.clone(), reason, message });
    listing.unlisted.insert(dog_id);
}

fn add_details(
    details: Vec<Details>,
    dogs: &mut BTreeMap<String, ListedDog>,
    listing: &mut Listing,
) {
    for detail in details {
        if let Some(dog) = dogs.get_mut(&detail.dog_id) {
            dog.image_id = detail.image_id;
            dog.traits = detail.traits;
        } else if !listing.unlisted.contains(&detail.dog_id) {
            listing.faults.push(Fault {
                dog_id: detail.dog_id,
                reason: Reason::DogWithoutPhoto,
                message: "the dog is listed with traits and has no photo".to_owned(),
            });
        }
    }
}

/// Extensions of image files. The decoder decides which of them it can read, so a HEIC file is
/// reported rather than silently skipped.
const IMAGES: [&str; 11] =
    ["jpg", "jpeg", "jpe", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tiff"];

fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    is_visible(path) && extension.is_some_and(|extension| IMAGES.contains(&extension.as_str()))
}

/// Hidden files and folders are other programs' own, such as `.git`.
fn is_visible(path: &Path) -> bool {
    path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// The image files of a folder, sorted by name.
pub fn photos_in(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    Ok(sorted_entries(folder)?.into_iter().filter(|path| is_image(path)).collect())
}

fn only_photo(path: &Path) -> Vec<PathBuf> {
    if is_image(path) { vec![path.to_owned()] } else { Vec::new() }
}

/// Files and folders in a folder, sorted by name.
pub fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let unreadable = |source| SourceError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    Ok(paths)
}
