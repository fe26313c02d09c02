//! Dogs that can be matched, as messages: one, a page of them, and the values of an attribute.

use chrono::{DateTime, Utc};
use mungpy_core::{
    face::Ratio,
    reason::{Reason, WithReason},
    temperament::Questionnaire,
    text::excerpt,
};
use mungpy_proto::{
    limits::{MAX_ATTRIBUTE_BYTES, MAX_DOG_ID_BYTES, MAX_TRAIT_FILTERS},
    v1::{
        self, AttributeValue, ListAttributeValuesRequest, ListAttributeValuesResponse,
        ListDogsRequest, ListDogsResponse,
    },
};
use prost::Message;
use tonic::Status;

use super::page;
use crate::{
    matching::{Dog, DogSet, FilterError, Snapshot, check_filters, of_adoption},
    messages,
    service::status::{of_field, status},
};

/// Dogs on a page unless another number is asked for, and at most.
const PAGE: (u32, u32) = (100, 1000);
/// Bytes after which a page ends early, because clients take no message above 4 MiB unless told to.
const MAX_PAGE_BYTES: usize = 3 << 20;
/// Most values of an attribute that are listed.
const MAX_VALUES: usize = 1000;

/// The number of a dog that can be matched now.
pub(super) fn find(snapshot: &Snapshot, dog_id: &str) -> Result<u32, Status> {
    let bytes = dog_id.len();
    if bytes > MAX_DOG_ID_BYTES {
        let message = format!(
            "dog_id has {bytes} bytes, more than the limit of {MAX_DOG_ID_BYTES}; send ids as the answers name them"
        );
        return Err(of_field(Reason::DogIdTooLong, "dog_id", message));
    }
    let number = snapshot.number_of(dog_id);
    number.filter(|number| snapshot.dog(*number).is_left(Utc::now())).ok_or_else(|| {
        let (version, dog_id) = (snapshot.version, excerpt(dog_id));
        let message = format!("version {version} of the catalogue holds no dog {dog_id:?}");
        status(Reason::DogUnknown, message)
    })
}

/// A dog with all that is known of it.
pub(super) fn whole(snapshot: &Snapshot, number: u32) -> v1::Dog {
    let dog = snapshot.dog(number);
    let measured = dog.log_ratios().into_iter().zip(snapshot.index.sigmas(number));
    let ratios = Ratio::ALL.into_iter().zip(measured).map(|(ratio, (log, sigma))| {
        v1::RatioMeasurement { ratio: ratio.key().to_owned(), value: log.exp(), sigma }
    });
    v1::Dog {
        landmarks: messages::of_landmarks(&dog.landmarks()),
        ratios: ratios.collect(),
        ..brief(snapshot, number)
    }
}

/// A dog without landmarks and ratios.
fn brief(snapshot: &Snapshot, number: u32) -> v1::Dog {
    let dog = snapshot.dog(number);
    v1::Dog {
        dog_id: snapshot.index.dog_id(number).to_owned(),
        image_id: snapshot.index.image_id(number).to_owned(),
        source: dog.source.to_string(),
        traits: dog.traits.as_ref().clone(),
        adoption: Some(of_adoption(&dog.adoption)),
        quality: Some(messages::of_quality(dog.quality)),
        enrolled_at: messages::of_time(dog.enrolled_at),
        ..v1::Dog::default()
    }
}

/// Which dogs are listed.
struct Filter {
    passing: Option<DogSet>,
    /// Axis and side.
    traits: Vec<(String, String)>,
    now: DateTime<Utc>,
}

impl Filter {
    fn of(
        snapshot: &Snapshot,
        questionnaire: &Questionnaire,
        request: &ListDogsRequest,
    ) -> Result<Self, Status> {
        let refused = |error: FilterError| of_field(error.reason(), "attributes", error);
        check_filters(&request.attributes).map_err(refused)?;
        let count = request.traits.len();
        if count > MAX_TRAIT_FILTERS {
            let message = format!(
                "the request has {count} traits, more than the limit of {MAX_TRAIT_FILTERS}; send fewer"
            );
            return Err(of_field(Reason::FilterInvalid, "traits", message));
        }
        let mut traits = Vec::with_capacity(count);
        for shown in &request.traits {
            let known = questionnaire.canonical(&shown.axis, &shown.side);
            let (axis, side) = known.map_err(|error| of_field(error.reason(), "traits", error))?;
            traits.push((axis.to_owned(), side.to_owned()));
        }
        let passing = snapshot.passing(&request.attributes);
        Ok(Self { passing, traits, now: Utc::now() })
    }

    fn passes(&self, number: u32, dog: &Dog) -> bool {
        let shows = |(axis, side): &(String, String)| dog.traits.get(axis) == Some(side);
        self.passing.as_ref().is_none_or(|passing| passing.contains(number))
            && dog.is_left(self.now)
            && self.traits.iter().all(shows)
    }
}

/// A page of dogs, by id.
pub(super) fn list(
    snapshot: &Snapshot,
    questionnaire: &Questionnaire,
    request: &ListDogsRequest,
) -> Result<ListDogsResponse, Status> {
    let size = page::size(request.page_size, PAGE.0, PAGE.1);
    let filters = ListDogsRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let filters = crc32fast::hash(&filters.encode_to_vec());
    let last = page::last_of(&request.page_token, filters)?;
    let filter = Filter::of(snapshot, questionnaire, request)?;
    let (mut dogs, mut bytes) = (Vec::new(), 0);
    let (mut total_size, mut is_full, mut has_more) = (0, false, false);
    for &number in snapshot.index.by_id() {
        if !filter.passes(number, snapshot.dog(number)) {
            continue;
        }
        total_size += 1;
        if last.as_deref().is_some_and(|last| snapshot.index.dog_id(number) <= last) {
            continue;
        }
        if is_full {
            has_more = true;
            continue;
        }
        let dog = brief(snapshot, number);
        bytes += dog.encoded_len();
        dogs.push(dog);
        is_full = dogs.len() == size || bytes >= MAX_PAGE_BYTES;
    }
    let last = dogs.last().filter(|_| has_more);
    let next_page_token = last.map(|dog| page::token(&dog.dog_id, filters)).unwrap_or_default();
    let catalogue_version = snapshot.version;
    Ok(ListDogsResponse { dogs, next_page_token, total_size, catalogue_version })
}

/// The values of an attribute, the most frequent first.
pub(super) fn values(
    snapshot: &Snapshot,
    request: &ListAttributeValuesRequest,
) -> Result<ListAttributeValuesResponse, Status> {
    let bytes = request.attribute.len();
    if !(1..=MAX_ATTRIBUTE_BYTES).contains(&bytes) {
        let message =
            format!("attribute has {bytes} bytes; give a name of 1 to {MAX_ATTRIBUTE_BYTES}");
        return Err(of_field(Reason::FilterInvalid, "attribute", message));
    }
    let now = Utc::now();
    let value = |(value, dogs): (&str, &[u32])| {
        let dogs = dogs.iter().filter(|dog| snapshot.dog(**dog).is_left(now)).count() as u64;
        (dogs > 0).then(|| AttributeValue { value: value.to_owned(), dogs })
    };
    let mut values: Vec<_> = snapshot.values_of(&request.attribute).filter_map(value).collect();
    // The sort is stable, so equally frequent values stay in their order.
    values.sort_by_key(|value| std::cmp::Reverse(value.dogs));
    values.truncate(MAX_VALUES);
    Ok(ListAttributeValuesResponse { values })
}
