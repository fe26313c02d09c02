// dlib's max-margin CNNs, on a CPU or a GPU.
#include <istream>
#include <vector>

#include "dlib_bridge.h"
#include "dlib_memory.h"
#include "mungpy/src/vision/bridge.rs.h"
#include "networks.h"

namespace mungpy {
namespace {

template <typename Net> struct Cnn : CnnDetector {
  Net net;

  explicit Cnn(std::istream& in) { dlib::deserialize(net, in); }

  std::unique_ptr<CnnDetector> clone() const override {
    use_graphics_processor();
    return std::make_unique<Cnn>(*this);
  }

  rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) override {
    use_graphics_processor();
    const std::vector<Image> images = to_images(rgb, width, height);
    const std::vector<std::vector<dlib::mmod_rect>> found = run_clean(net, [&] { return net(images, images.size()); });
    rust::Vec<RawDetection> out;
    for (size_t number = 0; number < found.size(); ++number) {
      for (const auto& face : found[number]) {
        if (!face.ignore) out.push_back(raw_detection(number, face.rect, face.detection_confidence));
      }
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<CnnDetector> parse_cnn_detector(rust::Slice<const uint8_t> model, bool is_dlib) {
  use_graphics_processor();
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  if (is_dlib) return std::make_unique<Cnn<networks::PublishedDetector>>(in);
  return std::make_unique<Cnn<networks::OwnDetector>>(in);
}

}  // namespace mungpy
