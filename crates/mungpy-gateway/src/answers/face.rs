//! Faces, landmarks, quality, advice.

use mungpy_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{filled, rounded};
use crate::wishes::PointOnPhoto;

impl From<v1::Point> for PointOnPhoto {
    fn from(v1::Point { x, y }: v1::Point) -> Self {
        Self { x: rounded(x, 2), y: rounded(y, 2) }
    }
}

pub(super) fn points(points: Vec<v1::Point>) -> Vec<PointOnPhoto> {
    points.into_iter().map(Into::into).collect()
}

/// A line between two points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    from: PointOnPhoto,
    to: PointOnPhoto,
}

impl Line {
    pub(super) fn of(line: v1::Line) -> Option<Self> {
        Some(Self { from: line.from?.into(), to: line.to?.into() })
    }
}

/// A rectangle in pixels of the upright photo.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaceBox {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    /// The detector's confidence; larger is more certain.
    confidence: f64,
}

impl From<v1::Box> for FaceBox {
    fn from(v1::Box { left, top, right, bottom, confidence }: v1::Box) -> Self {
        let [left, top, right, bottom] = [left, top, right, bottom].map(|side| rounded(side, 2));
        Self { left, top, right, bottom, confidence: rounded(confidence, 4) }
    }
}

/// How far to trust a measured face.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quality {
    /// Turn of the head to the side, in degrees; 0 is frontal.
    yaw: f64,
    /// Nod of the head, in degrees.
    pitch: f64,
    /// Tilt of the head in the picture, in degrees.
    roll: f64,
    /// Distance between the eye centres, in pixels.
    interocular: f64,
    /// Detail in the face; 0 is a flat surface.
    sharpness: f64,
    /// Disagreement of the landmarks between looks, as a share of the interocular distance.
    landmark_spread: f64,
}

impl From<v1::Quality> for Quality {
    fn from(quality: v1::Quality) -> Self {
        Self {
            yaw: rounded(quality.yaw, 2),
            pitch: rounded(quality.pitch, 2),
            roll: rounded(quality.roll, 2),
            interocular: rounded(quality.interocular, 2),
            sharpness: rounded(quality.sharpness, 4),
            landmark_spread: rounded(quality.landmark_spread, 4),
        }
    }
}

/// One facial ratio of a face.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ratio {
    /// Key of the ratio.
    #[serde(rename = "ratio")]
    key: String,
    /// The length over the face's unit length.
    value: f64,
    /// Deviation from the mean of the species, in standard deviations.
    sigma: f64,
}

impl From<v1::RatioMeasurement> for Ratio {
    fn from(v1::RatioMeasurement { ratio, value, sigma }: v1::RatioMeasurement) -> Self {
        Self { key: ratio, value: rounded(value, 4), sigma: rounded(sigma, 4) }
    }
}

/// What would make a photo better.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Advice {
    /// Stable code, e.g. `COME_CLOSER`.
    code: String,
    /// The same in words, in the caller's language.
    sentence: String,
}

impl From<v1::Advice> for Advice {
    fn from(advice: v1::Advice) -> Self {
        let code = advice.code().as_str_name().trim_start_matches("ADVICE_CODE_").to_owned();
        Self { code, sentence: advice.sentence }
    }
}

fn advice(advice: Vec<v1::Advice>) -> Vec<Advice> {
    advice.into_iter().map(Into::into).collect()
}

/// One face of a photo.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Face {
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    bounds: Option<FaceBox>,
    /// The 16 landmarks, in pixels of the upright photo.
    landmarks: Vec<PointOnPhoto>,
    /// The ratios measured in this photo.
    ratios: Vec<Ratio>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    /// Whether a dog can be found for it.
    usable: bool,
    /// Why not, e.g. `FACE_TOO_SMALL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What would make it better.
    advice: Vec<Advice>,
    /// Mean brightness, 0 (black) to 1 (white).
    brightness: f64,
}

impl From<v1::DescribedFace> for Face {
    fn from(face: v1::DescribedFace) -> Self {
        Self {
            bounds: face.r#box.map(Into::into),
            landmarks: points(face.landmarks),
            ratios: face.ratios.into_iter().map(Into::into).collect(),
            quality: face.quality.map(Into::into),
            usable: face.usable,
            reason: filled(face.reason),
            advice: advice(face.advice),
            brightness: rounded(face.brightness, 4),
        }
    }
}

/// What a photo shows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Description {
    /// Width of the upright photo, in pixels.
    width: u32,
    /// Height of the upright photo, in pixels.
    height: u32,
    /// The faces, the one that would be used first.
    faces: Vec<Face>,
    /// What would make the photo better.
    advice: Vec<Advice>,
}

impl From<v1::DescribeResponse> for Description {
    fn from(said: v1::DescribeResponse) -> Self {
        Self {
            width: said.width,
            height: said.height,
            faces: said.faces.into_iter().map(Into::into).collect(),
            advice: advice(said.advice),
        }
    }
}

/// What was found in one photo of the person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhotoReport {
    /// Number of faces found.
    faces_found: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    face: Option<FaceBox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<Quality>,
    /// Whether the answer rests on the other photos.
    left_out: bool,
    /// Why the photo was refused, e.g. `NO_FACE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The 16 landmarks, in pixels of the upright photo.
    landmarks: Vec<PointOnPhoto>,
}

impl From<v1::PhotoReport> for PhotoReport {
    fn from(report: v1::PhotoReport) -> Self {
        Self {
            faces_found: report.faces_found,
            face: report.face.map(Into::into),
            quality: report.quality.map(Into::into),
            left_out: report.left_out,
            reason: filled(report.reason),
            landmarks: points(report.landmarks),
        }
    }
}
