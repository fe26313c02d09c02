//! Values of the core in the form of the contract, where more than one module needs them.

use mungpy_core::face::Quality;
use mungpy_proto::v1;

/// The message of a quality; `landmark_spread` is the contract's word for the disagreement.
pub(crate) fn of_quality(quality: Quality) -> v1::Quality {
    let Quality { yaw, pitch, roll, interocular, sharpness, landmark_disagreement } = quality;
    v1::Quality { yaw, pitch, roll, interocular, sharpness, landmark_spread: landmark_disagreement }
}

/// The quality in a message.
pub(crate) fn to_quality(message: v1::Quality) -> Quality {
    let v1::Quality { yaw, roll, interocular, sharpness, landmark_spread, pitch } = message;
    Quality { yaw, pitch, roll, interocular, sharpness, landmark_disagreement: landmark_spread }
}
