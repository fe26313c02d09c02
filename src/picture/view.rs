//! A dog's photo as pages show it: made anew, upright, without metadata.

use mungpy_core::face::{
    Landmarks,
    landmarks::{distance, midpoint},
};

use crate::photo::{Header, Photo, PhotoError};

/// Quality of the JPEG. More doubles the bytes and shows no more on a page.
const QUALITY: u32 = 85;
/// Longest side to which a photo is decoded before the face is cut out of it.
const MAX_DECODED_SIDE: f64 = 4096.0;
/// Where the eye centres of a face lie in its square, as shares of its side: x of the left and of
/// the right one, and y of both.
pub const FACE_EYES: [f64; 3] = [0.34, 0.66, 0.40];

/// A picture of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// JPEG without metadata.
    pub jpeg: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels of the picture for one pixel of the upright photo.
    pub scale: f64,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The photo cannot be decoded.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// The landmarks lie outside of the photo, so it is another one than was measured.
    #[error("the photo is another one than was measured")]
    OtherPhoto,
}

impl View {
    /// The whole photo, whose longer side has `side` pixels. It is never enlarged.
    pub fn whole(bytes: &[u8], side: usize) -> Result<Self, ViewError> {
        let photo = Photo::decode_within(bytes, side)?;
        let raster = &photo.raster;
        Ok(Self {
            jpeg: raster.encode_jpeg(QUALITY)?,
            width: raster.width() as u32,
            height: raster.height() as u32,
            scale: 1.0 / photo.scale()[0],
        })
    }

    /// The square of `side` pixels around the face, turned so that the eye centres lie at
    /// [`FACE_EYES`]. Outside of the photo its border is repeated.
    pub fn face(bytes: &[u8], landmarks: &Landmarks, side: usize) -> Result<Self, ViewError> {
        let [left, right, down] = FACE_EYES;
        let eyes = landmarks.eye_centres();
        let apart = distance(eyes[0], eyes[1]);
        let scale = (right - left) * side as f64 / apart;
        let (width, height) = upright_size(bytes)?;
        let is_inside = |point: &[f64; 2]| {
            (0.0..width).contains(&(point[0] + 0.5)) && (0.0..height).contains(&(point[1] + 0.5))
        };
        if !eyes.iter().all(is_inside) || apart <= 0.0 {
            return Err(ViewError::OtherPhoto);
        }
        // Pixels that the square does not show need not be decoded.
        let decoded = (scale.min(1.0) * width.max(height)).ceil().min(MAX_DECODED_SIDE);
        let photo = Photo::decode_within(bytes, decoded as usize)?;
        let eyes = eyes.map(|eye| photo.to_raster(eye));
        let apart = distance(eyes[0], eyes[1]);
        let along = [(eyes[1][0] - eyes[0][0]) / apart, (eyes[1][1] - eyes[0][1]) / apart];
        let length = apart / (right - left);
        // From the middle of the eyes down to the middle of the square.
        let drop = (0.5 - down) * length;
        let middle = midpoint(eyes[0], eyes[1]);
        let middle = [middle[0] - along[1] * drop, middle[1] + along[0] * drop];
        let roll = along[1].atan2(along[0]);
        let chip = photo.raster.upright_chip(middle, length, roll, side)?;
        let (width, height) = (side as u32, side as u32);
        Ok(Self { jpeg: chip.raster.encode_jpeg(QUALITY)?, width, height, scale })
    }
}

/// Width and height of the upright photo, in pixels.
fn upright_size(bytes: &[u8]) -> Result<(f64, f64), PhotoError> {
    let (width, height) = Header::read(bytes)?.upright_size();
    Ok((f64::from(width), f64::from(height)))
}
