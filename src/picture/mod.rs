//! Draws what was measured and why two faces are alike.

mod canvas;
mod view;

use mungpy_core::{
    face::{Landmarks, Ratio},
    resemblance::{Language, RatioAgreement},
};

use crate::{
    extract::Extraction,
    photo::{Photo, PhotoError, Raster},
};
use canvas::{ACCENT, Canvas, FAINT, INK};
pub use view::{FACE_EYES, View, ViewError};

/// Height of a line of text, in pixels.
const LINE: f64 = 26.0;
/// Width of the column of ratios.
const COLUMN: usize = 430;
/// Side of a face in the side-by-side picture.
const FACE: usize = 440;
const GAP: usize = 24;

/// Draws the photo with box, landmarks and outline, and the ratios next to it.
pub fn of_extraction(photo: &Photo, found: &Extraction) -> Result<Raster, PhotoError> {
    let raster = &photo.raster;
    let (width, height) = (raster.width(), raster.height().max(340));
    let mut canvas = Canvas::new(width + COLUMN, height)?;
    canvas.paste(raster, 0, 0)?;
    let in_raster = |point| photo.to_raster(point);
    let weight = (raster.long_side() / 640).max(1) as i32;
    canvas.frame(&found.face.map(in_raster), weight)?;
    canvas.face(&found.landmarks.map(in_raster), weight)?;
    let left = (width + GAP) as f64;
    canvas.text("facial ratios", [left, 36.0], 20.0, INK)?;
    for (index, ratio) in Ratio::ALL.into_iter().enumerate() {
        let y = 72.0 + LINE * index as f64;
        canvas.text(&ratio.key().replace('_', " "), [left, y], 16.0, FAINT)?;
        let value = found.measurement.log_ratios[index].exp();
        canvas.text(&format!("{value:.2}"), [left + 320.0, y], 16.0, INK)?;
    }
    Ok(canvas.into_raster())
}

/// One face of a side-by-side picture.
pub struct Portrait<'a> {
    /// The photo.
    pub photo: &'a Photo,
    /// Its landmarks, in pixels of the upright photo.
    pub landmarks: &'a Landmarks,
    /// The text below the face.
    pub caption: &'a str,
}

/// Draws person and dog side by side, each cropped to the face, with the ratios that agree.
pub fn side_by_side(
    person: &Portrait<'_>,
    dog: &Portrait<'_>,
    score: f64,
    ratios: &[RatioAgreement],
) -> Result<Raster, PhotoError> {
    let width = 2 * FACE + 3 * GAP;
    let text_top = (GAP + FACE) as f64;
    let height = text_top + LINE * (ratios.len() as f64 + 4.0);
    let mut canvas = Canvas::new(width, height as usize)?;
    for (portrait, left) in [(person, GAP), (dog, 2 * GAP + FACE)] {
        draw_portrait(&mut canvas, portrait, left)?;
    }
    let left = GAP as f64;
    let title = format!("more alike than {score:.1} % of random pairs");
    canvas.text(&title, [left, text_top + 2.6 * LINE], 22.0, ACCENT)?;
    for (index, ratio) in ratios.iter().enumerate() {
        let y = text_top + LINE * (index as f64 + 3.8);
        let sentence = ascii(&ratio.sentence(Language::English).replace('σ', "sd"));
        canvas.text(&sentence, [left, y], 18.0, INK)?;
    }
    Ok(canvas.into_raster())
}

fn draw_portrait(
    canvas: &mut Canvas,
    portrait: &Portrait<'_>,
    left: usize,
) -> Result<(), PhotoError> {
    let landmarks = portrait.landmarks.map(|point| portrait.photo.to_raster(point));
    let ([x, y], side) = landmarks.square(2.0);
    let chip = portrait.photo.raster.chip(x, y, side.max(1.0), FACE)?;
    canvas.paste(&chip.raster, left, GAP)?;
    let placed = landmarks.map(|point| {
        let [x, y] = chip.from_raster(point);
        [x + left as f64, y + GAP as f64]
    });
    canvas.face(&placed, 1)?;
    canvas.text(
        &ascii(portrait.caption),
        [left as f64, (GAP + FACE) as f64 + 1.1 * LINE],
        16.0,
        FAINT,
    )
}

/// Replaces what the font cannot draw with question marks.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect()
}
