//! Warps a picture so that given points move to new positions.

use nalgebra::{DMatrix, DVector};

/// A thin-plate spline (Bookstein, IEEE PAMI 11, 1989): the smoothest way to move some points while
/// a frame around them stays in place.
pub struct Warp {
    /// Target positions, including those of the frame.
    to: Vec<[f64; 2]>,
    /// For x and for y: weights of the kernels at `to`, then of 1, x and y.
    weights: [DVector<f64>; 2],
}

impl Warp {
    /// Moves `from` to `to` and keeps the corners and side midpoints of the rectangle `frame`
    /// (given by its upper left and lower right corners) in place. All are in pixels of the picture
    /// to be warped. `None` if points coincide.
    pub fn moving(from: &[[f64; 2]], to: &[[f64; 2]], frame: [[f64; 2]; 2]) -> Option<Self> {
        let [low, high] = frame;
        let still = (0..9).filter(|i| *i != 4).map(|i| {
            let share = [f64::from(i % 3) / 2.0, f64::from(i / 3) / 2.0];
            [0, 1].map(|axis| low[axis] + share[axis] * (high[axis] - low[axis]))
        });
        let still: Vec<[f64; 2]> = still.collect();
        let (from, to) = ([from, &still].concat(), [to, &still].concat());
        let n = to.len();
        let mut system = DMatrix::zeros(n + 3, n + 3);
        for (i, &a) in to.iter().enumerate() {
            for (j, &b) in to.iter().enumerate() {
                system[(i, j)] = kernel(a, b);
            }
            for (k, value) in [1.0, a[0], a[1]].into_iter().enumerate() {
                system[(i, n + k)] = value;
                system[(n + k, i)] = value;
            }
        }
        let solver = system.lu();
        let solve = |axis: usize| {
            let values = DVector::from_fn(n + 3, |i, _| from.get(i).map_or(0.0, |p| p[axis]));
            solver.solve(&values)
        };
        Some(Self { weights: [solve(0)?, solve(1)?], to })
    }

    /// Maps a point of the warped picture to its source in the original picture.
    pub fn source(&self, point: [f64; 2]) -> [f64; 2] {
        let n = self.to.len();
        let straight = |w: &DVector<f64>| w[n] + w[n + 1] * point[0] + w[n + 2] * point[1];
        let [x, y] = &self.weights;
        self.to.iter().enumerate().fold([straight(x), straight(y)], |sum, (i, &p)| {
            let warp = kernel(point, p);
            [sum[0] + x[i] * warp, sum[1] + y[i] * warp]
        })
    }

    /// The sources of all pixels of a warped picture of this size, x and y apart, row by row.
    ///
    /// The spline is evaluated at every fourth pixel and is straight in between. That misses
    /// by some hundredths of a pixel.
    pub fn sources(&self, width: usize, height: usize) -> [Vec<f32>; 2] {
        let columns = width.div_ceil(STEP) + 1;
        let rows = height.div_ceil(STEP) + 1;
        let nodes: Vec<[f64; 2]> = (0..columns * rows)
            .map(|i| self.source([(i % columns * STEP) as f64, (i / columns * STEP) as f64]))
            .collect();
        let mut sources = [0, 1].map(|_| Vec::with_capacity(width * height));
        for row in 0..height {
            let (above, down) = (row / STEP * columns, (row % STEP) as f64 / STEP as f64);
            for column in 0..width {
                let (left, right) = (column / STEP, (column % STEP) as f64 / STEP as f64);
                let node = |node: usize| nodes[above + left + node];
                for (axis, values) in sources.iter_mut().enumerate() {
                    let between = |from: usize| {
                        node(from)[axis] * (1.0 - right) + node(from + 1)[axis] * right
                    };
                    let value = between(0) * (1.0 - down) + between(columns) * down;
                    values.push(value as f32);
                }
            }
        }
        sources
    }

    /// Smallest and largest area in the original picture that corresponds to a unit area of the
    /// warped picture, over a rectangle of the latter (upper left and lower right corners). The
    /// picture folds wherever this is not above 0.
    pub fn areas(&self, [low, high]: [[f64; 2]; 2]) -> [f64; 2] {
        let step = [0, 1].map(|axis| (high[axis] - low[axis]) / AREA_CELLS as f64);
        let at = |i: usize, j: usize| {
            self.source([low[0] + i as f64 * step[0], low[1] + j as f64 * step[1]])
        };
        let cells = (0..AREA_CELLS * AREA_CELLS).map(|k| (k % AREA_CELLS, k / AREA_CELLS));
        let areas = cells.map(|(i, j)| {
            let (corner, right, below) = (at(i, j), at(i + 1, j), at(i, j + 1));
            let [a, b] = [right, below].map(|end| [end[0] - corner[0], end[1] - corner[1]]);
            (a[0] * b[1] - a[1] * b[0]) / (step[0] * step[1])
        });
        areas.fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], area| {
            [least.min(area), most.max(area)]
        })
    }
}

/// Distance between the pixels at which the spline is evaluated for a whole picture.
const STEP: usize = 4;

/// Number of cells along each side of the rectangle when areas are compared.
const AREA_CELLS: usize = 40;

/// r² log r².
fn kernel(a: [f64; 2], b: [f64; 2]) -> f64 {
    let square = (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    if square > 0.0 { square * square.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::{Photo, Raster};

    #[test]
    fn what_lay_at_a_point_comes_to_lie_where_it_is_moved() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dogs/round-eyes.jpg");
        let raster = Photo::decode(&std::fs::read(path).unwrap()).unwrap().raster;
        let frame = [[0.0, 0.0], [raster.width() as f64 - 1.0, raster.height() as f64 - 1.0]];
        let (from, to) = ([[120.0, 120.0], [200.0, 180.0]], [[128.0, 118.0], [200.0, 180.0]]);
        let warp = Warp::moving(&from, &to, frame).unwrap();
        let moved = raster.warped(&warp).unwrap();
        let pixel = |raster: &Raster, x: usize, y: usize| {
            let at = 3 * (y * raster.width() + x);
            raster.bytes().unwrap()[at..at + 3].to_vec()
        };
        assert_eq!(pixel(&moved, 128, 118), pixel(&raster, 120, 120));
        assert_eq!(pixel(&moved, 200, 180), pixel(&raster, 200, 180));
        assert_eq!(pixel(&moved, 0, 0), pixel(&raster, 0, 0));
        for (from, to) in from.into_iter().zip(to) {
            let source = warp.source(to);
            assert!((source[0] - from[0]).hypot(source[1] - from[1]) < 1e-6, "{source:?}");
        }
        assert!(Warp::moving(&[[5.0, 5.0]; 2], &[[5.0, 5.0]; 2], frame).is_none());
    }

    #[test]
    fn a_fold_shows_in_the_areas() {
        let frame = [[0.0, 0.0], [100.0, 100.0]];
        let still = Warp::moving(&[[40.0, 50.0]], &[[40.0, 50.0]], frame).unwrap();
        let [least, most] = still.areas(frame);
        assert!((least - 1.0).abs() < 1e-6 && (most - 1.0).abs() < 1e-6, "{least} {most}");
        let exchanged = [[60.0, 50.0], [40.0, 50.0]];
        let folded = Warp::moving(&[[40.0, 50.0], [60.0, 50.0]], &exchanged, frame).unwrap();
        assert!(folded.areas(frame)[0] < 0.0);
    }
}
