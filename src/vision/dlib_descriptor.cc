// dlib's face descriptor network, on a CPU or a GPU.
#include <algorithm>
#include <istream>
#include <stdexcept>
#include <string>

#include "dlib_bridge.h"
#include "dlib_memory.h"
#include "networks.h"

namespace mungpy {
namespace {

struct Descriptor : DescriptorNetwork {
  networks::Descriptor net;

  explicit Descriptor(std::istream& in) { dlib::deserialize(net, in); }

  std::unique_ptr<DescriptorNetwork> clone() const override {
    use_graphics_processor();
    return std::make_unique<Descriptor>(*this);
  }

  void describe(rust::Slice<const uint8_t> rgb, rust::Slice<float> descriptor) override {
    use_graphics_processor();
    const Image chip = to_image(rgb, networks::kDescribedSide, networks::kDescribedSide);
    const auto& found = run_clean(net, [&]() -> const auto& { return net(chip); });
    if (static_cast<size_t>(found.size()) != descriptor.size()) {
      throw std::runtime_error("the network gave " + std::to_string(found.size()) + " numbers for a descriptor of " +
                               std::to_string(descriptor.size()));
    }
    std::copy(found.begin(), found.end(), descriptor.begin());
  }
};

}  // namespace

std::unique_ptr<DescriptorNetwork> parse_descriptor_network(rust::Slice<const uint8_t> model) {
  use_graphics_processor();
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  return std::make_unique<Descriptor>(in);
}

}  // namespace mungpy
