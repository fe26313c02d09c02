//! Declarations shared by Rust and the C++ files of this folder.
//!
//! Every function that may throw returns a `Result`: `cxx` turns a C++ exception into an `Err` with
//! its message.

#[cxx::bridge(namespace = "mungpy")]
pub(super) mod ffi {
    /// A face found by a detector, in pixels of the searched image.
    struct RawDetection {
        /// Number of the image, from 0.
        image: usize,
        left: f64,
        top: f64,
        right: f64,
        bottom: f64,
        /// Distance from the detector's threshold; larger is more certain.
        confidence: f64,
    }

    unsafe extern "C++" {
        include!("dlib_bridge.h");

        /// dlib's histogram-of-oriented-gradients detector of frontal human faces.
        type HogDetector;
        /// dlib's max-margin CNN detector, in dlib's published architecture or the project's.
        type CnnDetector;

        /// The project's network that finds landmarks in a chip.
        type LandmarkNetwork;
        /// dlib's network that describes whose face a chip shows.
        type DescriptorNetwork;

        fn parse_hog_detector(model: &[u8]) -> Result<UniquePtr<HogDetector>>;
        fn parse_cnn_detector(model: &[u8], is_dlib: bool) -> Result<UniquePtr<CnnDetector>>;
        fn parse_landmark_network(model: &[u8]) -> Result<UniquePtr<LandmarkNetwork>>;
        fn parse_descriptor_network(model: &[u8]) -> Result<UniquePtr<DescriptorNetwork>>;

        #[rust_name = "copy"]
        fn clone(self: &HogDetector) -> Result<UniquePtr<HogDetector>>;
        #[rust_name = "copy"]
        fn clone(self: &CnnDetector) -> Result<UniquePtr<CnnDetector>>;

        /// `rgb` holds images one after the other, each `height` rows of `width` pixels of 3 bytes.
        fn detect(
            self: Pin<&mut HogDetector>,
            rgb: &[u8],
            width: usize,
            height: usize,
        ) -> Result<Vec<RawDetection>>;
        /// The same.
        fn detect(
            self: Pin<&mut CnnDetector>,
            rgb: &[u8],
            width: usize,
            height: usize,
        ) -> Result<Vec<RawDetection>>;

        #[rust_name = "copy"]
        fn clone(self: &LandmarkNetwork) -> Result<UniquePtr<LandmarkNetwork>>;
        /// `rgb` holds chips one after the other, each 128 rows of 128 pixels of 3 bytes.
        fn run(self: Pin<&mut LandmarkNetwork>, rgb: &[u8]) -> Result<()>;
        /// 17 maps of 32 rows of 32 values for each chip of the last run.
        fn maps(self: &LandmarkNetwork) -> Result<&[f32]>;

        #[rust_name = "copy"]
        fn clone(self: &DescriptorNetwork) -> Result<UniquePtr<DescriptorNetwork>>;
        /// `rgb`: 150 rows of 150 pixels of 3 bytes; `descriptor`: 128 numbers to be written.
        fn describe(
            self: Pin<&mut DescriptorNetwork>,
            rgb: &[u8],
            descriptor: &mut [f32],
        ) -> Result<()>;

        /// Chooses the GPU that networks run on.
        fn choose_graphics_processor(index: i32) -> Result<()>;
        /// Name of the GPU that networks run on; empty in a build without CUDA.
        fn graphics_processor() -> Result<String>;
        /// Free bytes of its memory; 0 if they cannot be told.
        fn free_graphics_memory() -> Result<usize>;

        /// Configures native libraries for the whole process.
        fn prepare_process();
        /// Gives free memory back to the system if there is more than this many bytes of it.
        fn trim_memory(spare: usize);
    }
}
