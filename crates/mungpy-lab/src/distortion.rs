//! Changes of a photo that must not change the answer.

use mungpy::photo::{Photo, PhotoError, Raster};
use mungpy_core::face::Landmarks;

/// A change of a photo that leaves the face the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distortion {
    /// Turned by so many degrees, clockwise.
    Turned(i32),
    /// Scaled to so many percent.
    Scaled(u32),
    /// Written as a JPEG of this quality.
    Jpeg(i32),
    /// Brightness multiplied, in percent.
    Brightness(u32),
    /// Cut to twice the extent of the landmarks.
    Cropped,
    /// Left and right exchanged.
    Mirrored,
}

impl Distortion {
    /// Every distortion that is tried.
    pub const ALL: [Self; 9] = [
        Self::Turned(15),
        Self::Turned(-15),
        Self::Scaled(50),
        Self::Scaled(200),
        Self::Jpeg(50),
        Self::Brightness(70),
        Self::Brightness(130),
        Self::Cropped,
        Self::Mirrored,
    ];

    /// A short name.
    pub fn name(self) -> String {
        match self {
            Self::Turned(degrees) => format!("turned {degrees:+}°"),
            Self::Scaled(percent) => format!("scaled to {percent} %"),
            Self::Jpeg(quality) => format!("JPEG quality {quality}"),
            Self::Brightness(percent) => format!("brightness {percent} %"),
            Self::Cropped => "cropped to the face".to_owned(),
            Self::Mirrored => "mirrored".to_owned(),
        }
    }

    /// The changed photo. `landmarks` finds those of the unchanged one, in its
    /// pixels; only a distortion that needs them calls it.
    pub fn apply<E: From<PhotoError>>(
        self,
        photo: &Photo,
        landmarks: impl FnOnce() -> Result<Landmarks, E>,
    ) -> Result<Photo, E> {
        let raster = &photo.raster;
        let changed = match self {
            Self::Turned(degrees) => raster.rotated(f64::from(degrees))?,
            Self::Scaled(percent) => {
                raster.resized((raster.long_side() * percent as usize / 100).max(32))?
            }
            Self::Jpeg(quality) => return Ok(Photo::decode(&raster.encode_jpeg(quality)?)?),
            Self::Brightness(percent) => raster.brightened(f64::from(percent) / 100.0)?,
            Self::Cropped => cropped(photo, &landmarks()?)?,
            Self::Mirrored => raster.mirrored()?,
        };
        Ok(Photo {
            width: changed.width() as u32,
            height: changed.height() as u32,
            raster: changed,
        })
    }
}

fn cropped(photo: &Photo, landmarks: &Landmarks) -> Result<Raster, PhotoError> {
    let ([x, y], side) = landmarks.map(|point| photo.to_raster(point)).square(2.0);
    let chip = photo.raster.chip(x, y, side, side.round() as usize)?;
    Ok(chip.raster)
}
