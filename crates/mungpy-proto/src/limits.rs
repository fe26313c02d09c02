//! Limits of the contract. The gateway checks those that it can, and the engine checks all of them
//! before any work. `proto/mungpy/v1/match.proto` names them.

/// Largest photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// Largest number of photos of a person in one request.
pub const MAX_PHOTOS: usize = 5;
/// Largest number of dogs named in one response.
pub const MAX_TOP: u32 = 100;
/// Longest image id, in bytes.
pub const MAX_IMAGE_ID_BYTES: usize = 1024;
/// Largest number of answers to the questionnaire.
pub const MAX_ANSWERS: usize = 256;
/// Largest number of dogs to leave out.
pub const MAX_EXCLUSIONS: usize = 10_000;
/// Longest id of a dog to leave out, in bytes.
pub const MAX_DOG_ID_BYTES: usize = 1024;
/// Longest language tag, in bytes.
pub const MAX_LANGUAGE_BYTES: usize = 64;
/// Largest number of attribute filters.
pub const MAX_ATTRIBUTE_FILTERS: usize = 16;
/// Longest name of an attribute, in bytes.
pub const MAX_ATTRIBUTE_BYTES: usize = 64;
/// Largest number of values of an attribute filter.
pub const MAX_FILTER_VALUES: usize = 64;
/// Longest value of an attribute filter, in bytes.
pub const MAX_FILTER_VALUE_BYTES: usize = 256;
/// Largest number of traits that dogs are filtered by.
pub const MAX_TRAIT_FILTERS: usize = 16;
/// Largest number of dogs that are deleted in one call.
pub const MAX_DELETIONS: usize = 1000;
/// Largest message of a pushed dog, in bytes.
pub const MAX_PUSH_BYTES: usize = 16 * 1024 * 1024;
/// Largest request that holds lists of ids or filters, in bytes: a thousand ids, and room for the
/// rest.
pub const MAX_LIST_REQUEST_BYTES: usize = 2 * 1024 * 1024;
/// Largest request to the matching service, in bytes: the photos, and room for the rest.
pub const MAX_REQUEST_BYTES: usize = MAX_PHOTOS * MAX_PHOTO_BYTES + 1024 * 1024;
/// Largest request to any other service, in bytes.
pub const MAX_SMALL_REQUEST_BYTES: usize = 4096;
/// Largest number of fields that a message may hold, repeated ones counted each time; in a request
/// also those within its fields. It leaves room beyond the limits above, so that a request that
/// exceeds one of them by a little is told which.
pub const MAX_FIELDS: usize = 2 * (MAX_PHOTOS + MAX_ANSWERS + MAX_EXCLUSIONS);
