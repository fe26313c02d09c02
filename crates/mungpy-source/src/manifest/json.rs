//! Manifests in JSON: one object per line, or one array of objects.

use std::fmt;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::row::{BadRow, Entry, Row};

/// Reads one object per line.
pub(super) fn lines(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("line {}", index + 1);
        let row = match serde_json::from_slice::<Value>(line) {
            Ok(value) => Row::of_json(value),
            // Nobody knows how many dogs are missing, so the rest must not pass for the whole list.
            Err(error) if error.is_eof() && lines.peek().is_none() => {
                return Err(format!("{place}: the list ends within the line; it is cut off"));
            }
            Err(error) => Err(BadRow::of_unknown(&without_line(&error))),
        };
        entries.push(Entry { place, row });
    }
    Ok(entries)
}

/// The message with its column only: the parser sees a single line.
fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// Reads one array of objects.
pub(super) fn array(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let mut parser = Deserializer::from_slice(bytes);
    let entries = parser.deserialize_seq(Entries).and_then(|entries| {
        parser.end()?;
        Ok(entries)
    });
    entries.map_err(|error| {
        let cause = if error.is_eof() { "the list is cut off: " } else { "" };
        format!("{cause}{error}")
    })
}

/// Turns each element into a row at once, so that only rows stay in memory.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dogs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(value) = sequence.next_element::<Value>()? {
            let place = format!("entry {}", entries.len() + 1);
            entries.push(Entry { place, row: Row::of_json(value) });
        }
        Ok(entries)
    }
}
