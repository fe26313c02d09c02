//! The constants of `landmark-models/landmarking.toml`, which the training reads as well: a
//! network must see the same chips in use as in training. The file says what each one means.
//!
//! `[chip] side` is [`CHIP_SIDE`], and so on.

include!(concat!(env!("OUT_DIR"), "/landmarking.rs"));

#[cfg(test)]
mod tests {
    use mungpy_core::face::landmarks;

    use super::*;

    #[test]
    fn the_training_mirrors_landmarks_as_the_core_does() {
        assert_eq!(LANDMARKS_MIRROR_ORDER, landmarks::MIRRORED);
    }
}
