//! The symmetric shape of a face: its landmarks without position, scale, roll and left–right
//! differences.

use super::{
    FaceError,
    landmarks::{COUNT, Landmarks, MIRRORED, Point},
};

/// Landmarks with the centroid at the origin, upright, equal on both sides, and of centroid size 1
/// (the root of the summed squared distances to the centroid).
///
/// This is the symmetric component of shape for object symmetry (Klingenberg, Barluenga & Meyer,
/// Evolution 56, 2002): the mean of the face and its mirror image, superimposed by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SymmetricShape {
    points: [Point; COUNT],
}

/// A face split into its symmetric shape and the parts removed from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decomposition {
    pub(super) shape: SymmetricShape,
    /// Roll in radians; positive is clockwise in the picture.
    pub(super) roll: f64,
    /// Centroid size of the symmetric part, in the landmarks' unit.
    size: f64,
}

impl SymmetricShape {
    /// Restores a shape from [`Self::coordinates`], unchanged.
    pub fn restored(points: [Point; COUNT]) -> Option<Self> {
        points.iter().flatten().all(|c| c.is_finite()).then_some(Self { points })
    }

    /// Makes a shape of averaged or sampled points: centres, symmetrises and normalises them.
    pub fn from_points(points: [Point; COUNT]) -> Result<Self, FaceError> {
        decompose(&Landmarks(points)).map(|face| face.shape)
    }

    /// The landmarks: x to the right, y down, in units of centroid size.
    pub fn points(&self) -> &[Point; COUNT] {
        &self.points
    }

    /// x and y of each landmark in turn.
    pub fn coordinates(&self) -> [f64; SHAPE_LEN] {
        std::array::from_fn(|i| self.points[i / 2][i % 2])
    }
}

/// Number of coordinates of a shape.
pub const SHAPE_LEN: usize = 2 * COUNT;
/// Number of [`features`].
pub const FEATURE_COUNT: usize = 16;
/// The left landmark of each pair.
const LEFT: [usize; 6] = [0, 1, 2, 3, 8, 12];
const MIDLINE: [usize; 4] = [9, 11, 13, 15];

/// The degrees of freedom of a symmetric shape: half the distance and the mean height of each pair
/// of landmarks, and the height of each landmark on the midline.
///
/// They are linear in the coordinates, so the same map also transforms covariances.
pub fn features(coordinates: &[f64; SHAPE_LEN]) -> [f64; FEATURE_COUNT] {
    let at = |point: usize, axis: usize| coordinates[2 * point + axis];
    let pair = |i: usize| (LEFT[i], MIRRORED[LEFT[i]]);
    std::array::from_fn(|i| match i {
        0..6 => (at(pair(i).1, 0) - at(pair(i).0, 0)) / 2.0,
        6..12 => f64::midpoint(at(pair(i - 6).0, 1), at(pair(i - 6).1, 1)),
        _ => at(MIDLINE[i - 12], 1),
    })
}

/// The points of the symmetric shape with these [`features`]; the inverse of that function.
pub fn points_of(features: &[f64; FEATURE_COUNT]) -> [Point; COUNT] {
    let mut points = [[0.0; 2]; COUNT];
    for (i, left) in LEFT.into_iter().enumerate() {
        points[left] = [-features[i], features[i + 6]];
        points[MIRRORED[left]] = [features[i], features[i + 6]];
    }
    for (i, middle) in MIDLINE.into_iter().enumerate() {
        points[middle] = [0.0, features[i + 12]];
    }
    points
}

/// Replaces the symmetric shape of a face and keeps its position, size, roll and asymmetry.
///
/// It drops the part of the asymmetry that would rotate the new shape, so measuring the result
/// yields exactly that shape and the old roll.
pub fn reshaped(landmarks: &Landmarks, shape: &SymmetricShape) -> Result<Landmarks, FaceError> {
    let face = decompose(landmarks)?;
    let (cos, sin) = (face.roll.cos(), face.roll.sin());
    let centre = super::landmarks::mean(&landmarks.0);
    let pairs = || face.shape.points.iter().zip(&shape.points);
    // The rotation equals the roll exactly if Im Σ asymmetry · conj(shape) = 0.
    let turning: f64 = landmarks
        .0
        .iter()
        .zip(pairs())
        .map(|(point, (old, new))| {
            let upright = times([point[0] - centre[0], point[1] - centre[1]], [cos, -sin]);
            let asymmetry = [upright[0] / face.size - old[0], upright[1] / face.size - old[1]];
            asymmetry[1] * new[0] - asymmetry[0] * new[1]
        })
        .sum();
    let mut points = landmarks.0;
    for (point, (old, new)) in points.iter_mut().zip(pairs()) {
        let change = [new[0] - old[0] + turning * new[1], new[1] - old[1] - turning * new[0]];
        let shift = times(change, [face.size * cos, face.size * sin]);
        *point = [point[0] + shift[0], point[1] + shift[1]];
    }
    Ok(Landmarks(points))
}

fn times(a: Point, b: Point) -> Point {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

/// Decomposes a face, treating points as complex numbers.
///
/// Mirroring a face of roll ρ about the vertical gives one of roll −ρ, so rotating the mirror image
/// by 2ρ superimposes it on the face.
pub(super) fn decompose(landmarks: &Landmarks) -> Result<Decomposition, FaceError> {
    let centre = super::landmarks::mean(&landmarks.0);
    let face = landmarks.0.map(|p| [p[0] - centre[0], p[1] - centre[1]]);
    let mirrored: [Point; COUNT] =
        std::array::from_fn(|i| [-face[MIRRORED[i]][0], face[MIRRORED[i]][1]]);
    let turn = face.iter().zip(&mirrored).fold([0.0, 0.0], |sum, (z, m)| {
        let product = times(*z, [m[0], -m[1]]);
        [sum[0] + product[0], sum[1] + product[1]]
    });
    let mut roll = turn[1].atan2(turn[0]) / 2.0;
    let upright = |roll: f64| {
        let (back, forth) = ([roll.cos(), -roll.sin()], [roll.cos(), roll.sin()]);
        let points: [Point; COUNT] = std::array::from_fn(|i| {
            let (z, m) = (times(face[i], back), times(mirrored[i], forth));
            [f64::midpoint(z[0], m[0]), f64::midpoint(z[1], m[1])]
        });
        points
    };
    let mut points = upright(roll);
    if points[1][1] + points[5][1] > points[12][1] + points[14][1] {
        roll -= roll.signum() * std::f64::consts::PI;
        points = upright(roll);
    }
    let size = points.iter().map(|p| p[0] * p[0] + p[1] * p[1]).sum::<f64>().sqrt();
    if !size.is_normal() {
        return Err(FaceError::Degenerate);
    }
    let shape = SymmetricShape { points: points.map(|p| [p[0] / size, p[1] / size]) };
    Ok(Decomposition { shape, roll, size })
}
