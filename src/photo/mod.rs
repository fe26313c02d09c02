//! Turns photo bytes into upright RGB pixels of bounded size.
//!
//! [`Header`] comes first and refuses what must not be decoded. The decoder then reads a JPEG at
//! its smallest cheap size that is large enough.

mod error;
mod header;
mod orientation;
mod raster;
mod warp;

use opencv::{core::Mat, imgcodecs, imgproc, prelude::*};

pub use error::PhotoError;
pub use header::{Format, Header, MAX_PIXELS, MIN_SIDE};
pub use orientation::Turn;
pub use raster::{Chip, Raster, UprightChip};
pub use warp::Warp;

/// Longest side of a decoded photo, in pixels; larger photos are scaled down.
///
/// A face that fills a tenth of the picture still has 128 px.
pub const MAX_SIDE: usize = 1280;
/// A JPEG is decoded at ½, ¼ or ⅛ of its size as long as its longer side keeps this many pixels; a
/// 12-megapixel photo (4000 px) is decoded at ¼.
const REDUCED_SIDE: u32 = 960;

/// A decoded photo.
pub struct Photo {
    /// The upright pixels, neither side longer than [`MAX_SIDE`].
    pub raster: Raster,
    /// Width of the original photo when upright, in pixels.
    pub width: u32,
    /// Height of the original photo when upright, in pixels.
    pub height: u32,
}

impl Photo {
    /// Decodes a JPEG, PNG or WebP.
    pub fn decode(bytes: &[u8]) -> Result<Self, PhotoError> {
        let header = Header::read(bytes)?;
        let orientation = orientation::exif_orientation(bytes);
        let bgr = decode_bgr(bytes, header)?;
        let bgr = orientation::upright(bgr, orientation)?;
        let mut rgb = Mat::default();
        imgproc::cvt_color_def(&bgr, &mut rgb, imgproc::COLOR_BGR2RGB)?;
        let mut raster = Raster::new(rgb);
        if raster.long_side() > MAX_SIDE {
            raster = raster.resized(MAX_SIDE)?;
        }
        let (width, height) = if orientation::swaps_sides(orientation) {
            (header.height, header.width)
        } else {
            (header.width, header.height)
        };
        Ok(Self { raster, width, height })
    }

    /// Pixels of the upright photo per pixel of the raster, in x and y.
    pub fn scale(&self) -> [f64; 2] {
        [
            f64::from(self.width) / self.raster.width() as f64,
            f64::from(self.height) / self.raster.height() as f64,
        ]
    }

    /// Maps a point of the raster to the upright photo, in its pixels.
    pub fn from_raster(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [sx, sy] = self.scale();
        [(x + 0.5) * sx - 0.5, (y + 0.5) * sy - 0.5]
    }

    /// Maps a point of the upright photo to the raster, in its pixels.
    pub fn to_raster(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [sx, sy] = self.scale();
        [(x + 0.5) / sx - 0.5, (y + 0.5) / sy - 0.5]
    }
}

/// Decodes to three channels of 8 bits, whatever the file holds, and ignores the orientation.
fn decode_bgr(bytes: &[u8], header: Header) -> Result<Mat, PhotoError> {
    let corrupt = |detail: String| PhotoError::Corrupt { format: header.format.name(), detail };
    let input = Mat::from_slice(bytes)?;
    let flags = reading_flags(header) | imgcodecs::IMREAD_IGNORE_ORIENTATION;
    let image = imgcodecs::imdecode(&input, flags).map_err(|error| corrupt(error.message))?;
    if image.empty() {
        return Err(corrupt("the decoder gave no pixels".to_owned()));
    }
    Ok(image)
}

fn reading_flags(header: Header) -> i32 {
    let long_side = header.width.max(header.height);
    match header.format {
        Format::Jpeg if long_side / 8 >= REDUCED_SIDE => imgcodecs::IMREAD_REDUCED_COLOR_8,
        Format::Jpeg if long_side / 4 >= REDUCED_SIDE => imgcodecs::IMREAD_REDUCED_COLOR_4,
        Format::Jpeg if long_side / 2 >= REDUCED_SIDE => imgcodecs::IMREAD_REDUCED_COLOR_2,
        _ => imgcodecs::IMREAD_COLOR,
    }
}
