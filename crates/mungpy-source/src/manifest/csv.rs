//! Manifests in CSV: a header, and a row for each dog.

use csv::{ByteRecord, Position, ReaderBuilder, StringRecord};
use mungpy_core::temperament::Questionnaire;

use super::row::{BadRow, Entry, Row, snake_case};

/// What a column holds.
enum Column {
    DogId,
    ImageId,
    Photos,
    Status,
    Trait(String),
    Attribute(String),
}

impl Column {
    fn of(title: &str, questionnaire: &Questionnaire) -> Self {
        let name = snake_case(title);
        let axis = questionnaire.axes().iter().find(|axis| axis.key == title || axis.key == name);
        match (name.as_str(), axis) {
            ("dog_id", _) => Self::DogId,
            ("image_id", _) => Self::ImageId,
            ("photos", _) => Self::Photos,
            ("status", _) => Self::Status,
            (_, Some(axis)) => Self::Trait(axis.key.clone()),
            (_, None) => Self::Attribute(name),
        }
    }
}

/// Reads all rows. The header must name the dogs and their photos.
pub(super) fn rows(bytes: &[u8], questionnaire: &Questionnaire) -> Result<Vec<Entry>, String> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|_| "line 1: the header is not UTF-8".to_owned())?;
    let columns: Vec<_> = header.iter().map(|title| Column::of(title, questionnaire)).collect();
    if !columns.iter().any(|column| matches!(column, Column::DogId)) {
        return Err("line 1: no column dog_id".to_owned());
    }
    if !columns.iter().any(|column| matches!(column, Column::Photos)) {
        return Err("line 1: no column photos".to_owned());
    }
    let (mut entries, mut record) = (Vec::new(), ByteRecord::new());
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let line = record.position().map_or(0, |start| line(bytes, start));
        let is_last = reader.position().byte() >= bytes.len() as u64;
        if is_last && record.len() < columns.len() && !bytes.ends_with(b"\n") {
            return Err(format!("line {line}: the list ends within the line; it is cut off"));
        }
        let row = row(&record, &columns);
        entries.push(Entry { place: format!("line {line}"), row });
    }
    Ok(entries)
}

/// The line of a row. The parser tells where the blank lines before it begin.
fn line(bytes: &[u8], start: &Position) -> u64 {
    let skipped = bytes.iter().skip(start.byte() as usize);
    let breaks = skipped.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    start.line() + breaks.filter(|byte| **byte == b'\n').count() as u64
}

fn row(record: &ByteRecord, columns: &[Column]) -> Result<Row, BadRow> {
    let bad = |detail: String| BadRow { dog_id: id(record, columns), detail };
    if record.len() != columns.len() {
        let (cells, expected) = (record.len(), columns.len());
        return Err(bad(format!("it has {cells} cells and the header {expected}")));
    }
    let record = StringRecord::from_byte_record(record.clone())
        .map_err(|_| bad("it is not UTF-8".to_owned()))?;
    let mut row = Row::default();
    for (cell, column) in record.iter().zip(columns) {
        let cell = cell.trim();
        match column {
            _ if cell.is_empty() => {}
            Column::DogId if row.dog_id.is_empty() => cell.clone_into(&mut row.dog_id),
            Column::ImageId => row.image_id = Some(cell.to_owned()),
            Column::Photos => row.photos.extend(photos(cell)),
            Column::Status => cell.clone_into(&mut row.status),
            Column::Trait(axis) => drop(row.traits.insert(axis.clone(), cell.to_owned())),
            Column::Attribute(name) => row.attributes.push((name.clone(), cell.to_owned())),
            Column::DogId => {}
        }
    }
    Ok(row)
}

/// Id of the dog of a row that is not understood otherwise.
fn id(record: &ByteRecord, columns: &[Column]) -> Option<String> {
    let at = columns.iter().position(|column| matches!(column, Column::DogId))?;
    let id = str::from_utf8(record.get(at)?).ok()?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The photos of a cell, separated by spaces or bars.
fn photos(cell: &str) -> impl Iterator<Item = String> {
    let is_between = |character: char| character == '|' || character.is_whitespace();
    cell.split(is_between).filter(|photo| !photo.is_empty()).map(str::to_owned)
}
