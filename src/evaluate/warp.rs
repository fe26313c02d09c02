//! A picture bent so that given points come to lie elsewhere.

use nalgebra::{DMatrix, DVector};

use crate::{face::Point, photo::Raster};

/// Moves `from` to `to` by a thin-plate spline (Bookstein, IEEE PAMI 11, 1989);
/// the edge of the picture stays. `None` where points coincide.
pub(super) fn bent(raster: &Raster, from: &[Point], to: &[Point]) -> Option<Raster> {
    let (right, bottom) = (raster.width() as f64 - 1.0, raster.height() as f64 - 1.0);
    // Corners of the picture and the middles of its sides.
    let edge = (0..9).filter(|i| *i != 4).map(|i| [i % 3, i / 3]);
    let edge: Vec<Point> =
        edge.map(|[x, y]| [f64::from(x) / 2.0 * right, f64::from(y) / 2.0 * bottom]).collect();
    let (from, to) = ([from, &edge].concat(), [to, &edge].concat());
    // From where a pixel of the new picture is taken: backwards, from `to` to `from`.
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
    let weights = [solve(0)?, solve(1)?];
    let source = |point: Point| {
        weights.each_ref().map(|w| {
            let bend: f64 = to.iter().zip(w.iter()).map(|(&p, w)| w * kernel(point, p)).sum();
            bend + w[n] + w[n + 1] * point[0] + w[n + 2] * point[1]
        })
    };
    raster.warped(source).ok()
}

/// r² log r².
fn kernel(a: Point, b: Point) -> f64 {
    let square = (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    if square > 0.0 { square * square.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::Photo;

    #[test]
    fn what_lay_at_a_point_comes_to_lie_where_it_is_moved() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dogs/round-eyes.jpg");
        let raster = Photo::decode(&std::fs::read(path).unwrap()).unwrap().raster;
        let (from, to) = ([[120.0, 120.0], [200.0, 180.0]], [[128.0, 118.0], [200.0, 180.0]]);
        let moved = bent(&raster, &from, &to).unwrap();
        let pixel = |raster: &Raster, x: usize, y: usize| {
            let at = 3 * (y * raster.width() + x);
            raster.bytes().unwrap()[at..at + 3].to_vec()
        };
        assert_eq!(pixel(&moved, 128, 118), pixel(&raster, 120, 120));
        assert_eq!(pixel(&moved, 200, 180), pixel(&raster, 200, 180));
        assert_eq!(pixel(&moved, 0, 0), pixel(&raster, 0, 0));
        assert!(bent(&raster, &[[5.0, 5.0]; 2], &[[5.0, 5.0]; 2]).is_none());
    }
}
