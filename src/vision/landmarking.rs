//! The constants of `landmark-models/landmarking.toml`. The training reads the same file, because a
//! network must see the same chips at run time as in training. The file explains each one.
//!
//! `[chip] side` becomes [`CHIP_SIDE`], and so on.

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
