//! Core values as messages of the contract, where more than one module needs them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use mungpy_core::face::{Landmarks, Point, Quality};
use mungpy_proto::v1;

use crate::vision::Detection;

/// Converts a quality to its message; the contract calls the disagreement `landmark_spread`.
pub(crate) fn of_quality(quality: Quality) -> v1::Quality {
    let Quality { yaw, pitch, roll, interocular, sharpness, landmark_disagreement } = quality;
    v1::Quality { yaw, pitch, roll, interocular, sharpness, landmark_spread: landmark_disagreement }
}

/// Converts the message back to a quality.
pub(crate) fn to_quality(message: v1::Quality) -> Quality {
    let v1::Quality { yaw, roll, interocular, sharpness, landmark_spread, pitch } = message;
    Quality { yaw, pitch, roll, interocular, sharpness, landmark_disagreement: landmark_spread }
}

/// Converts the box of a face.
pub(crate) fn of_box(face: &Detection) -> v1::Box {
    let Detection { left, top, right, bottom, confidence } = *face;
    v1::Box { left, top, right, bottom, confidence }
}

/// Converts landmarks to points, in their order.
pub(crate) fn of_landmarks(landmarks: &Landmarks) -> Vec<v1::Point> {
    landmarks.0.iter().copied().map(of_point).collect()
}

/// Converts the ends of a line.
pub(crate) fn of_line([from, to]: [Point; 2]) -> v1::Line {
    v1::Line { from: Some(of_point(from)), to: Some(of_point(to)) }
}

/// Converts the time of a stage, to milliseconds.
pub(crate) fn of_timing(stage: &str, time: Duration) -> v1::StageTiming {
    v1::StageTiming { stage: stage.to_owned(), milliseconds: time.as_secs_f64() * 1e3 }
}

/// Converts a time: RFC 3339 in UTC, whole seconds.
pub(crate) fn of_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn of_point([x, y]: Point) -> v1::Point {
    v1::Point { x, y }
}
