//! Turns photo bytes into upright RGB pixels of bounded size.
//!
//! [`Header`] comes first and refuses what must not be decoded. The decoder then reads a JPEG at
//! its smallest cheap size that is large enough.

mod decode;
mod encode;
mod error;
mod header;
mod libjpeg;
mod orientation;
mod raster;
mod warp;

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

/// Scans of a JPEG up to which it may be decoded more coarsely first. Those of a progressive file
/// take most of the time at any size, and each decoding repeats them all.
const FEW_SCANS: u32 = 3;

/// A decoded photo.
pub struct Photo {
    /// The upright pixels, neither side longer than [`MAX_SIDE`].
    pub raster: Raster,
    /// Width of the original photo when upright, in pixels.
    pub width: u32,
    /// Height of the original photo when upright, in pixels.
    pub height: u32,
    /// Whether [`Photo::decode`] shows more detail of it.
    pub is_coarse: bool,
}

impl Photo {
    /// Decodes a JPEG, PNG or WebP.
    pub fn decode(bytes: &[u8]) -> Result<Self, PhotoError> {
        Self::decode_coarsely(bytes, REDUCED_SIDE)
    }

    /// Decodes a photo so that its longer side has `side` pixels, or as many as it has if those are
    /// fewer.
    pub fn decode_within(bytes: &[u8], side: usize) -> Result<Self, PhotoError> {
        let header = Header::read(bytes)?;
        Self::of_header(bytes, &header, side as u32, side)
    }

    /// Decodes a JPEG at the smallest cheap size whose longer side has `least_side` pixels, and
    /// never finer than [`Photo::decode`] does. Other files are decoded as there, and so are JPEGs of
    /// many scans.
    pub fn decode_coarsely(bytes: &[u8], least_side: u32) -> Result<Self, PhotoError> {
        let header = Header::read(bytes)?;
        let least_side =
            if header.scans() > FEW_SCANS { REDUCED_SIDE } else { least_side.min(REDUCED_SIDE) };
        Self::of_header(bytes, &header, least_side, MAX_SIDE)
    }

    fn of_header(
        bytes: &[u8],
        header: &Header,
        least_side: u32,
        max_side: usize,
    ) -> Result<Self, PhotoError> {
        let raster = decode::decode(bytes, header, least_side, max_side)?;
        let (width, height) = header.upright_size();
        let is_coarse = decode::shows_more(header, REDUCED_SIDE, least_side);
        Ok(Self { raster, width, height, is_coarse })
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
