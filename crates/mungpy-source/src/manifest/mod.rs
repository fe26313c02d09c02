//! A manifest as a source of dogs: a list that any backend can write.
//!
//! It is JSON Lines, one JSON array, or CSV, and lies in a folder or on the web. Each row is one dog:
//! `dog_id`, `photos`, and optionally `image_id`, `traits`, `status`, `updated_at` and `attributes`.

mod base;
mod csv;
mod json;
mod row;

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use mungpy_core::reason::Reason;
use mungpy_core::temperament::Questionnaire;
use mungpy_runtime::files;
use url::Url;

use crate::{
    MAX_LIST_BYTES, SourceError, attributes, details,
    listing::{DogSource, Fault, ListRequest, ListedDog, ListedPhoto, Listing, MAX_ID_BYTES},
    notice,
    web::{self, WebAnswer, WebClient, WebRequest},
};
use base::Base;
use row::{BadRow, Entry, Row};

/// What `status` says of a dog that can be adopted, in lower case. Any other word takes the dog off
/// the list.
pub const ADOPTABLE: [&str; 7] =
    ["", "adoptable", "available", "notice", "protect", "공고중", "보호중"];

/// Most photos of a dog that are listed.
const MAX_PHOTOS: usize = 64;

/// Dogs listed by a manifest.
#[derive(Debug, Clone)]
pub struct ManifestSource {
    place: Place,
    client: WebClient,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Web(Url),
}

impl ManifestSource {
    /// The manifest at a path or at an http or https address, which `client` fetches.
    pub fn new(place: &str, client: WebClient) -> Result<Self, SourceError> {
        let place = if place.contains("://") {
            let url = web::parse_address(place)
                .map_err(|source| SourceError::Web { name: "manifest".to_owned(), source })?;
            Place::Web(url)
        } else {
            Place::File(PathBuf::from(place))
        };
        Ok(Self { place, client })
    }

    fn malformed(&self, detail: &str) -> SourceError {
        SourceError::Malformed { place: self.name(), detail: detail.to_owned() }
    }

    /// The manifest's bytes, and what its photos are relative to.
    fn read(&self) -> Result<(Vec<u8>, Base), SourceError> {
        match &self.place {
            Place::File(path) => read_file(path),
            Place::Web(url) => {
                let answer = self.client.fetch(&WebRequest::get(url.clone(), MAX_LIST_BYTES));
                let failed = |source| SourceError::Web { name: "manifest".to_owned(), source };
                match answer.map_err(failed)? {
                    WebAnswer::Content { bytes, .. } => Ok((bytes, Base::Web(url.clone()))),
                    WebAnswer::NotModified => {
                        Err(self.malformed("the server says that nothing changed, unasked"))
                    }
                }
            }
        }
    }
}

impl DogSource for ManifestSource {
    fn name(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Web(url) => web::place(url),
        }
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let (bytes, base) = self.read()?;
        let entries = entries(&bytes, request.questionnaire);
        let entries = entries.map_err(|detail| self.malformed(&detail))?;
        let mut collection = Collection::new(&base, request.questionnaire);
        let count = entries.len();
        for entry in entries {
            collection.add(entry);
        }
        let understood = collection.seen.len() + collection.repeated;
        match collection.listing.faults.first() {
            Some(first) if understood == 0 && count > 0 => Err(self.malformed(&format!(
                "none of its {count} rows can be used; the first: {}",
                first.message
            ))),
            _ => Ok(collection.into_listing()),
        }
    }
}

fn read_file(path: &Path) -> Result<(Vec<u8>, Base), SourceError> {
    let unreadable = |source| SourceError::Unreadable { path: path.to_owned(), source };
    let bytes = files::read(path, MAX_LIST_BYTES).map_err(unreadable)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().map_err(unreadable)?;
    Ok((bytes, Base::Folder(folder)))
}

/// The rows of a manifest, whose form its first character tells.
fn entries(bytes: &[u8], questionnaire: &Questionnaire) -> Result<Vec<Entry>, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => Err("it is empty; a list without dogs is [] or has a header".to_owned()),
        Some(b'<') => Err("it is HTML or XML and no list of dogs; check the address".to_owned()),
        Some(0 | 0xfe | 0xff) => Err("it is not UTF-8; save it as UTF-8".to_owned()),
        Some(b'{') => json::lines(bytes),
        Some(b'[') => json::array(bytes),
        Some(_) => csv::rows(bytes, questionnaire),
    }
}

/// Gathers the dogs of the rows.
struct Collection<'a> {
    base: &'a Base,
    questionnaire: &'a Questionnaire,
    dogs: BTreeMap<String, ListedDog>,
    /// Ids of the rows that are understood, listed or not.
    seen: HashSet<String>,
    repeated: usize,
    listing: Listing,
}

impl<'a> Collection<'a> {
    fn new(base: &'a Base, questionnaire: &'a Questionnaire) -> Self {
        let (dogs, seen, listing) = Default::default();
        Self { base, questionnaire, dogs, seen, repeated: 0, listing }
    }

    fn add(&mut self, entry: Entry) {
        let place = entry.place;
        match entry.row {
            Ok(row) => self.add_row(&place, row),
            Err(bad) => self.pass_over(&place, bad),
        }
    }

    /// Reports a row that is not understood. The dog itself is still listed, so it stays known.
    fn pass_over(&mut self, place: &str, BadRow { dog_id, detail }: BadRow) {
        let known = dog_id.filter(|dog_id| Fault::of_id(dog_id).is_none());
        let dog_id = known.clone().unwrap_or_else(|| place.to_owned());
        self.report(&dog_id, Reason::RowInvalid, format!("{place}: {detail}"));
        self.listing.is_incomplete |= known.is_none();
        self.listing.unlisted.extend(known);
    }

    fn report(&mut self, dog_id: &str, reason: Reason, message: String) {
        self.listing.faults.push(Fault { dog_id: dog_id.to_owned(), reason, message });
    }

    fn add_row(&mut self, place: &str, mut row: Row) {
        let dog_id = row.dog_id.trim().to_owned();
        if let Some(fault) = Fault::of_id(&dog_id) {
            let message = format!("{place}: {}", fault.message);
            let id = if dog_id.is_empty() { place } else { fault.dog_id.as_str() };
            self.listing.is_incomplete |= dog_id.is_empty();
            return self.report(id, fault.reason, message);
        }
        if self.seen.contains(&dog_id) {
            self.repeated += 1;
            let message = format!("{place}: the dog is listed twice; the first row is kept");
            return self.report(&dog_id, Reason::DuplicateDogId, message);
        }
        let status = row.status.trim();
        if !ADOPTABLE.contains(&status.to_lowercase().as_str()) {
            self.seen.insert(dog_id);
            return;
        }
        row.attributes.push(("status".to_owned(), status.to_owned()));
        if row.photos.iter().all(|photo| photo.trim().is_empty()) {
            let message = format!("{place}: the dog names no photo");
            self.listing.unlisted.insert(dog_id.clone());
            return self.report(&dog_id, Reason::DogWithoutPhoto, message);
        }
        let photos = self.photos(place, &dog_id, &row.photos);
        if photos.is_empty() {
            self.listing.unlisted.insert(dog_id);
            return;
        }
        let dog = self.dog(place, &dog_id, photos, row);
        self.seen.insert(dog_id.clone());
        self.dogs.insert(dog_id, dog);
    }

    /// The photos that can be used.
    fn photos(&mut self, place: &str, dog_id: &str, named: &[String]) -> Vec<ListedPhoto> {
        let mut photos: Vec<ListedPhoto> = Vec::new();
        let filled = || named.iter().filter(|named| !named.trim().is_empty());
        for named in filled().take(MAX_PHOTOS) {
            match self.base.photo(named) {
                Ok(photo) if photos.contains(&photo) => {}
                Ok(photo) => photos.push(photo),
                Err((reason, message)) => {
                    self.report(dog_id, reason, format!("{place}: {message}"));
                }
            }
        }
        let count = filled().count();
        if count > MAX_PHOTOS {
            let message = format!(
                "{place}: the dog has {count} photos; all after the first {MAX_PHOTOS} are left out"
            );
            self.report(dog_id, Reason::RowInvalid, message);
        }
        photos
    }

    fn dog(&mut self, place: &str, dog_id: &str, photos: Vec<ListedPhoto>, row: Row) -> ListedDog {
        for detail in row.left_out {
            self.report(dog_id, Reason::RowInvalid, format!("{place}: {detail}"));
        }
        let image_id = row.image_id.filter(|image_id| !image_id.trim().is_empty());
        let is_usable = |id: &String| id.len() <= MAX_ID_BYTES && !id.contains(char::is_control);
        if image_id.as_ref().is_some_and(|image_id| !is_usable(image_id)) {
            let message = format!(
                "{place}: the image_id has control characters or more than {MAX_ID_BYTES} bytes; \
                 it is left out"
            );
            self.report(dog_id, Reason::RowInvalid, message);
        }
        let faults = &mut self.listing.faults;
        let attributes = attributes::cleaned(dog_id, row.attributes, faults);
        let ends = attributes.get("noticeEnd").map(|text| notice::end(text));
        if ends == Some(None) {
            let message = format!("{place}: notice_end is neither a date nor a time of RFC 3339");
            let reason = Reason::RowInvalid;
            faults.push(Fault { dog_id: dog_id.to_owned(), reason, message });
        }
        ListedDog {
            dog_id: dog_id.to_owned(),
            image_id: image_id.filter(is_usable),
            photos,
            traits: details::known_traits(dog_id, row.traits, self.questionnaire, faults),
            attributes,
            expires_at: ends.flatten(),
        }
    }

    fn into_listing(mut self) -> Listing {
        // Another row of the dog was understood.
        self.listing.unlisted.retain(|dog_id| !self.seen.contains(dog_id));
        self.listing.dogs = self.dogs.into_values().collect();
        self.listing
    }
}
