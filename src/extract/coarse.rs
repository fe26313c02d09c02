//! Decodes the photo of a person no finer than its face needs.
//!
//! Decoding takes most of the time of a phone's photo. At an eighth of its width and height, a large
//! face is found and measured as well.

use mungpy_core::face::FaceError;

use super::{
    Demand, ExtractError, Extraction, Extractor,
    passes::{Passes, QUICK_SIDE},
    search::FoundFace,
    sight::{Sight, Sighted},
};
use crate::{
    photo::Photo,
    vision::{Descriptor, Detection},
};

/// Distance between the eye centres that a measurement needs, in pixels of the raster. A chip of
/// the landmark network shows 39, one of the descriptor 53.
const INTEROCULAR: f64 = 60.0;
/// Distance between the eye centres, in sides of the detector's box: the median of 5,700 faces.
const INTEROCULAR_IN_BOX: f64 = 0.40;

/// Measures the largest face in a file, and describes it if proportions are estimated.
pub(super) fn describe(
    extractor: &mut Extractor,
    bytes: &[u8],
    demand: &Demand,
) -> Result<(Extraction, Option<Descriptor>), ExtractError> {
    let coarse = extractor.decode(|| Photo::decode_coarsely(bytes, QUICK_SIDE as u32))?;
    if !coarse.is_coarse {
        return extractor.describe_every(&coarse, demand);
    }
    let seen = match find(extractor, &coarse, Passes::Quick, demand) {
        Err(ExtractError::Face(FaceError::NoFace { .. })) => {
            let whole = extractor.decode(|| Photo::decode(bytes))?;
            let seen = find(extractor, &whole, Passes::Thorough, demand)?;
            return extractor.conclude(seen, demand);
        }
        seen => seen?,
    };
    let side = coarse.raster.long_side();
    let wanted = side_for(&seen.found.face, side);
    if wanted <= side {
        return extractor.conclude(seen, demand);
    }
    let finer = extractor.decode(|| Photo::decode_coarsely(bytes, wanted as u32))?;
    let scale = [
        finer.raster.width() as f64 / coarse.raster.width() as f64,
        finer.raster.height() as f64 / coarse.raster.height() as f64,
    ];
    let in_finer = |point: [f64; 2]| [0, 1].map(|axis| (point[axis] + 0.5) * scale[axis] - 0.5);
    let found = FoundFace { face: seen.found.face.map(in_finer), ..seen.found };
    let sight = Sight::turned_as(&finer, seen.is_mirrored())?;
    extractor.conclude(sight.with(found)?, demand)
}

fn find<'a>(
    extractor: &mut Extractor,
    photo: &'a Photo,
    passes: Passes,
    demand: &Demand,
) -> Result<Sighted<'a>, ExtractError> {
    let sight = Sight::of(photo)?;
    let found = extractor.find(&[&sight], passes, demand).remove(0)?;
    let face = sight.choose(&found, demand.choice)?;
    sight.with(face)
}

/// Longer side of the raster in which the eyes of a face are far enough from each other, in pixels;
/// `side` is that of the raster in which the face has this box.
fn side_for(face: &Detection, side: usize) -> usize {
    let apart = INTEROCULAR_IN_BOX * face.side();
    (side as f64 * INTEROCULAR / apart).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_face_needs_more_pixels() {
        let face = |side: f64| Detection {
            left: 10.0,
            top: 20.0,
            right: 10.0 + side,
            bottom: 20.0 + side,
            confidence: 1.0,
        };
        assert!(side_for(&face(200.0), 504) <= 504);
        assert_eq!(side_for(&face(80.0), 504), 945);
    }
}
