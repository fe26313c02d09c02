// The project's landmark network, on a CPU or a GPU.
#include <istream>
#include <stdexcept>
#include <string>
#include <vector>

#include "dlib_bridge.h"
#include "dlib_memory.h"
#include "networks.h"

namespace mungpy {
namespace {

struct Landmarks : LandmarkNetwork {
  networks::Landmarks net;
  const dlib::tensor* output = nullptr;

  // dlib declares a template of this name that it never defines, so the name must not be qualified.
  explicit Landmarks(std::istream& in) { deserialize(net, in); }
  Landmarks(const Landmarks& other) : net(other.net) {}

  std::unique_ptr<LandmarkNetwork> clone() const override {
    use_graphics_processor();
    return std::make_unique<Landmarks>(*this);
  }

  void run(rust::Slice<const uint8_t> rgb) override {
    use_graphics_processor();
    output = nullptr;
    const std::vector<Image> chips = to_images(rgb, networks::kChipSide, networks::kChipSide);
    output = run_clean(net, [&] { return &net(chips.begin(), chips.end()); });
  }

  rust::Slice<const float> maps() const override {
    if (output == nullptr) return {};
    return {output->host(), output->size()};
  }
};

}  // namespace

std::unique_ptr<LandmarkNetwork> parse_landmark_network(rust::Slice<const uint8_t> model) {
  use_graphics_processor();
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  return std::make_unique<Landmarks>(in);
}

}  // namespace mungpy
