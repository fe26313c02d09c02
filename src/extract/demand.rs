//! What a caller wants of a photo, and whether it still wants it.

use mungpy_core::face::Point;

/// Which face of a photo is meant.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FaceChoice {
    /// The largest of the faces that are sure.
    #[default]
    Largest,
    /// The only one; a photo that shows several is refused.
    Single,
    /// The one whose box is nearest to a point, in pixels of the upright photo.
    Nearest(Point),
}

/// What a caller wants of a photo.
#[derive(Clone, Copy)]
pub struct Demand<'a> {
    /// Which face is meant.
    pub choice: FaceChoice,
    /// Whether somebody still waits for the answer; asked before each stage.
    pub wanted: &'a dyn Fn() -> bool,
}

/// Nobody waits for the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody waits for the answer any more")]
pub struct Unwanted;

impl Default for Demand<'_> {
    /// The largest face, whoever waits.
    fn default() -> Self {
        Self { choice: FaceChoice::Largest, wanted: &|| true }
    }
}

impl Demand<'_> {
    /// Fails once nobody waits any more.
    pub(super) fn check(&self) -> Result<(), Unwanted> {
        if (self.wanted)() { Ok(()) } else { Err(Unwanted) }
    }
}
