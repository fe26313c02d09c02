//! One row of the service as a dog.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use mungpy_core::{temperament::Questionnaire, text::excerpt};
use serde_json::Value;

use super::DOGS;
use crate::{
    listing::ListedDog,
    rows::{self, Entry, Fields, Row},
    words::Words,
};

/// Fields with photos: of today, and of older versions of the service.
const PHOTOS: [&str; 8] = [
    "popfile1", "popfile2", "popfile3", "popfile4", "popfile5", "popfile6", "popfile7", "popfile8",
];
const OLDER_PHOTOS: [&str; 2] = ["popfile", "filename"];

/// What begins the status of a dog in care, and of one that has left.
const IN_CARE: [&str; 2] = ["보호중", "공고중"];
const ENDED: &str = "종료";

/// The clocks of Korea.
pub(super) fn seoul() -> FixedOffset {
    FixedOffset::east_opt(9 * 3600).expect("nine hours are less than a day")
}

/// Reads a row.
pub(super) fn read(value: &Value, questionnaire: &Questionnaire) -> Row {
    let Some(fields) = Fields::of(value) else {
        return Row::bad(value, "the row is no object");
    };
    let Some(dog_id) = fields.text("desertionNo") else {
        return Row::bad(value, "the row has no desertionNo");
    };
    if !is_dog(fields) {
        return Row::other(dog_id);
    }
    let Some(status) = fields.text("processState") else {
        return Row::unlisted(dog_id, "the row has no processState".to_owned());
    };
    // Some versions of the service write "보호 중".
    let compact: String = status.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.starts_with(ENDED) {
        return Row { key: dog_id, entry: Entry::Gone };
    }
    if !IN_CARE.iter().any(|state| compact.starts_with(state)) {
        let status = excerpt(&status);
        let message = format!("processState {status:?} is neither 보호중, 공고중 nor 종료");
        return Row::unlisted(dog_id, message);
    }
    let mut faults = Vec::new();
    let photos = rows::photos(&dog_id, photos(fields), &mut faults);
    let told = ["specialMark", "sfeSoci"].map(|key| fields.text(key).unwrap_or_default());
    let dog = ListedDog {
        photos,
        traits: Words::korean().traits(&told.join(", "), questionnaire),
        attributes: attributes(fields, &status),
        dog_id,
        ..ListedDog::default()
    };
    Row::of_dog(dog, faults)
}

/// Whether the row is of a dog, as far as it tells; the service was asked for dogs only.
fn is_dog(fields: Fields<'_>) -> bool {
    let species = fields.first(&["upKindCd", "upkind"]);
    let kind = fields.first(&["kindFullNm", "kindCd"]).unwrap_or_default();
    species.is_none_or(|species| species == DOGS)
        && (!kind.starts_with('[') || kind.starts_with("[개]"))
}

fn photos(fields: Fields<'_>) -> Vec<(String, Option<String>)> {
    let mut found: Vec<_> = PHOTOS.iter().filter_map(|key| fields.text(key)).collect();
    if found.is_empty() {
        // `filename` is the small form of `popfile`.
        found.extend(fields.first(&OLDER_PHOTOS));
    }
    found.into_iter().map(|address| (address, None)).collect()
}

fn attributes(fields: Fields<'_>, status: &str) -> std::collections::BTreeMap<String, String> {
    let date = |key| fields.text(key).map(|text| date(&text));
    let neutered = match fields.text("neuterYn").as_deref() {
        Some("Y") => Some("yes".to_owned()),
        Some("N") => Some("no".to_owned()),
        _ => None,
    };
    rows::told([
        ("name", fields.text("name")),
        ("breed", breed(fields)),
        ("sex", fields.text("sexCd").and_then(|text| rows::sex(&text))),
        ("neutered", neutered),
        ("age", fields.text("age")),
        ("weight", fields.text("weight")),
        ("colour", fields.text("colorCd")),
        ("shelter", fields.text("careNm")),
        ("phone", fields.text("careTel")),
        ("address", fields.text("careAddr")),
        ("region", fields.text("orgNm")),
        ("status", Some(status.to_owned())),
        ("noticeNo", fields.text("noticeNo")),
        // Dogs in care past the end of their notice can be adopted, so it is told and ends nothing.
        ("noticeStart", date("noticeSdt")),
        ("noticeEnd", date("noticeEdt")),
        ("found", fields.text("happenPlace")),
        ("foundDate", date("happenDt")),
        ("note", fields.text("specialMark")),
        ("updatedAt", fields.text("updTm").map(|text| time(&text))),
    ])
}

/// The breed without the species in brackets.
fn breed(fields: Fields<'_>) -> Option<String> {
    let kind = fields.first(&["kindFullNm", "kindNm"]).or_else(|| {
        // Older versions wrote the breed into the field of its code.
        fields.text("kindCd").filter(|kind| !kind.bytes().all(|byte| byte.is_ascii_digit()))
    })?;
    let breed = kind.strip_prefix("[개]").unwrap_or(&kind).trim();
    (!breed.is_empty()).then(|| breed.to_owned())
}

/// A date as `YYYY-MM-DD`; as it is if it is none.
fn date(text: &str) -> String {
    NaiveDate::parse_from_str(text, "%Y%m%d").map_or_else(|_| text.to_owned(), |d| d.to_string())
}

/// A time of Korea in UTC; as it is if it is none.
fn time(text: &str) -> String {
    let local = ["%Y-%m-%d %H:%M:%S%.f", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let utc: Option<DateTime<Utc>> =
        local.and_then(|local| seoul().from_local_datetime(&local).single()).map(|t| t.to_utc());
    utc.map_or_else(|| text.to_owned(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use mungpy_core::reason::Reason;
    use serde_json::json;

    use super::*;

    fn row(changes: &Value) -> Row {
        let mut row = json!({
            "desertionNo": "448567202600123", "upKindCd": "417000", "kindFullNm": "[개] 믹스견",
            "processState": "보호중", "sexCd": "M", "neuterYn": "U", "noticeEdt": "20260920",
            "popfile1": "http://h/a[1].jpg", "popfile2": "http://h/b.jpg", "age": "2024(년생)",
            "specialMark": "온순함", "sfeSoci": "", "updTm": "2026-09-03 08:09:41.0",
        });
        for (key, value) in changes.as_object().unwrap() {
            row[key] = value.clone();
        }
        read(&row, &Questionnaire::default())
    }

    #[test]
    fn a_row_becomes_a_dog() {
        let Entry::Dog(dog, faults) = row(&json!({})).entry else { panic!("no dog") };
        assert_eq!(dog.dog_id, "448567202600123");
        assert_eq!(dog.photos[0].place.to_string(), "http://h/a%5B1%5D.jpg");
        assert_eq!(dog.photos.len(), 2);
        assert_eq!(dog.traits["sensitivity"], "unflappable");
        let expected = [
            ("breed", "믹스견"),
            ("sex", "male"),
            ("noticeEnd", "2026-09-20"),
            ("updatedAt", "2026-09-02T23:09:41Z"),
            ("note", "온순함"),
        ];
        for (key, value) in expected {
            assert_eq!(dog.attributes[key], value);
        }
        assert!(!dog.attributes.contains_key("neutered"));
        assert_eq!(dog.expires_at, None, "dogs past their notice can be adopted");
        assert!(faults.is_empty());
    }

    #[test]
    fn the_status_decides_who_can_be_adopted() {
        let entry = |status: Value| row(&json!({ "processState": status })).entry;
        assert!(matches!(entry(json!("공고중")), Entry::Dog(..)));
        assert!(matches!(entry(json!("보호 중")), Entry::Dog(..)));
        assert!(matches!(entry(json!("종료(입양)")), Entry::Gone));
        assert!(matches!(entry(json!("종료(안락사)")), Entry::Gone));
        for unclear in [json!("미정"), Value::Null] {
            let Entry::Unlisted(faults) = entry(unclear) else { panic!("it counts") };
            assert_eq!(faults[0].reason, Reason::RowInvalid);
        }
    }

    #[test]
    fn other_animals_and_bad_rows_are_no_dogs() {
        assert!(matches!(row(&json!({ "upKindCd": "422400" })).entry, Entry::Other));
        assert!(matches!(
            row(&json!({ "kindFullNm": "[고양이] 한국 고양이" })).entry,
            Entry::Other
        ));
        for bad in [json!({ "desertionNo": null }), json!({ "desertionNo": ["1"] })] {
            let Entry::Bad(fault) = row(&bad).entry else { panic!("it counts") };
            assert_eq!(fault.reason, Reason::RowInvalid);
        }
        assert!(matches!(read(&json!(7), &Questionnaire::default()).entry, Entry::Bad(_)));
    }

    #[test]
    fn numbers_and_older_fields_are_read() {
        let older = json!({
            "desertionNo": 448_567_202_600_123_u64, "popfile1": null, "popfile2": "",
            "popfile": "http://h/big.jpg", "filename": "http://h/small.jpg",
            "kindFullNm": null, "kindCd": "[개] 푸들",
        });
        let Entry::Dog(dog, _) = row(&older).entry else { panic!("no dog") };
        assert_eq!(dog.dog_id, "448567202600123");
        assert_eq!(dog.photos.len(), 1);
        assert_eq!(dog.photos[0].image_id, "big.jpg");
        assert_eq!(dog.attributes["breed"], "푸들");
    }

    #[test]
    fn a_dog_without_photo_is_there_without_being_listed() {
        let row = row(&json!({ "popfile1": "", "popfile2": null }));
        let Entry::Unlisted(faults) = row.entry else { panic!("it counts") };
        assert_eq!(faults[0].reason, Reason::DogWithoutPhoto);
    }
}
