//! RGB pixels in memory, with scaling, rotation, cropping and warping.

use opencv::{
    core::{self, Mat, Point2f, Rect, Scalar, Size, ToInputArray},
    imgproc,
    prelude::*,
};

use super::{PhotoError, Turn, Warp};

/// RGB pixels, 8 bits per channel, rows from the top, without padding.
pub struct Raster {
    rgb: Mat,
}

/// All or part of a raster, scaled.
///
/// A point `(x, y)` of the chip is at `origin + (x + 0.5) * scale - 0.5` in the raster it was cut
/// from. Pixel centres have integer coordinates.
pub struct Chip {
    /// The scaled pixels.
    pub raster: Raster,
    origin: [f64; 2],
    scale: f64,
}

impl Chip {
    /// Maps a point of the chip to the raster it was cut from, in pixels.
    pub fn to_raster(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            self.origin[0] + (x + 0.5) * self.scale - 0.5,
            self.origin[1] + (y + 0.5) * self.scale - 0.5,
        ]
    }

    /// Maps a point of the raster to the chip, in its pixels.
    pub fn from_raster(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            (x + 0.5 - self.origin[0]) / self.scale - 0.5,
            (y + 0.5 - self.origin[1]) / self.scale - 0.5,
        ]
    }
}

/// A square part of a raster, rotated upright and scaled.
pub struct UprightChip {
    /// The rotated and scaled pixels.
    pub raster: Raster,
    /// The larger square in which it was rotated.
    outer: Chip,
    /// Centre of the chip in the larger square, in that square's pixels.
    middle: [f64; 2],
    /// Cosine and sine of the roll, times pixels of the chip per pixel of the larger square.
    turn: [f64; 2],
}

impl UprightChip {
    /// Maps a point of the chip to the raster it was cut from, in pixels.
    pub fn to_raster(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let half = (self.raster.width() as f64 - 1.0) / 2.0;
        let ([x, y], [cos, sin]) = ([x - half, y - half], self.turn);
        let square = cos * cos + sin * sin;
        self.outer.to_raster([
            self.middle[0] + (cos * x - sin * y) / square,
            self.middle[1] + (sin * x + cos * y) / square,
        ])
    }
}

impl Raster {
    /// Wraps a continuous three-channel matrix of bytes in RGB order.
    pub(crate) fn new(rgb: Mat) -> Self {
        debug_assert!(rgb.is_continuous() && rgb.channels() == 3);
        Self { rgb }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.rgb.cols() as usize
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.rgb.rows() as usize
    }

    /// Length of the longer side in pixels.
    pub fn long_side(&self) -> usize {
        self.width().max(self.height())
    }

    /// `height * width * 3` bytes.
    pub fn bytes(&self) -> Result<&[u8], PhotoError> {
        Ok(self.rgb.data_bytes()?)
    }

    /// The underlying matrix, for drawing.
    pub(crate) fn mat(&self) -> &Mat {
        &self.rgb
    }

    /// Scales the picture so that its longer side has `side` pixels.
    pub fn resized(&self, side: usize) -> Result<Self, PhotoError> {
        Ok(Self { rgb: resized(&self.rgb, side)? })
    }

    /// The whole picture, turned, as a chip whose longer side has `side` pixels.
    pub fn whole(&self, side: usize, turn: Turn) -> Result<Chip, PhotoError> {
        let scale = self.long_side() as f64 / side as f64;
        Ok(Chip { raster: self.resized(side)?.turned(turn)?, origin: [0.0; 2], scale })
    }

    /// Turns the picture.
    pub fn turned(&self, turn: Turn) -> Result<Self, PhotoError> {
        Ok(Self { rgb: turn.apply(&self.rgb)? })
    }

    /// The mirror image, with left and right swapped.
    pub fn mirrored(&self) -> Result<Self, PhotoError> {
        let mut rgb = Mat::default();
        core::flip(&self.rgb, &mut rgb, 1)?;
        Ok(Self { rgb })
    }

    /// Whether the left half is brighter than the right one. If this holds for a picture, it does
    /// not hold for its mirror image.
    pub fn is_brighter_left(&self) -> Result<bool, PhotoError> {
        let (width, height) = (self.rgb.cols(), self.rgb.rows());
        let half = |x: i32| -> Result<f64, PhotoError> {
            let pixels = Mat::roi(&self.rgb, Rect::new(x, 0, (width / 2).max(1), height))?;
            Ok(core::sum_elems(&pixels)?.0.iter().sum())
        };
        Ok(half(0)? > half(width - (width / 2).max(1))?)
    }

    /// Cuts the square with the upper left corner `(left, top)` and scales it to `side` pixels.
    /// Outside the picture the border is repeated.
    pub fn chip(&self, left: f64, top: f64, length: f64, side: usize) -> Result<Chip, PhotoError> {
        let (x, y, n) = (left.round() as i32, top.round() as i32, (length.round() as i32).max(1));
        let inner =
            |at: i32, all: usize| (at.clamp(0, all as i32 - 1), (at + n).clamp(1, all as i32));
        let (x0, x1) = inner(x, self.width());
        let (y0, y1) = inner(y, self.height());
        let inside = Mat::roi(&self.rgb, Rect::new(x0, y0, (x1 - x0).max(1), (y1 - y0).max(1)))?;
        let mut square = Mat::default();
        core::copy_make_border(
            &inside,
            &mut square,
            (y0 - y).max(0),
            (y + n - y1).max(0),
            (x0 - x).max(0),
            (x + n - x1).max(0),
            core::BORDER_REPLICATE,
            Scalar::default(),
        )?;
        let rgb = resize(&square, Size::new(side as i32, side as i32))?;
        Ok(Chip {
            raster: Self { rgb },
            origin: [f64::from(x), f64::from(y)],
            scale: f64::from(n) / side as f64,
        })
    }

    /// Cuts the square of side `length` pixels around `middle` that is tilted clockwise by `roll`
    /// radians, rotates it upright and scales it to `side` pixels.
    pub fn upright_chip(
        &self,
        middle: [f64; 2],
        length: f64,
        roll: f64,
        side: usize,
    ) -> Result<UprightChip, PhotoError> {
        // Half as large again, because a tilted square needs that much room.
        let (reach, outer_side) = (1.5 * length, side + side / 2);
        let (left, top) = (middle[0] - reach / 2.0, middle[1] - reach / 2.0);
        let outer = self.chip(left, top, reach, outer_side)?;
        let middle = outer.from_raster(middle);
        let zoom = outer.scale * side as f64 / length;
        let (cos, sin) = (zoom * roll.cos(), zoom * roll.sin());
        let half = (side as f64 - 1.0) / 2.0;
        let matrix = Mat::from_slice_2d(&[
            [cos, sin, half - cos * middle[0] - sin * middle[1]],
            [-sin, cos, half + sin * middle[0] - cos * middle[1]],
        ])?;
        let mut rgb = Mat::default();
        imgproc::warp_affine(
            &outer.raster.rgb,
            &mut rgb,
            &matrix,
            Size::new(side as i32, side as i32),
            imgproc::INTER_LINEAR,
            core::BORDER_REPLICATE,
            Scalar::default(),
        )?;
        Ok(UprightChip { raster: Self { rgb }, outer, middle, turn: [cos, sin] })
    }

    /// Rotates the picture clockwise about its centre; the exposed corners repeat the border.
    pub fn rotated(&self, degrees: f64) -> Result<Self, PhotoError> {
        let (width, height) = (self.rgb.cols() as f32, self.rgb.rows() as f32);
        let middle = Point2f::new((width - 1.0) / 2.0, (height - 1.0) / 2.0);
        let matrix = imgproc::get_rotation_matrix_2d(middle, -degrees, 1.0)?;
        let mut rgb = Mat::default();
        imgproc::warp_affine(
            &self.rgb,
            &mut rgb,
            &matrix,
            self.rgb.size()?,
            imgproc::INTER_LINEAR,
            core::BORDER_REPLICATE,
            Scalar::default(),
        )?;
        Ok(Self { rgb })
    }

    /// Warps the picture; exposed areas repeat the border.
    pub fn warped(&self, warp: &Warp) -> Result<Self, PhotoError> {
        let [x, y] = warp.sources(self.width(), self.height());
        let axis = |values: &[f32]| -> opencv::Result<Mat> {
            Mat::from_slice(values)?.reshape(1, self.rgb.rows())?.try_clone()
        };
        let mut rgb = Mat::default();
        imgproc::remap(
            &self.rgb,
            &mut rgb,
            &axis(&x)?,
            &axis(&y)?,
            imgproc::INTER_LINEAR,
            core::BORDER_REPLICATE,
            Scalar::default(),
        )?;
        Ok(Self { rgb })
    }

    /// Multiplies the brightness of the picture.
    pub fn brightened(&self, factor: f64) -> Result<Self, PhotoError> {
        let mut rgb = Mat::default();
        self.rgb.convert_to(&mut rgb, -1, factor, 0.0)?;
        Ok(Self { rgb })
    }

    /// Paints every pixel that lies in a region: `is_inside` takes x and y of its centre.
    pub fn painted(
        &self,
        is_inside: impl Fn([f64; 2]) -> bool,
        colour: [u8; 3],
    ) -> Result<Self, PhotoError> {
        let mut rgb = self.rgb.clone();
        let width = self.width();
        for (number, pixel) in rgb.data_bytes_mut()?.chunks_exact_mut(3).enumerate() {
            if is_inside([(number % width) as f64, (number / width) as f64]) {
                pixel.copy_from_slice(&colour);
            }
        }
        Ok(Self { rgb })
    }

    /// Mean brightness (luma), 0 is black and 1 is white.
    pub fn brightness(&self) -> Result<f64, PhotoError> {
        let mut grey = Mat::default();
        imgproc::cvt_color_def(&self.rgb, &mut grey, imgproc::COLOR_RGB2GRAY)?;
        Ok(core::mean_def(&grey)?[0] / 255.0)
    }

    /// Detail in the picture: the standard deviation of its Laplacian over that of its brightness,
    /// after scaling to 96 px (Pech-Pacheco et al., 2000).
    ///
    /// Independent of size and contrast; 0 is a flat surface.
    pub fn sharpness(&self) -> Result<f64, PhotoError> {
        const SIDE: i32 = 96;
        let small = resize(&self.rgb, Size::new(SIDE, SIDE))?;
        let (mut grey, mut laplacian) = (Mat::default(), Mat::default());
        imgproc::cvt_color_def(&small, &mut grey, imgproc::COLOR_RGB2GRAY)?;
        imgproc::laplacian_def(&grey, &mut laplacian, core::CV_32F)?;
        let contrast = standard_deviation(&grey)?;
        Ok(if contrast > 0.0 { standard_deviation(&laplacian)? / contrast } else { 0.0 })
    }
}

fn standard_deviation(image: &Mat) -> opencv::Result<f64> {
    let (mut mean, mut deviation) = (Mat::default(), Mat::default());
    core::mean_std_dev_def(image, &mut mean, &mut deviation)?;
    Ok(*deviation.at::<f64>(0)?)
}

/// Scales an image so that its longer side has `side` pixels.
pub(super) fn resized(
    image: &(impl MatTraitConst + ToInputArray),
    side: usize,
) -> opencv::Result<Mat> {
    let factor = side as f64 / f64::from(image.cols().max(image.rows()));
    let at_factor = |length: i32| ((f64::from(length) * factor).round() as i32).max(1);
    resize(image, Size::new(at_factor(image.cols()), at_factor(image.rows())))
}

/// Averages pixels when shrinking, to avoid aliasing.
fn resize(image: &(impl MatTraitConst + ToInputArray), size: Size) -> opencv::Result<Mat> {
    let shrinks = size.width < image.cols() || size.height < image.rows();
    let interpolation = if shrinks { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR };
    let mut out = Mat::default();
    imgproc::resize(image, &mut out, size, 0.0, 0.0, interpolation)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose red channel encodes the column and whose green channel encodes the row.
    fn map() -> Raster {
        let bytes: Vec<u8> =
            (0..256 * 256).flat_map(|i| [(i % 256) as u8, (i / 256) as u8, 0]).collect();
        let flat = Mat::from_slice(&bytes).unwrap();
        Raster::new(flat.reshape(3, 256).unwrap().try_clone().unwrap())
    }

    #[test]
    fn an_upright_chip_shows_what_lies_where_it_says() {
        let chip = map().upright_chip([120.0, 140.0], 60.0, 0.5, 160).unwrap();
        let bytes = chip.raster.bytes().unwrap();
        for (x, y) in [(10, 20), (80, 80), (150, 30), (40, 155)] {
            let [column, row] = chip.to_raster([x as f64, y as f64]);
            let seen = &bytes[3 * (160 * y + x)..];
            assert!((f64::from(seen[0]) - column).abs() < 1.5, "{} and {column}", seen[0]);
            assert!((f64::from(seen[1]) - row).abs() < 1.5, "{} and {row}", seen[1]);
        }
        // Clockwise in the picture: the right edge of the chip is further right and further down.
        let ([left, above], [right, below]) =
            (chip.to_raster([0.0, 79.5]), chip.to_raster([159.0, 79.5]));
        assert!(right > left && below > above);
    }
}
