//! Which dogs have which attribute, as their sources give them: an inverted index.
//!
//! An attribute is indexed when it is first asked for, so that nobody pays for the values of
//! `name` or `page`, which are different for each dog.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::OnceLock,
};

use mungpy_core::reason::{Reason, WithReason};
use mungpy_proto::{
    limits::{
        MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_FILTERS, MAX_FILTER_VALUE_BYTES, MAX_FILTER_VALUES,
    },
    v1::AttributeFilter,
};

use super::snapshot::Dog;

/// The attribute that stands for the name of a dog's source.
pub const SOURCE: &str = "source";

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The request has too many filters.
    #[error(
        "the request has {count} attribute filters, more than the limit of {MAX_ATTRIBUTE_FILTERS}; send fewer"
    )]
    TooMany {
        /// Number of filters.
        count: usize,
    },
    /// A filter does not say which attribute it is about, or the name is too long.
    #[error(
        "attribute filter {number}: the name of the attribute has {bytes} bytes; give 1 to {MAX_ATTRIBUTE_BYTES}"
    )]
    Attribute {
        /// Number of the filter, starting at 1.
        number: usize,
        /// Bytes of the name.
        bytes: usize,
    },
    /// A filter has no value, or too many.
    #[error("attribute filter {number} has {count} values; give 1 to {MAX_FILTER_VALUES}")]
    Values {
        /// Number of the filter, starting at 1.
        number: usize,
        /// Number of its values.
        count: usize,
    },
    /// A value is empty or too long.
    #[error(
        "attribute filter {number} has a value of {bytes} bytes; give 1 to {MAX_FILTER_VALUE_BYTES}"
    )]
    Value {
        /// Number of the filter, starting at 1.
        number: usize,
        /// Bytes of the value.
        bytes: usize,
    },
}

impl WithReason for FilterError {
    fn reason(&self) -> Reason {
        Reason::FilterInvalid
    }
}

/// Checks the limits of filters before anything is made of them.
pub fn check(filters: &[AttributeFilter]) -> Result<(), FilterError> {
    if filters.len() > MAX_ATTRIBUTE_FILTERS {
        return Err(FilterError::TooMany { count: filters.len() });
    }
    for (filter, number) in filters.iter().zip(1..) {
        let (bytes, count) = (filter.attribute.len(), filter.values.len());
        if !(1..=MAX_ATTRIBUTE_BYTES).contains(&bytes) {
            return Err(FilterError::Attribute { number, bytes });
        }
        if !(1..=MAX_FILTER_VALUES).contains(&count) {
            return Err(FilterError::Values { number, count });
        }
        let is_allowed =
            |value: &&String| !value.trim().is_empty() && value.len() <= MAX_FILTER_VALUE_BYTES;
        if let Some(value) = filter.values.iter().find(|value| !is_allowed(value)) {
            return Err(FilterError::Value { number, bytes: value.trim().len() });
        }
    }
    Ok(())
}

/// A set of dogs, by their numbers in the index: a bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DogSet {
    bits: Vec<u64>,
}

impl DogSet {
    /// No dog of so many.
    pub fn none(dogs: usize) -> Self {
        Self { bits: vec![0; dogs.div_ceil(64)] }
    }

    /// Adds a dog.
    pub fn insert(&mut self, dog: u32) {
        self.bits[dog as usize / 64] |= 1 << (dog % 64);
    }

    /// Whether a dog belongs to it.
    pub fn contains(&self, dog: u32) -> bool {
        self.bits.get(dog as usize / 64).is_some_and(|bits| bits & (1 << (dog % 64)) != 0)
    }

    /// Leaves only the dogs that belong to another set as well.
    pub fn intersect(&mut self, other: &Self) {
        for (own, other) in self.bits.iter_mut().zip(&other.bits) {
            *own &= other;
        }
    }

    /// The numbers of the dogs, ascending.
    pub fn numbers(&self) -> Vec<u32> {
        let words = self.bits.iter().zip((0..).step_by(64));
        let in_word = |(bits, first): (&u64, u32)| {
            let bits = *bits;
            (0..64).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| first + bit)
        };
        words.flat_map(in_word).collect()
    }

    /// Number of dogs.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Whether there is no dog.
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|bits| *bits == 0)
    }
}

/// The values of one attribute, by themselves in lower case.
type Values = BTreeMap<String, Value>;

/// A value, as the first dog spells it, and the numbers of the dogs that have it, ascending.
#[derive(Debug)]
struct Value {
    shown: String,
    dogs: Vec<u32>,
}

/// Which dogs have which attribute.
#[derive(Debug, Default)]
pub(super) struct AttributeIndex {
    /// Each attribute that any dog has. Callers cannot add to it by asking for others.
    attributes: OnceLock<BTreeMap<String, OnceLock<Values>>>,
}

impl AttributeIndex {
    /// The dogs that pass all filters; `None` if there is no filter.
    pub(super) fn passing(&self, dogs: &[Dog], filters: &[AttributeFilter]) -> Option<DogSet> {
        let sets = filters.iter().map(|filter| self.passing_one(dogs, filter));
        sets.reduce(|mut all, one| {
            all.intersect(&one);
            all
        })
    }

    fn passing_one(&self, dogs: &[Dog], filter: &AttributeFilter) -> DogSet {
        let mut passing = DogSet::none(dogs.len());
        let Some(values) = self.values(dogs, &filter.attribute) else { return passing };
        for wanted in &filter.values {
            let wanted = key_of(wanted);
            let longer = format!("{wanted} ");
            let longer_ones = values.range::<str, _>((Excluded(&longer[..]), Unbounded));
            let longer_ones = longer_ones.take_while(|(value, _)| value.starts_with(&longer));
            for value in values.get(&wanted).into_iter().chain(longer_ones.map(|(_, value)| value))
            {
                value.dogs.iter().for_each(|dog| passing.insert(*dog));
            }
        }
        passing
    }

    /// The values of an attribute and the dogs that have each.
    pub(super) fn values_of<'a>(
        &'a self,
        dogs: &[Dog],
        attribute: &str,
    ) -> impl Iterator<Item = (&'a str, &'a [u32])> + use<'a> {
        let values = self.values(dogs, attribute).into_iter().flat_map(BTreeMap::values);
        values.map(|value| (value.shown.as_str(), &value.dogs[..]))
    }

    fn values(&self, dogs: &[Dog], attribute: &str) -> Option<&Values> {
        let attributes = self.attributes.get_or_init(|| attributes_of(dogs));
        let values = attributes.get(attribute)?;
        Some(values.get_or_init(|| values_of(dogs, attribute)))
    }
}

fn attributes_of(dogs: &[Dog]) -> BTreeMap<String, OnceLock<Values>> {
    let mut attributes = BTreeMap::from([(SOURCE.to_owned(), OnceLock::new())]);
    for attribute in dogs.iter().flat_map(|dog| dog.adoption.attributes.keys()) {
        if !attributes.contains_key(attribute) {
            attributes.insert(attribute.clone(), OnceLock::new());
        }
    }
    attributes
}

fn values_of(dogs: &[Dog], attribute: &str) -> Values {
    let mut values = Values::new();
    for (dog, number) in dogs.iter().zip(0..) {
        let value = if attribute == SOURCE {
            Some(&dog.source[..])
        } else {
            dog.adoption.attributes.get(attribute).map(String::as_str)
        };
        if let Some(value) = value {
            let fresh = || Value { shown: value.trim().to_owned(), dogs: Vec::new() };
            values.entry(key_of(value)).or_insert_with(fresh).dogs.push(number);
        }
    }
    values
}

fn key_of(value: &str) -> String {
    value.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let mut set = DogSet::none(130);
        assert!(set.is_empty());
        for dog in [0, 63, 64, 129] {
            set.insert(dog);
        }
        let held: Vec<u32> = (0..200).filter(|dog| set.contains(*dog)).collect();
        assert_eq!((held, set.len()), (vec![0, 63, 64, 129], 4));
        let mut other = DogSet::none(130);
        other.insert(64);
        set.intersect(&other);
        assert_eq!((set.contains(64), set.len()), (true, 1));
    }

    #[test]
    fn filters_that_break_a_limit_are_refused_with_their_number() {
        let filter = |attribute: &str, values: &[&str]| AttributeFilter {
            attribute: attribute.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        let good = filter("region", &["경기도"]);
        assert_eq!(check(&vec![good.clone(); MAX_ATTRIBUTE_FILTERS]), Ok(()));
        let many = vec![good.clone(); MAX_ATTRIBUTE_FILTERS + 1];
        assert!(check(&many).unwrap_err().to_string().contains("17"));
        let long = "x".repeat(MAX_FILTER_VALUE_BYTES + 1);
        for bad in [
            filter("", &["a"]),
            filter("region", &[]),
            filter("region", &["a", " "]),
            filter("region", &[&long]),
            filter("region", &["a"; MAX_FILTER_VALUES + 1]),
        ] {
            let error = check(&[good.clone(), bad]).unwrap_err();
            assert_eq!(error.reason(), Reason::FilterInvalid);
            assert!(error.to_string().starts_with("attribute filter 2"), "{error}");
        }
    }
}
