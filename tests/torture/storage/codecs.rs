//! Published catalogues of any bytes: a catalogue or a reason, never a panic.

use std::fs;

use mungpy::{
    catalogue::{Catalogue, CatalogueError},
    matching::Snapshot,
};
use mungpy_core::{
    reason::{Reason, WithReason},
    resemblance::PersonEstimator,
    temperament::Questionnaire,
};
use proptest::{prelude::*, sample::Index};

use super::Place;
use crate::common;

/// Bytes before the checksum: name and layout.
const HEAD: usize = 8;

/// Makes the checksum fit, so that damage reaches what is behind it.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() >= HEAD + 4 {
        let checksum = crc32fast::hash(&bytes[HEAD + 4..]).to_le_bytes();
        bytes[HEAD..HEAD + 4].copy_from_slice(&checksum);
    }
    bytes
}

/// Reads bytes as a catalogue, and indexes what was read as a server would.
fn read(place: &Place, bytes: &[u8]) -> Result<(), CatalogueError> {
    fs::write(place.catalogue(), bytes).unwrap();
    let catalogue = Catalogue::read(&place.catalogue())?;
    let persons = PersonEstimator::shipped().population;
    Snapshot::of(catalogue, &Questionnaire::default(), &persons);
    Ok(())
}

fn is_told(outcome: Result<(), CatalogueError>) -> bool {
    let reasons = [Reason::CatalogueDamaged, Reason::CatalogueLayoutUnknown];
    outcome.err().is_none_or(|error| reasons.contains(&error.reason()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn random_bytes_are_no_catalogue(bytes: Vec<u8>, message: Vec<u8>) {
        let place = Place::with(&[]);
        prop_assert!(read(&place, &bytes).is_err());
        let framed = [&b"MUNGPY\x00\x01\0\0\0\0"[..], &message].concat();
        prop_assert!(is_told(read(&place, &resealed(framed))));
    }

    #[test]
    fn a_damaged_catalogue_is_refused_or_can_be_indexed(
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<Index>()),
    ) {
        let place = Place::with(&[]);
        common::composite_catalogue().publish(&place.catalogue()).unwrap();
        let mut bytes = fs::read(place.catalogue()).unwrap();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        prop_assert!(is_told(read(&place, &bytes)));
        prop_assert!(is_told(read(&place, &resealed(bytes))));
    }
}

#[test]
fn a_newer_layout_is_named_and_not_called_damaged() {
    let place = Place::with(&[]);
    common::composite_catalogue().publish(&place.catalogue()).unwrap();
    let mut bytes = fs::read(place.catalogue()).unwrap();
    bytes[HEAD - 1] = 2;
    let error = read(&place, &bytes).unwrap_err();
    assert_eq!(error.reason(), Reason::CatalogueLayoutUnknown);
    assert!(error.to_string().contains("layout 2") && error.to_string().contains("reads 1"));
}
