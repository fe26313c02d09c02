//! The geometry: transformations that must not change a face's proportions do not.

use mungpy_core::face::{
    self, Landmarks, Measurement, Ratio, Species,
    landmarks::{MIRRORED, distance},
};
use mungpy_core::reason::{Reason, WithReason};
use proptest::prelude::*;
use serde_json::Value;

/// Landmarks by construction, in pixels, of the composites whose path begins with `folder`.
fn composites(folder: &str) -> Vec<Landmarks> {
    let text = include_str!("../../../../tests/data/composites.jsonl");
    let composites = text.lines().map(|line| serde_json::from_str(line).unwrap());
    composites
        .filter(|composite: &Value| composite["photo"].as_str().unwrap().starts_with(folder))
        .map(|composite| Landmarks(serde_json::from_value(composite["landmarks"].clone()).unwrap()))
        .collect()
}

/// Any plausible face: a composite's landmarks, each moved a little.
fn faces() -> impl Strategy<Value = Landmarks> {
    let all = composites("");
    let offsets = proptest::array::uniform16(proptest::array::uniform2(-6.0..6.0));
    (proptest::sample::select(all), offsets).prop_map(|(face, offsets)| {
        Landmarks(std::array::from_fn(|i| {
            [face.0[i][0] + offsets[i][0], face.0[i][1] + offsets[i][1]]
        }))
    })
}

fn measured(landmarks: &Landmarks) -> (Measurement, face::Quality) {
    face::measure(landmarks, Species::Dog).unwrap()
}

fn assert_same(a: &Measurement, b: &Measurement) {
    for (ratio, (x, y)) in Ratio::ALL.iter().zip(a.log_ratios.iter().zip(b.log_ratios)) {
        assert!((x - y).abs() < 1e-9, "{}: {x} and {y}", ratio.key());
    }
    for (p, q) in a.shape.points().iter().zip(b.shape.points()) {
        assert!(distance(*p, *q) < 1e-9);
    }
}

proptest! {
    #[test]
    fn shift_scale_and_roll_change_no_proportion(
        face in faces(),
        angle in -3.1..3.1_f64,
        scale in 0.05..20.0_f64,
        shift in proptest::array::uniform2(-1e4..1e4_f64),
    ) {
        let moved = face.map(|[x, y]| [
            scale * (x * angle.cos() - y * angle.sin()) + shift[0],
            scale * (x * angle.sin() + y * angle.cos()) + shift[1],
        ]);
        let ((before, pose), (after, turned)) = (measured(&face), measured(&moved));
        assert_same(&before, &after);
        prop_assert!((pose.yaw - turned.yaw).abs() < 1e-6);
        prop_assert!((pose.pitch - turned.pitch).abs() < 1e-6);
        let roll = (turned.roll - pose.roll - angle.to_degrees()).rem_euclid(360.0);
        prop_assert!(!(1e-6..=360.0 - 1e-6).contains(&roll), "roll is off by {roll}");
    }

    #[test]
    fn a_mirrored_face_has_the_same_proportions_and_the_opposite_pose(face in faces()) {
        let mirrored = Landmarks(std::array::from_fn(|i| {
            let [x, y] = face.0[MIRRORED[i]];
            [400.0 - x, y]
        }));
        let ((before, pose), (after, opposite)) = (measured(&face), measured(&mirrored));
        assert_same(&before, &after);
        prop_assert!((pose.yaw + opposite.yaw).abs() < 1e-6);
        prop_assert!((pose.pitch - opposite.pitch).abs() < 1e-6);
        prop_assert!((pose.roll + opposite.roll).abs() < 1e-6);
    }

    #[test]
    fn the_shape_is_symmetric_centred_and_of_unit_size(face in faces()) {
        let shape = measured(&face).0.shape;
        let points = shape.points();
        for (i, p) in points.iter().enumerate() {
            let q = points[MIRRORED[i]];
            prop_assert!((p[0] + q[0]).abs() < 1e-12 && (p[1] - q[1]).abs() < 1e-12);
        }
        let size: f64 = shape.coordinates().iter().map(|c| c * c).sum();
        prop_assert!((size - 1.0).abs() < 1e-12);
        prop_assert!(points[1][1] < points[13][1], "eyes above the mouth");
    }
}

proptest! {
    #[test]
    fn features_hold_the_whole_symmetric_shape(face in faces()) {
        let shape = measured(&face).0.shape;
        for (p, q) in face::points_of(&face::features(&shape.coordinates())).iter().zip(shape.points()) {
            prop_assert!(distance(*p, *q) < 1e-12);
        }
    }

    #[test]
    fn a_reshaped_face_has_the_new_shape_and_the_old_pose(face in faces(), other in faces()) {
        let ((own, pose), (wanted, _)) = (measured(&face), measured(&other));
        let (found, kept) = measured(&face::reshaped(&face, &wanted.shape).unwrap());
        for (a, b) in found.shape.points().iter().zip(wanted.shape.points()) {
            prop_assert!(distance(*a, *b) < 1e-9, "{:?} and {:?}", a, b);
        }
        prop_assert!((kept.roll - pose.roll).abs() < 1e-9, "{} and {}", kept.roll, pose.roll);
        let same = face::reshaped(&face, &own.shape).unwrap();
        prop_assert!(same.normalised_mean_error(&face) < 1e-12);
    }
}

#[test]
fn a_face_that_is_no_face_is_refused() {
    let point = Landmarks([[5.0, 5.0]; 16]);
    assert_eq!(
        face::measure(&point, Species::Dog).unwrap_err().reason(),
        Reason::LandmarksDegenerate
    );
    let mut broken = composites("dogs/")[0];
    broken.0[3][1] = f64::NAN;
    assert_eq!(
        face::measure(&broken, Species::Dog).unwrap_err().reason(),
        Reason::LandmarksDegenerate
    );
}

#[test]
fn a_wider_eye_gap_measures_wider() {
    let [base, wide] =
        ["measure/base.", "measure/base-eye-gap-120."].map(|path| composites(path)[0]);
    let gap = |face: &Landmarks| distance(face.0[2], face.0[4]);
    let widened = gap(&wide) / gap(&base);
    assert!((widened - 1.2).abs() < 0.005, "made {widened} times as wide");
}

#[test]
fn a_nose_that_points_to_the_right_is_a_positive_yaw() {
    let face = composites("dogs/")[0];
    let mut turned = face;
    for nose in 8..12 {
        turned.0[nose][0] += 0.3 * face.interocular_distance();
    }
    let (_, straight) = measured(&face);
    let (_, aside) = measured(&turned);
    assert!(straight.yaw.abs() < 5.0, "{}", straight.yaw);
    assert!(aside.yaw > straight.yaw + 8.0, "{} and {}", aside.yaw, straight.yaw);
}

/// A protruding nose moves down with the head. The part of the movement that a long nose could
/// explain does not count as a nod.
#[test]
fn a_lowered_head_has_a_positive_pitch() {
    let face = composites("dogs/")[0];
    let nodded = |degrees: f64| {
        let mut nodded = face;
        for nose in 8..12 {
            nodded.0[nose][1] += 0.4 * degrees.to_radians().tan() * face.interocular_distance();
        }
        measured(&nodded).1.pitch
    };
    let level = nodded(0.0);
    for degrees in [-20.0, 15.0, 25.0] {
        let share = (nodded(degrees) - level) / degrees;
        assert!((0.05..0.55).contains(&share), "{share} of {degrees}°");
    }
}
