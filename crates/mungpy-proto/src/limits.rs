//! Limits of the contract. The gateway checks them first, then the engine.

/// Largest photo, in bytes.
pub const MAX_PHOTO_BYTES: usize = 10 * 1024 * 1024;
/// Largest number of photos of a person in one request.
pub const MAX_PHOTOS: usize = 5;
/// Largest number of dogs named in one response.
pub const MAX_TOP: u32 = 100;
