//! What people should know about a dog, made safe to store and to show.

use std::collections::BTreeMap;

use mungpy_core::{reason::Reason, text::excerpt};

use crate::{listing::Fault, web};

/// Most attributes of a dog.
pub(crate) const MAX_ATTRIBUTES: usize = 32;

/// Longest name of an attribute, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 64;

/// Longest value of an attribute, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 2000;

/// Most bytes of all attributes of a dog, because answers name a hundred dogs.
pub(crate) const MAX_BYTES: usize = 8 << 10;

/// The attributes that stay if there are too many.
const MAIN: [&str; 6] = ["name", "shelter", "phone", "page", "noticeEnd", "status"];

/// The attribute that people follow as a link.
const PAGE: &str = "page";

/// Attributes without control characters and within the limits; empty ones are dropped. What is cut
/// or left out goes to `faults`.
pub(crate) fn cleaned(
    dog_id: &str,
    given: impl IntoIterator<Item = (String, String)>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, String> {
    let mut report = |message| {
        let reason = Reason::RowInvalid;
        faults.push(Fault { dog_id: dog_id.to_owned(), reason, message });
    };
    let mut pairs: Vec<_> = given
        .into_iter()
        .map(|(key, value)| (camel_case(&plain(&key)), plain(&value)))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .collect();
    pairs.sort_by_key(|(key, _)| !MAIN.contains(&key.as_str()));
    let (mut kept, mut bytes) = (BTreeMap::new(), 0);
    for (index, (key, value)) in pairs.iter().enumerate() {
        if kept.len() == MAX_ATTRIBUTES {
            let more = pairs.len() - index;
            report(format!(
                "the dog has more than {MAX_ATTRIBUTES} attributes; {more} are left out"
            ));
            break;
        }
        if key == PAGE
            && let Err(error) = web::parse_address(value)
        {
            report(format!("the page is left out: {error}"));
            continue;
        }
        let (short_key, short) = (cut(key, MAX_KEY_BYTES), cut(value, MAX_VALUE_BYTES));
        if short_key.len() < key.len() {
            let (shown, bytes) = (excerpt(key), key.len());
            report(format!(
                "the attribute name {shown:?} has {bytes} bytes and is cut to {MAX_KEY_BYTES}"
            ));
        }
        if short.len() < value.len() {
            let (shown, bytes) = (excerpt(key), value.len());
            report(format!(
                "the attribute {shown:?} has {bytes} bytes and is cut to {MAX_VALUE_BYTES}"
            ));
        }
        bytes += short_key.len() + short.len();
        if bytes > MAX_BYTES {
            let more = pairs.len() - index;
            report(format!(
                "the attributes have more than {MAX_BYTES} bytes in all; {more} are left out"
            ));
            break;
        }
        kept.entry(short_key.to_owned()).or_insert_with(|| short.to_owned());
    }
    kept
}

/// The name in the spelling of the contract: `notice_end` is `noticeEnd`.
fn camel_case(key: &str) -> String {
    let mut words = key.split('_').filter(|word| !word.is_empty());
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.extend(letters);
    }
    name
}

/// The text on one line. Control characters would forge lines of reports and logs.
fn plain(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\t']).map(|line| line.replace(char::is_control, ""));
    let filled = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    filled.collect::<Vec<_>>().join(" ")
}

/// As many whole characters as fit.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or(0)].trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(given: &[(&str, &str)]) -> (BTreeMap<String, String>, Vec<Fault>) {
        let mut faults = Vec::new();
        let given = given.iter().map(|&(key, value)| (key.to_owned(), value.to_owned()));
        (cleaned("bori", given, &mut faults), faults)
    }

    #[test]
    fn control_characters_and_empty_values_are_dropped() {
        let (kept, faults) = of(&[
            ("na\0me", " 보리\u{7} "),
            ("phone", " \n"),
            ("", "x"),
            ("note", "a\r\n\tb\u{1b}c"),
        ]);
        let expected = [("name", "보리"), ("note", "a bc")];
        assert_eq!(kept, expected.map(|(key, value)| (key.into(), value.into())).into());
        assert_eq!(faults, []);
    }

    #[test]
    fn what_exceeds_a_limit_is_cut_with_a_fault() {
        let (key, value) = ("키".repeat(30), "값".repeat(700));
        let (kept, faults) = of(&[(&key, "x"), ("note", &value)]);
        assert_eq!(kept[&"키".repeat(21)], "x");
        assert_eq!(kept["note"], "값".repeat(666));
        assert_eq!(faults.len(), 2);
        assert!(faults[1].message.contains("2100 bytes and is cut to 2000"), "{:?}", faults[1]);
    }

    #[test]
    fn the_main_attributes_stay_if_there_are_too_many() {
        let many: Vec<_> = (0..40).map(|number| format!("a{number:02}")).collect();
        let mut given: Vec<_> = many.iter().map(|key| (key.as_str(), "x")).collect();
        given.push(("shelter", "바다"));
        let (kept, faults) = of(&given);
        assert_eq!((kept.len(), kept["shelter"].as_str()), (MAX_ATTRIBUTES, "바다"));
        assert!(faults[0].message.ends_with("9 are left out"), "{:?}", faults[0]);
    }

    #[test]
    fn a_page_is_an_address_of_the_web() {
        for (page, is_kept) in [
            ("https://a.kr/bori", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("/bori", false),
        ] {
            let (kept, faults) = of(&[("page", page), ("name", "보리")]);
            assert_eq!(
                (kept.contains_key("page"), faults.is_empty()),
                (is_kept, is_kept),
                "{page}"
            );
            assert!(kept.contains_key("name"));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_given_is_within_the_limits(
            given in prop::collection::btree_map(".{0,90}", any::<String>(), 0..50),
        ) {
            let kept = cleaned("bori", given, &mut Vec::new());
            prop_assert!(kept.len() <= MAX_ATTRIBUTES);
            for (key, value) in &kept {
                prop_assert!((1..=MAX_KEY_BYTES).contains(&key.len()));
                prop_assert!((1..=MAX_VALUE_BYTES).contains(&value.len()));
                prop_assert!(!key.contains(char::is_control) && !value.contains(char::is_control));
            }
        }
    }
}
