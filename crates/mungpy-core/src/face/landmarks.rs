//! The 16 landmarks, the same for both species.

/// x points right and y points down, in pixels unless stated otherwise.
pub type Point = [f64; 2];

/// Number of landmarks in a face.
pub const COUNT: usize = 16;

/// For each landmark, its counterpart on the other side of the face.
pub const MIRRORED: [usize; COUNT] = [6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15];

/// Pairs of landmarks to connect when drawing a face.
pub const OUTLINE: [(usize, usize); 16] = [
    (0, 1),
    (1, 2),
    (2, 3),
    (3, 0),
    (4, 5),
    (5, 6),
    (6, 7),
    (7, 4),
    (8, 9),
    (9, 10),
    (10, 11),
    (11, 8),
    (12, 13),
    (13, 14),
    (14, 15),
    (15, 12),
];

/// The 16 landmarks of a face. Left and right are the image's.
///
/// 0 left eye outer corner, 1 top, 2 inner corner, 3 bottom; 4 right eye inner corner, 5 top, 6
/// outer corner, 7 bottom; 8 nose left edge, 9 nose top, 10 nose right edge, 11 nose bottom; 12
/// left mouth corner, 13 middle of the upper lip, 14 right mouth corner, 15 chin. In a dog, 8 to 11
/// bound the nose leather (rhinarium).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmarks(pub [Point; COUNT]);

impl Landmarks {
    /// Converts the 68 points of the iBUG 300-W scheme.
    pub fn from_ibug68(p: &[Point; 68]) -> Self {
        let lid = |a: usize, b: usize| midpoint(p[a], p[b]);
        Self([
            p[36],
            lid(37, 38),
            p[39],
            lid(40, 41),
            p[42],
            lid(43, 44),
            p[45],
            lid(46, 47),
            p[31],
            p[30],
            p[35],
            p[33],
            p[48],
            p[51],
            p[54],
            p[8],
        ])
    }

    /// Applies the same rule to each landmark.
    #[must_use]
    pub fn map(&self, rule: impl FnMut(Point) -> Point) -> Self {
        Self(self.0.map(rule))
    }

    /// The landmarks of the mirror image of a picture `width` pixels wide.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        Self(MIRRORED.map(|other| mirrored(self.0[other], width)))
    }

    /// Centres of the left and the right eye, each the mean of the eye's four landmarks.
    pub fn eye_centres(&self) -> [Point; 2] {
        [mean(&self.0[0..4]), mean(&self.0[4..8])]
    }

    /// Centre of the nose, the mean of its four landmarks.
    pub fn nose_centre(&self) -> Point {
        mean(&self.0[8..12])
    }

    /// Distance between the eye centres, in the same unit as the landmarks.
    pub fn interocular_distance(&self) -> f64 {
        let [left, right] = self.eye_centres();
        distance(left, right)
    }

    /// Upper left corner and side of a square centred on the landmarks' bounding box; the side is
    /// `extent` times the longer side of that box.
    pub fn square(&self, extent: f64) -> (Point, f64) {
        let bounds = [0, 1].map(|axis| {
            let values = self.0.iter().map(|point| point[axis]);
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        });
        let side = extent * bounds.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
        let corner = bounds.map(|(low, high)| f64::midpoint(low, high) - side / 2.0);
        (corner, side)
    }

    /// Normalised mean error (NME) against marks of the same face: the mean distance over all
    /// landmarks, as a share of the marks' interocular distance.
    pub fn normalised_mean_error(&self, marks: &Self) -> f64 {
        let sum: f64 = self.0.iter().zip(&marks.0).map(|(&a, &b)| distance(a, b)).sum();
        sum / COUNT as f64 / marks.interocular_distance()
    }
}

/// Maps a point into the mirror image of a picture `width` pixels wide. Pixel centres have integer
/// coordinates.
pub fn mirrored([x, y]: Point, width: f64) -> Point {
    [width - 1.0 - x, y]
}

/// Euclidean distance.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The point halfway between two others.
pub fn midpoint(a: Point, b: Point) -> Point {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

/// The mean of the points; needs at least one.
pub fn mean(points: &[Point]) -> Point {
    let n = points.len() as f64;
    let sum = points.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    [sum[0] / n, sum[1] / n]
}
