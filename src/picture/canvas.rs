//! Drawing on a raster.

use mungpy_core::face::{Landmarks, landmarks::OUTLINE};
use opencv::{
    core::{self, Mat, Point, Rect, Scalar, Size},
    imgproc,
    prelude::*,
};

use crate::{
    photo::{PhotoError, Raster},
    vision::Detection,
};

/// A colour: red, green, blue.
pub(super) type Colour = [u8; 3];

pub(super) const INK: Colour = [38, 38, 44];
pub(super) const FAINT: Colour = [134, 134, 142];
pub(super) const PAPER: Colour = [250, 248, 244];
pub(super) const ACCENT: Colour = [226, 88, 62];
pub(super) const LIGHT: Colour = [255, 255, 255];

fn scalar([r, g, b]: Colour) -> Scalar {
    Scalar::new(f64::from(r), f64::from(g), f64::from(b), 255.0)
}

fn pixel([x, y]: [f64; 2]) -> Point {
    Point::new(x.round() as i32, y.round() as i32)
}

/// A drawing in progress.
pub(super) struct Canvas {
    rgb: Mat,
}

impl Canvas {
    /// A blank canvas.
    pub(super) fn new(width: usize, height: usize) -> Result<Self, PhotoError> {
        let size = Size::new(width as i32, height as i32);
        Ok(Self { rgb: Mat::new_size_with_default(size, core::CV_8UC3, scalar(PAPER))? })
    }

    /// The finished picture.
    pub(super) fn into_raster(self) -> Raster {
        Raster::new(self.rgb)
    }

    /// Places a picture with its upper left corner at `(x, y)`.
    pub(super) fn paste(&mut self, raster: &Raster, x: usize, y: usize) -> Result<(), PhotoError> {
        let place = Rect::new(x as i32, y as i32, raster.width() as i32, raster.height() as i32);
        let mut target = Mat::roi_mut(&mut self.rgb, place)?;
        raster.mat().copy_to(&mut target)?;
        Ok(())
    }

    /// Draws the 16 landmarks with their outline; a light rim keeps them visible on any fur.
    pub(super) fn face(&mut self, landmarks: &Landmarks, weight: i32) -> Result<(), PhotoError> {
        for (colour, extra) in [(LIGHT, 1), (ACCENT, 0)] {
            for (a, b) in OUTLINE {
                self.line(landmarks.0[a], landmarks.0[b], colour, weight + 2 * extra)?;
            }
        }
        for point in landmarks.0 {
            self.dot(point, weight + 3, LIGHT)?;
            self.dot(point, weight + 1, ACCENT)?;
        }
        Ok(())
    }

    /// Draws a box.
    pub(super) fn frame(&mut self, face: &Detection, weight: i32) -> Result<(), PhotoError> {
        let (a, b) = (pixel([face.left, face.top]), pixel([face.right, face.bottom]));
        let place = Rect::new(a.x, a.y, b.x - a.x, b.y - a.y);
        imgproc::rectangle(&mut self.rgb, place, scalar(LIGHT), weight + 2, imgproc::LINE_AA, 0)?;
        imgproc::rectangle(&mut self.rgb, place, scalar(ACCENT), weight, imgproc::LINE_AA, 0)?;
        Ok(())
    }

    /// Draws a straight line.
    pub(super) fn line(
        &mut self,
        a: [f64; 2],
        b: [f64; 2],
        colour: Colour,
        weight: i32,
    ) -> Result<(), PhotoError> {
        imgproc::line(
            &mut self.rgb,
            pixel(a),
            pixel(b),
            scalar(colour),
            weight,
            imgproc::LINE_AA,
            0,
        )?;
        Ok(())
    }

    /// Draws a filled circle.
    pub(super) fn dot(
        &mut self,
        at: [f64; 2],
        radius: i32,
        colour: Colour,
    ) -> Result<(), PhotoError> {
        imgproc::circle(
            &mut self.rgb,
            pixel(at),
            radius,
            scalar(colour),
            imgproc::FILLED,
            imgproc::LINE_AA,
            0,
        )?;
        Ok(())
    }

    /// Draws a line of text with its lower left corner at `at`; the font has only ASCII.
    pub(super) fn text(
        &mut self,
        text: &str,
        at: [f64; 2],
        size: f64,
        colour: Colour,
    ) -> Result<(), PhotoError> {
        let font = imgproc::FONT_HERSHEY_DUPLEX;
        let scale = size / 22.0;
        imgproc::put_text(
            &mut self.rgb,
            text,
            pixel(at),
            font,
            scale,
            scalar(colour),
            1,
            imgproc::LINE_AA,
            false,
        )?;
        Ok(())
    }
}
