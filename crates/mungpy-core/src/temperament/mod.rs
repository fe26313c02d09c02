//! The temperament questionnaire as data, a person's answers, a dog's traits, and how far they
//! agree.

mod agreement;
mod error;
mod questionnaire;

pub use agreement::{Agreement, Answers, Policy, Profile};
pub use error::TemperamentError;
pub use questionnaire::{Axis, Questionnaire, Side};
