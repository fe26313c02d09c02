//! What callers get, as JSON.
//!
//! - [`face`]: faces, landmarks, quality, advice
//! - [`dog`]: dogs, and what people should know who want to adopt them
//! - [`likeness`]: the dogs most like a person, and why

pub(crate) mod dog;
pub(crate) mod face;
pub(crate) mod likeness;

/// A text that is absent rather than empty.
fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A number with at most so many decimals, as nobody needs all of them.
fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}
