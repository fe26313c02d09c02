//! `dogs.csv` and `dogs.jsonl`: image ids and traits of the dogs in a folder.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::Path,
};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::temperament::Questionnaire;
use mungpy_runtime::files;
use serde::Deserialize;

use crate::{MAX_LIST_BYTES, SourceError, listing::Fault};

/// What the files say about one dog.
pub(super) struct Details {
    pub(super) dog_id: String,
    pub(super) image_id: Option<String>,
    pub(super) traits: BTreeMap<String, String>,
}

/// Reads whichever of the two files exist. Invalid values and repeated dogs go to `faults`.
pub(super) fn read(
    root: &Path,
    questionnaire: &Questionnaire,
    faults: &mut Vec<Fault>,
) -> Result<Vec<Details>, SourceError> {
    let mut all = from_csv(&root.join("dogs.csv"), questionnaire)?;
    all.extend(from_jsonl(&root.join("dogs.jsonl"))?);
    let mut seen = HashSet::new();
    all.retain(|details| {
        let first = seen.insert(details.dog_id.clone());
        if !first {
            faults.push(Fault {
                dog_id: details.dog_id.clone(),
                reason: Reason::DuplicateDogId,
                message: "the dog's traits are listed twice; the first are kept".to_owned(),
            });
        }
        first
    });
    for details in &mut all {
        let given = std::mem::take(&mut details.traits);
        details.traits = known_traits(&details.dog_id, given, questionnaire, faults);
    }
    Ok(all)
}

/// The traits that the questionnaire defines, under its keys. Empty ones are dropped, invalid ones
/// go to `faults`.
pub(super) fn known_traits(
    dog_id: &str,
    given: BTreeMap<String, String>,
    questionnaire: &Questionnaire,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for (axis, side) in given.into_iter().filter(|(_, side)| !side.trim().is_empty()) {
        match questionnaire.canonical(&axis, &side) {
            Ok((axis, side)) => {
                known.insert(axis.to_owned(), side.to_owned());
            }
            Err(error) => faults.push(Fault {
                dog_id: dog_id.to_owned(),
                reason: error.reason(),
                message: format!("{error}; this trait is left out"),
            }),
        }
    }
    known
}

/// The text of a file; `None` if the file does not exist.
fn text_of(path: &Path) -> Result<Option<String>, SourceError> {
    match files::read_text(path, MAX_LIST_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(malformed(path, &error)),
        Err(source) => Err(SourceError::Unreadable { path: path.to_owned(), source }),
    }
}

/// The text without its byte order mark.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

fn malformed(path: &Path, detail: &dyn ToString) -> SourceError {
    SourceError::Malformed { place: path.display().to_string(), detail: detail.to_string() }
}

/// Reads columns `dogId`, optional `imageId`, and one for each axis; other columns are for humans
/// and are ignored.
fn from_csv(path: &Path, questionnaire: &Questionnaire) -> Result<Vec<Details>, SourceError> {
    let Some(text) = text_of(path)? else { return Ok(Vec::new()) };
    let text = unmarked(&text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(path, &error))?.clone();
    let column = |name: &str| header.iter().position(|title| title == name);
    let id = column("dogId").ok_or_else(|| malformed(path, &"line 1: no column dogId"))?;
    let image = column("imageId");
    let axes: Vec<_> = questionnaire
        .axes()
        .iter()
        .filter_map(|axis| Some((&axis.key, column(&axis.key)?)))
        .collect();
    let mut all = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| malformed(path, &error))?;
        let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
        all.push(Details {
            dog_id: cell(id),
            image_id: image.map(cell).filter(|image| !image.is_empty()),
            traits: axes.iter().map(|&(axis, at)| (axis.clone(), cell(at))).collect(),
        });
    }
    Ok(all)
}

/// Reads one object per line: `{"dogId": …, "imageId": …, "traits": {axis: side}}`.
fn from_jsonl(path: &Path) -> Result<Vec<Details>, SourceError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Line {
        dog_id: String,
        image_id: Option<String>,
        #[serde(default)]
        traits: BTreeMap<String, String>,
    }
    let Some(text) = text_of(path)? else { return Ok(Vec::new()) };
    let lines = unmarked(&text).lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| malformed(path, &format!("line {}: {error}", number + 1)))?;
            Ok(Details { dog_id: line.dog_id, image_id: line.image_id, traits: line.traits })
        })
        .collect()
}
