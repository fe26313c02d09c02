//! Writes a raster as a file.

use super::{PhotoError, Raster, libjpeg};

impl Raster {
    /// Encodes the picture as a PNG.
    pub fn encode_png(&self) -> Result<Vec<u8>, PhotoError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width() as u32, self.height() as u32);
        encoder.set_color(png::ColorType::Rgb);
        let pixels = self.bytes()?;
        let written = encoder.write_header().and_then(|mut png| png.write_image_data(pixels));
        written.map_err(|_| PhotoError::OutOfMemory)?;
        Ok(bytes)
    }

    /// Encodes the picture as a JPEG with a quality from 0 to 100.
    pub fn encode_jpeg(&self, quality: u32) -> Result<Vec<u8>, PhotoError> {
        libjpeg::encode(self.bytes()?, self.width(), self.height(), quality)
    }
}
