// dlib's HOG detector. It lives in templates that AVX2 makes half as fast again, so this file is
// compiled twice, for any x86-64 and for AVX2; build.rs keeps the two apart, and dlib_bridge.cc chooses.
// The networks gain nothing by it: their time goes to OpenBLAS, which chooses by itself.
#include <dlib/image_processing/frontal_face_detector.h>

#include <istream>
#include <vector>

#include "dlib_bridge.h"
#include "dlib_memory.h"
#include "mungpy/src/vision/bridge.rs.h"

namespace mungpy {
namespace {

struct Hog : HogDetector {
  dlib::frontal_face_detector detector;

  explicit Hog(std::istream& in) { dlib::deserialize(detector, in); }

  std::unique_ptr<HogDetector> clone() const override { return std::make_unique<Hog>(*this); }

  rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) override {
    rust::Vec<RawDetection> out;
    size_t number = 0;
    for (const Image& image : to_images(rgb, width, height)) {
      std::vector<dlib::rect_detection> found;
      detector(image, found);
      for (const auto& face : found) out.push_back(raw_detection(number, face.rect, face.detection_confidence));
      ++number;
    }
    return out;
  }
};

}  // namespace

namespace MUNGPY_VARIANT {
std::unique_ptr<HogDetector> parse_hog_detector(rust::Slice<const uint8_t> model) {
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  return std::make_unique<Hog>(in);
}
}  // namespace MUNGPY_VARIANT

}  // namespace mungpy
