//! The 16 landmarks that both species are measured by.

/// x to the right and y down, in pixels unless something else is said.
pub type Point = [f64; 2];

/// Number of landmarks of a face.
pub const COUNT: usize = 16;

/// Landmark on the other side of the face, for each landmark.
pub const MIRRORED: [usize; COUNT] = [6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15];

/// Lines that draw a face: pairs of landmarks.
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
/// 0 left eye outer corner, 1 top, 2 inner corner, 3 bottom; 4 right eye inner
/// corner, 5 top, 6 outer corner, 7 bottom; 8 nose left edge, 9 nose top,
/// 10 nose right edge, 11 nose bottom; 12 left mouth corner, 13 upper lip at its
/// middle, 14 right mouth corner, 15 chin. For a dog 8 to 11 bound the nose
/// leather (rhinarium).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmarks(pub [Point; COUNT]);

impl Landmarks {
    /// From the 68 points of the iBUG 300-W scheme.
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

    /// Each landmark moved by the same rule.
    #[must_use]
    pub fn map(&self, rule: impl FnMut(Point) -> Point) -> Self {
        Self(self.0.map(rule))
    }

    /// The landmarks of the mirror image of a picture `width` pixels wide.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        Self(MIRRORED.map(|other| mirrored(self.0[other], width)))
    }

    /// Centre of the left and of the right eye: the mean of its four landmarks.
    pub fn eye_centres(&self) -> [Point; 2] {
        [mean(&self.0[0..4]), mean(&self.0[4..8])]
    }

    /// Centre of the nose: the mean of its four landmarks.
    pub fn nose_centre(&self) -> Point {
        mean(&self.0[8..12])
    }

    /// Distance between the eye centres, in the unit of the landmarks.
    pub fn interocular_distance(&self) -> f64 {
        let [left, right] = self.eye_centres();
        distance(left, right)
    }

    /// Upper left corner and side of the square around the middle of the landmarks that has
    /// `extent` times their longer extent.
    pub fn square(&self, extent: f64) -> (Point, f64) {
        let bounds = [0, 1].map(|axis| {
            let values = self.0.iter().map(|point| point[axis]);
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        });
        let side = extent * bounds.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
        let corner = bounds.map(|(low, high)| f64::midpoint(low, high) - side / 2.0);
        (corner, side)
    }

    /// Normalised mean error against marks of the same face (NME): the mean
    /// distance over all landmarks as a share of the marks' interocular distance.
    pub fn normalised_mean_error(&self, marks: &Self) -> f64 {
        let sum: f64 = self.0.iter().zip(&marks.0).map(|(&a, &b)| distance(a, b)).sum();
        sum / COUNT as f64 / marks.interocular_distance()
    }
}

/// Where a point lies in the mirror image of a picture `width` pixels wide; the
/// centres of pixels have whole coordinates.
pub fn mirrored([x, y]: Point, width: f64) -> Point {
    [width - 1.0 - x, y]
}

/// Euclidean distance.
pub fn distance(a: Point, b: Point) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The point half-way.
pub fn midpoint(a: Point, b: Point) -> Point {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}

/// The mean of at least one point.
pub fn mean(points: &[Point]) -> Point {
    let n = points.len() as f64;
    let sum = points.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    [sum[0] / n, sum[1] / n]
}
