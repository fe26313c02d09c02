//! Core values as messages of the contract, where more than one module needs them.

use mungpy_core::face::Quality;
use mungpy_proto::v1;

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
