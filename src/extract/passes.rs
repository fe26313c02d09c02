//! The passes of a search: at which size, and how turned, a photo is searched.

use mungpy_core::face::Species;

use crate::photo::{Chip, PhotoError, Raster, Turn};

/// One search over a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pass {
    /// Longer side that the photo is scaled to, in pixels.
    pub(super) side: usize,
    /// How the photo is turned.
    pub(super) turn: Turn,
    /// Whether to search four overlapping quarters (two in a flat photo), because a detector's
    /// memory grows with the area (dlib's CNN: 0.8 GB for 1536 px).
    pub(super) in_quarters: bool,
}

/// Which passes run. Cheap ones come first; each further one runs only if the last found nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Passes {
    /// Those over a small raster, which show large faces quickly (HOG: 320 px in 8 ms, 480 px in
    /// 17).
    Quick,
    /// Those that are left when the quick ones have found nothing.
    Thorough,
    /// All.
    All,
    /// Those that show the small faces beside a large one as well.
    EveryFace,
}

impl Passes {
    /// The passes of a species. Persons are at last searched for sideways and upside down, because
    /// many photos have lost their EXIF orientation.
    pub(super) fn of(self, species: Species) -> Vec<Pass> {
        let (mut quick, thorough) = match species {
            Species::Person => {
                let turned = [Turn::Quarter, Turn::ThreeQuarters, Turn::Half]
                    .map(|turn| Pass { turn, ..Pass::upright(QUICK_SIDE) });
                let thorough = [Pass::upright(960)].into_iter().chain(turned).collect();
                (vec![Pass::upright(LARGE_FACES_SIDE), Pass::upright(QUICK_SIDE)], thorough)
            }
            Species::Dog => {
                let close = Pass { in_quarters: true, ..Pass::upright(CLOSE_SIDE) };
                (vec![Pass::upright(384)], vec![Pass::upright(768), close])
            }
        };
        match self {
            Self::Quick => quick,
            Self::All => {
                quick.extend(thorough);
                quick
            }
            Self::Thorough | Self::EveryFace => thorough,
        }
    }
}

/// Longer side of a photo, in pixels, at which a person's face that is a quarter as wide is found.
pub(super) const LARGE_FACES_SIDE: usize = 320;
/// Longer side, in pixels, that the quick passes over a photo of a person need at most.
pub(super) const QUICK_SIDE: usize = 480;

/// At this side, a head of 40 px in a photo of 960 px has 69 px. The detector's window has 80 px:
/// it misses 3 of 60 such heads, and 8 at 1536 px.
const CLOSE_SIDE: usize = 1664;
/// Largest factor by which a photo is enlarged to search its quarters.
const MAX_CLOSE_ENLARGEMENT: f64 = CLOSE_SIDE as f64 / 960.0;
/// Side of a quarter, as a share of the photo's longer side. Two quarters overlap by three of the
/// smallest heads, and a 16:9 photo has a single row of them.
const QUARTER: f64 = 0.57;

/// Shortest side that dlib accepts, in pixels.
const SHORTEST_SIDE: usize = 16;
/// Largest factor by which a small photo is enlarged for a search.
const MAX_ENLARGEMENT: usize = 3;

impl Pass {
    /// A pass over the whole photo as it stands.
    fn upright(side: usize) -> Self {
        Self { side, turn: Turn::None, in_quarters: false }
    }

    /// Adapts the pass to a raster with this longer side; `None` if it is not worth running.
    pub(super) fn within(self, long_side: usize) -> Option<Self> {
        if !self.in_quarters {
            return Some(Self { side: self.side.min(long_side * MAX_ENLARGEMENT), ..self });
        }
        let side = self.side.min((long_side as f64 * MAX_CLOSE_ENLARGEMENT) as usize);
        // Below this, it would show hardly more than the previous pass.
        (side >= 1000).then_some(Self { side, ..self })
    }

    /// The views of a raster to search, scaled and turned; none for a strip too narrow to hold a
    /// face.
    pub(super) fn views(self, raster: &Raster) -> Result<Vec<Chip>, PhotoError> {
        if !self.in_quarters {
            let short_side = raster.width().min(raster.height()) * self.side / raster.long_side();
            let is_strip = short_side < SHORTEST_SIDE;
            return if is_strip {
                Ok(Vec::new())
            } else {
                Ok(vec![raster.whole(self.side, self.turn)?])
            };
        }
        let length = QUARTER * raster.long_side() as f64;
        let side = (QUARTER * self.side as f64).round() as usize;
        let [columns, rows] =
            [raster.width(), raster.height()].map(|all| starts(all as f64, length));
        let corners = rows.iter().flat_map(|&top| columns.iter().map(move |&left| (left, top)));
        corners.map(|(left, top)| raster.chip(left, top, length, side)).collect()
    }
}

/// Start positions of pieces of this length that cover a side: two, or a centred one if the side is
/// no longer than a piece.
fn starts(all: f64, length: f64) -> Vec<f64> {
    if all <= length { vec![(all - length) / 2.0] } else { vec![0.0, all - length] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_cover_a_photo_and_overlap_by_small_heads() {
        assert_eq!(starts(540.0, QUARTER * 960.0).len(), 1, "16:9 has one row");
        for (width, height) in [(960.0, 960.0), (960.0, 720.0), (640.0, 960.0), (960.0, 300.0)] {
            let length = QUARTER * 960.0;
            for all in [width, height] {
                let pieces = starts(all, length);
                assert!(pieces[0] <= 0.0 && pieces[pieces.len() - 1] + length >= all);
                assert!(pieces.windows(2).all(|two| two[0] + length - two[1] >= 80.0));
            }
        }
    }

    #[test]
    fn only_photos_with_room_for_small_heads_are_searched_in_quarters() {
        let close = Passes::All.of(Species::Dog)[2];
        assert_eq!(close.within(384), None);
        assert_eq!(close.within(640).map(|pass| pass.side), Some(1109));
        assert_eq!(close.within(1900).map(|pass| pass.side), Some(CLOSE_SIDE));
    }
}
