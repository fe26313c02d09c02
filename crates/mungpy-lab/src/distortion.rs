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
    Jpeg(u32),
    /// Brightness multiplied, in percent.
    Brightness(u32),
    /// Cut to twice the extent of the landmarks.
    Cropped,
    /// Dark frames drawn around the eyes.
    Glasses,
    /// Nose, mouth and chin covered by a mask.
    Mask,
    /// Left and right exchanged.
    Mirrored,
}

impl Distortion {
    /// Every distortion that is tried.
    pub const ALL: [Self; 11] = [
        Self::Turned(15),
        Self::Turned(-15),
        Self::Scaled(50),
        Self::Scaled(200),
        Self::Jpeg(50),
        Self::Brightness(70),
        Self::Brightness(130),
        Self::Cropped,
        Self::Glasses,
        Self::Mask,
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
            Self::Glasses => "glasses".to_owned(),
            Self::Mask => "mask".to_owned(),
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
            Self::Glasses | Self::Mask => self.worn(photo, &landmarks()?)?,
            Self::Mirrored => raster.mirrored()?,
        };
        Ok(Photo {
            width: changed.width() as u32,
            height: changed.height() as u32,
            raster: changed,
            is_coarse: false,
        })
    }

    /// The photo with what a person may wear.
    fn worn(self, photo: &Photo, landmarks: &Landmarks) -> Result<Raster, PhotoError> {
        let landmarks = landmarks.map(|point| photo.to_raster(point));
        let frame = EyeFrame::of(&landmarks);
        let nose = frame.place(landmarks.0[9])[1];
        let chin = frame.place(landmarks.0[15])[1];
        let glasses = |[x, y]: [f64; 2]| {
            let rim = (x.abs() - 0.5).hypot(y);
            (0.30..0.37).contains(&rim)
                || (y.abs() < 0.03 && !(0.2..0.87).contains(&x.abs()) && x.abs() < 1.1)
        };
        let mask = |[x, y]: [f64; 2]| y > nose && y < chin + 0.1 && x.abs() < 0.85;
        match self {
            Self::Glasses => {
                photo.raster.painted(|point| glasses(frame.place(point)), [25, 22, 20])
            }
            _ => photo.raster.painted(|point| mask(frame.place(point)), [200, 215, 230]),
        }
    }
}

/// A face in the frame of its own eyes: the middle between them, and the unit along their line.
struct EyeFrame {
    middle: [f64; 2],
    along: [f64; 2],
    interocular: f64,
}

impl EyeFrame {
    fn of(landmarks: &Landmarks) -> Self {
        let [left, right] = landmarks.eye_centres();
        let interocular = landmarks.interocular_distance();
        Self {
            middle: [f64::midpoint(left[0], right[0]), f64::midpoint(left[1], right[1])],
            along: [(right[0] - left[0]) / interocular, (right[1] - left[1]) / interocular],
            interocular,
        }
    }

    /// Along the line of the eyes and down the face, in interocular distances.
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (dx, dy) = (x - self.middle[0], y - self.middle[1]);
        let [cos, sin] = self.along;
        [(dx * cos + dy * sin) / self.interocular, (dy * cos - dx * sin) / self.interocular]
    }
}

fn cropped(photo: &Photo, landmarks: &Landmarks) -> Result<Raster, PhotoError> {
    let ([x, y], side) = landmarks.map(|point| photo.to_raster(point)).square(2.0);
    let chip = photo.raster.chip(x, y, side, side.round() as usize)?;
    Ok(chip.raster)
}
