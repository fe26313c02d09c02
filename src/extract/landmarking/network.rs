//! Landmarks from a network, which sees each chip as it is and mirrored.
//!
//! All chips that several faces need in a round go through the network in one run.

use std::rc::Rc;

use mungpy_core::face::{Landmarks, Placement, Point, QualityLimits, Species};

use super::{BoxedFace, FirstLook, Jitter};
use crate::{
    extract::ExtractError,
    photo::{Chip, PhotoError, Raster, UprightChip},
    vision::{
        LandmarkNetwork, Look,
        landmarking::{
            ALIGNMENT_CENTROID_RISE, ALIGNMENT_CENTROID_SIZE, BOXES_JITTERS, CHIP_DROP, CHIP_REACH,
            CHIP_SIDE, DOGS_LOOKS, DOGS_REACH,
        },
    },
};

/// How often a network looks at a face, and at which chips.
#[derive(Debug, Clone, Copy)]
pub(in crate::extract) enum LookPlan {
    /// At the boxes of a dog that [`DOGS_LOOKS`] names, each as it is and mirrored.
    Boxes,
    /// Once at the box, then at the chip in which the landmarks found there lie as in the mean
    /// face: where the detector drew its box and how the head is tilted then matters little.
    Aligned {
        /// Whether the aligned chip's mirror image is looked at as well.
        mirrored: bool,
    },
}

/// The predictions of each round for one face, in pixels of its raster.
pub(super) type Rounds = Vec<Vec<Landmarks>>;

/// The predictions of each round for each face.
pub(super) fn predict(
    faces: &[BoxedFace],
    network: &mut LandmarkNetwork,
    looks: LookPlan,
) -> Vec<Result<Rounds, ExtractError>> {
    match looks {
        LookPlan::Aligned { mirrored } => aligned(faces, network, mirrored),
        LookPlan::Boxes => at_boxes(faces, network),
    }
}

/// Looks at the boxes of a dog. The look at the first one may be known.
fn at_boxes(
    faces: &[BoxedFace],
    network: &mut LandmarkNetwork,
) -> Vec<Result<Rounds, ExtractError>> {
    let views = faces.iter().map(|face| {
        let known = usize::from(face.first_look.is_some());
        boxes_both_ways(face, &DOGS_LOOKS[known..])
    });
    let seen = look(views.collect(), network).into_iter().zip(faces);
    seen.map(|(seen, face)| Ok(vec![face.first_look.into_iter().flatten().chain(seen?).collect()]))
        .collect()
}

/// Looks at the aligned chip. The predictions that tell how much looks disagree come first: the
/// chip and its mirror image, or the box and the chip.
fn aligned(
    faces: &[BoxedFace],
    network: &mut LandmarkNetwork,
    mirrored: bool,
) -> Vec<Result<Rounds, ExtractError>> {
    let plain = |face| Ok(vec![View::of(Place::Box(chip(face, CHIP_REACH, BOXES_JITTERS[0])?))]);
    let first = look(faces.iter().map(plain).collect(), network);
    let views = next_views(faces, &first, |face, seen| {
        let view = View::of(Place::Upright(upright(face.raster, &seen[0])?));
        Ok(if mirrored { view.both_ways()?.into() } else { vec![view] })
    });
    let second = look(views, network);
    let rounds = |(first, second): (Result<Vec<Landmarks>, _>, Result<Vec<Landmarks>, _>)| {
        let (mut first, second) = (first?, second?);
        if mirrored {
            return Ok(vec![second]);
        }
        first.extend_from_slice(&second);
        Ok(vec![first, second])
    };
    first.into_iter().zip(second).map(rounds).collect()
}

/// Sum of the face scores of a chip and its mirror image above which a box may show a dog's face.
///
/// Of -1, -2, -4 and -8 on the tuning part of the detector's photos, the first one with which another
/// face is found. None takes more for a face there than 0 does, because landmarks must agree as well.
const MAYBE_A_FACE: f32 = -4.0;

/// For each box that shows a face, the landmarks of the look at it. The face scores of the chip as
/// it is and mirrored must be high enough in sum, and the landmarks of both must agree.
pub(super) fn first_looks(
    faces: &[BoxedFace],
    network: &mut LandmarkNetwork,
) -> Vec<Result<Option<FirstLook>, ExtractError>> {
    let views = |face| boxes_both_ways(face, &DOGS_LOOKS[..1]);
    let judged = |looks: Vec<Look>| {
        let both: FirstLook = [looks[0].landmarks, looks[1].landmarks];
        let disagreement = super::disagreement(&both, &super::robust_mean(&both));
        let agree = disagreement <= QualityLimits::of(Species::Dog).max_landmark_disagreement;
        (looks[0].face_score + looks[1].face_score > MAYBE_A_FACE && agree).then_some(both)
    };
    let looks = scored_look(faces.iter().map(views).collect(), network);
    looks.into_iter().map(|looks| looks.map(judged)).collect()
}

/// What a chip shows of a raster.
enum Place {
    /// A box.
    Box(Chip),
    /// A tilted square.
    Upright(UprightChip),
}

impl Place {
    fn raster(&self) -> &Raster {
        match self {
            Self::Box(chip) => &chip.raster,
            Self::Upright(chip) => &chip.raster,
        }
    }

    /// Maps a point of the chip to the raster, in its pixels.
    fn to_raster(&self, point: Point) -> Point {
        match self {
            Self::Box(chip) => chip.to_raster(point),
            Self::Upright(chip) => chip.to_raster(point),
        }
    }
}

/// A chip that the network is to see, or its mirror image.
struct View {
    place: Rc<Place>,
    mirrored: Option<Raster>,
}

impl View {
    fn of(place: Place) -> Self {
        Self { place: Rc::new(place), mirrored: None }
    }

    fn both_ways(self) -> Result<[Self; 2], PhotoError> {
        let mirrored = Some(self.place.raster().mirrored()?);
        let place = Rc::clone(&self.place);
        Ok([self, Self { place, mirrored }])
    }

    fn chip(&self) -> &Raster {
        self.mirrored.as_ref().unwrap_or_else(|| self.place.raster())
    }

    /// What was seen in the chip, in pixels of the raster.
    fn in_raster(&self, look: &Look) -> Look {
        let landmarks = match self.mirrored {
            Some(_) => look.landmarks.mirrored(CHIP_SIDE as f64),
            None => look.landmarks,
        };
        Look { landmarks: landmarks.map(|point| self.place.to_raster(point)), ..*look }
    }
}

/// The views of one face, none if it is not to be looked at.
type Views = Result<Vec<View>, ExtractError>;

/// Looks at the views of all faces in one run of the network; the landmarks are in pixels of the
/// rasters.
fn look(
    views: Vec<Views>,
    network: &mut LandmarkNetwork,
) -> Vec<Result<Vec<Landmarks>, ExtractError>> {
    let landmarks = |looks: Vec<Look>| looks.into_iter().map(|look| look.landmarks).collect();
    scored_look(views, network).into_iter().map(|looks| looks.map(landmarks)).collect()
}

fn scored_look(
    views: Vec<Views>,
    network: &mut LandmarkNetwork,
) -> Vec<Result<Vec<Look>, ExtractError>> {
    let chips: Vec<&Raster> = views.iter().flatten().flatten().map(View::chip).collect();
    let mut looks = network.predict(&chips).into_iter();
    let mut seen = |views: Vec<View>| {
        // All looks at a face are taken before a failed one can end the work on it.
        let looks: Vec<_> = looks.by_ref().take(views.len()).collect();
        let found = views.iter().zip(looks).map(|(view, look)| Ok(view.in_raster(&look?)));
        found.collect::<Result<_, ExtractError>>()
    };
    views.into_iter().map(|views| seen(views?)).collect()
}

/// The views of the next round, none for a face that has failed.
fn next_views<T>(
    faces: &[BoxedFace],
    found: &[Result<T, ExtractError>],
    views: impl Fn(&BoxedFace, &T) -> Views,
) -> Vec<Views> {
    let next = |(face, found): (_, &Result<T, _>)| {
        found.as_ref().map_or(Ok(Vec::new()), |found| views(face, found))
    };
    faces.iter().zip(found).map(next).collect()
}

/// What is to be seen in boxes of a dog, both ways.
fn boxes_both_ways(face: &BoxedFace, jitters: &[Jitter]) -> Views {
    let mut views = Vec::with_capacity(2 * jitters.len());
    for &jitter in jitters {
        views.extend(View::of(Place::Box(chip(face, DOGS_REACH, jitter)?)).both_ways()?);
    }
    Ok(views)
}

/// The chip that shows `reach` sides of a jittered box.
fn chip(face: &BoxedFace, reach: f64, [dx, dy, scale]: Jitter) -> Result<Chip, PhotoError> {
    let ([x, y], side) = (face.face.centre(), face.face.side());
    let shown = side * reach * scale;
    let left = x + side * dx - shown / 2.0;
    let top = y + side * (dy + CHIP_DROP) - shown / 2.0;
    face.raster.chip(left, top, shown, CHIP_SIDE)
}

/// The upright chip in which these landmarks, in pixels of the raster, lie as in the mean face.
fn upright(raster: &Raster, seen: &Landmarks) -> Result<UprightChip, ExtractError> {
    let place = Placement::of(seen)?;
    let side = place.size / ALIGNMENT_CENTROID_SIZE;
    let down = ALIGNMENT_CENTROID_RISE * side;
    let [x, y] = place.centroid;
    let middle = [x - down * place.roll.sin(), y + down * place.roll.cos()];
    Ok(raster.upright_chip(middle, side, place.roll, CHIP_SIDE)?)
}
