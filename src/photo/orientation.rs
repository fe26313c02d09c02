//! EXIF orientation, and rotation in steps of 90°.

use opencv::{
    core::{self, Mat},
    prelude::*,
};

use super::Raster;

/// Whether this orientation swaps width and height.
pub(super) fn swaps_sides(orientation: u32) -> bool {
    orientation >= 5
}

/// Rotates and mirrors the image to the way it is meant to be seen.
pub(super) fn upright(raster: Raster, orientation: u32) -> opencv::Result<Raster> {
    let image = raster.mat();
    let mut out = Mat::default();
    match orientation {
        2 => core::flip(image, &mut out, 1)?,
        3 => core::rotate(image, &mut out, core::ROTATE_180)?,
        4 => core::flip(image, &mut out, 0)?,
        5 => core::transpose(image, &mut out)?,
        6 => core::rotate(image, &mut out, core::ROTATE_90_CLOCKWISE)?,
        7 => {
            let mut transposed = Mat::default();
            core::transpose(image, &mut transposed)?;
            core::rotate(&transposed, &mut out, core::ROTATE_180)?;
        }
        8 => core::rotate(image, &mut out, core::ROTATE_90_COUNTERCLOCKWISE)?,
        _ => return Ok(raster),
    }
    Ok(Raster::new(out))
}

/// A clockwise rotation of an image in steps of 90°.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Turn {
    /// Unchanged.
    #[default]
    None,
    /// 90° clockwise.
    Quarter,
    /// 180°.
    Half,
    /// 270° clockwise.
    ThreeQuarters,
}

impl Turn {
    /// Degrees, clockwise.
    pub fn degrees(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }

    /// The turn of the mirror image that corresponds to this turn of the picture.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::None | Self::Half => self,
            Self::Quarter => Self::ThreeQuarters,
            Self::ThreeQuarters => Self::Quarter,
        }
    }

    pub(super) fn apply(self, image: &Mat) -> opencv::Result<Mat> {
        let mut out = Mat::default();
        match self {
            Self::None => return image.try_clone(),
            Self::Quarter => core::rotate(image, &mut out, core::ROTATE_90_CLOCKWISE)?,
            Self::Half => core::rotate(image, &mut out, core::ROTATE_180)?,
            Self::ThreeQuarters => core::rotate(image, &mut out, core::ROTATE_90_COUNTERCLOCKWISE)?,
        }
        Ok(out)
    }

    /// Maps a point of the turned image to the original.
    ///
    /// `width` and `height` are those of the original, in pixels. Pixel centres have integer
    /// coordinates.
    pub fn undo(self, [x, y]: [f64; 2], width: f64, height: f64) -> [f64; 2] {
        match self {
            Self::None => [x, y],
            Self::Quarter => [y, height - 1.0 - x],
            Self::Half => [width - 1.0 - x, height - 1.0 - y],
            Self::ThreeQuarters => [width - 1.0 - y, x],
        }
    }
}
