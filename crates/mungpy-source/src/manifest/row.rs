//! One row of a manifest, whichever form it has.

use std::collections::BTreeMap;

use mungpy_core::text::excerpt;
use serde_json::{Map, Value};

/// What a row says about a dog. Nothing is checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) dog_id: String,
    pub(super) image_id: Option<String>,
    pub(super) photos: Vec<String>,
    pub(super) traits: BTreeMap<String, String>,
    pub(super) status: String,
    /// In the order of the row.
    pub(super) attributes: Vec<(String, String)>,
    /// Values that are left out, in words.
    pub(super) left_out: Vec<String>,
}

/// A row that is not understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BadRow {
    /// The dog, as far as the row can be read.
    pub(super) dog_id: Option<String>,
    /// What is wrong.
    pub(super) detail: String,
}

impl BadRow {
    /// Of a dog that the row does not tell.
    pub(super) fn of_unknown(detail: &str) -> Self {
        Self { dog_id: None, detail: detail.to_owned() }
    }
}

/// A row with its place in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Such as `line 3`.
    pub(super) place: String,
    pub(super) row: Result<Row, BadRow>,
}

/// The name of a field or attribute in lower case with underscores: `noticeEnd` is `notice_end`.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut may_break = false;
    for character in name.trim().chars() {
        if character.is_ascii_uppercase() && may_break {
            snake.push('_');
        }
        may_break = character.is_ascii_lowercase() || character.is_ascii_digit();
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

impl Row {
    /// Reads an object of JSON.
    pub(super) fn of_json(value: Value) -> Result<Self, BadRow> {
        let Value::Object(fields) = value else {
            return Err(BadRow::of_unknown(
                "it is no object; write {\"dog_id\": …, \"photos\": […]}",
            ));
        };
        let mut fields = unique(fields);
        let mut row = Self::default();
        let id = fields.remove("dog_id").map(scalar);
        row.dog_id = match id {
            Some(Some(dog_id)) => dog_id,
            Some(None) => return Err(BadRow::of_unknown("dog_id is no text")),
            None => return Err(BadRow::of_unknown("it has no dog_id")),
        };
        row.fill(fields).map_err(|detail| BadRow { dog_id: Some(row.dog_id.clone()), detail })?;
        Ok(row)
    }

    fn fill(&mut self, mut fields: BTreeMap<String, Value>) -> Result<(), String> {
        let mut text = |name: &str| match fields.remove(name).map(scalar) {
            Some(None) => Err(format!("{name} is no text")),
            found => Ok(found.flatten()),
        };
        self.image_id = text("image_id")?;
        self.status = text("status")?.unwrap_or_default();
        self.photos = photos(fields.remove("photos").unwrap_or_default())?;
        let traits = object("traits", fields.remove("traits"))?;
        for (axis, value) in traits {
            match scalar(value) {
                Some(side) => drop(self.traits.insert(axis, side)),
                None => self.left_out.push(not_text(&axis)),
            }
        }
        let attributes = unique(object("attributes", fields.remove("attributes"))?);
        // Whoever writes the name of a dog beside its id means the same as one who nests it.
        for (name, value) in attributes.into_iter().chain(fields) {
            match scalar(value) {
                Some(value) => self.attributes.push((name, value)),
                None => self.left_out.push(not_text(&name)),
            }
        }
        Ok(())
    }
}

fn not_text(name: &str) -> String {
    format!("{:?} is no text and is left out", excerpt(name))
}

/// Fields under their names in snake case, without nulls. The first of two spellings counts.
fn unique(fields: Map<String, Value>) -> BTreeMap<String, Value> {
    let mut unique = BTreeMap::new();
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        unique.entry(snake_case(&name)).or_insert(value);
    }
    unique
}

/// Text, or what is written like text: services give numbers for ids.
fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn object(name: &str, value: Option<Value>) -> Result<Map<String, Value>, String> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(_) => Err(format!("{name} is no object")),
    }
}

/// A list of photos; a single one need not be in a list.
fn photos(value: Value) -> Result<Vec<String>, String> {
    let text = |value| match value {
        Value::String(photo) => Ok(photo),
        _ => Err("photos holds something that is no text".to_owned()),
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(photo) => Ok(vec![photo]),
        Value::Array(photos) => photos.into_iter().map(text).collect(),
        _ => Err("photos is no list".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        for (name, expected) in [
            ("noticeEnd", "notice_end"),
            ("notice_end", "notice_end"),
            (" dogId ", "dog_id"),
            ("URL", "url"),
            ("careURL", "care_url"),
            ("이름", "이름"),
            ("", ""),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }
}
