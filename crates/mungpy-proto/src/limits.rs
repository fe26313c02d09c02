//! Limits of the contract, which the engine checks and the gateway checks before it.

/// Largest photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// Most photos of a person in one request.
pub const MAX_PHOTOS: usize = 5;
/// Most dogs named in one answer.
pub const MAX_TOP: u32 = 100;
