// dlib's face descriptor network, on a CPU or a GPU.
#include <dlib/dnn.h>

#include <istream>
#include <stdexcept>
#include <string>
#include <vector>

#include "dlib_bridge.h"
#include "dlib_memory.h"
#include "mungpy/src/vision/bridge.rs.h"

namespace mungpy {
namespace {

constexpr size_t kChipSide = 150;

// A residual network of 29 layers, as in dlib/examples/dnn_face_recognition_ex.cpp.
template <long N, int Stride, typename Below>
using Twice = dlib::affine<dlib::con<N, 3, 3, 1, 1, dlib::relu<dlib::affine<dlib::con<N, 3, 3, Stride, Stride, Below>>>>>;
template <long N, typename Below>
using Same = dlib::relu<dlib::add_prev1<Twice<N, 1, dlib::tag1<Below>>>>;
template <long N, typename Below>
using Half = dlib::relu<
    dlib::add_prev2<dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<Twice<N, 2, dlib::tag1<Below>>>>>>>;
using Stem = dlib::max_pool<
    3, 3, 2, 2, dlib::relu<dlib::affine<dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image_sized<kChipSide>>>>>;
using Stage1 = Same<32, Same<32, Same<32, Stem>>>;
using Stage2 = Same<64, Same<64, Same<64, Half<64, Stage1>>>>;
using Stage3 = Same<128, Same<128, Half<128, Stage2>>>;
using Stage4 = Same<256, Same<256, Half<256, Stage3>>>;
using Net = dlib::loss_metric<dlib::fc_no_bias<128, dlib::avg_pool_everything<Half<256, Stage4>>>>;

}  // namespace

struct DescriptorNetwork::Impl {
  Net net;
};

DescriptorNetwork::DescriptorNetwork(rust::Slice<const uint8_t> model) : impl_(new Impl) {
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  dlib::deserialize(impl_->net, in);
}
DescriptorNetwork::DescriptorNetwork(const DescriptorNetwork& other) : impl_(new Impl(*other.impl_)) {}
DescriptorNetwork::~DescriptorNetwork() = default;

std::unique_ptr<DescriptorNetwork> DescriptorNetwork::clone() const {
  return std::make_unique<DescriptorNetwork>(*this);
}

void DescriptorNetwork::describe(rust::Slice<const uint8_t> rgb, rust::Slice<float> descriptor) {
  const Image chip = to_image(rgb, kChipSide, kChipSide);
  const auto& found = impl_->net(chip);
  if (static_cast<size_t>(found.size()) != descriptor.size()) {
    throw std::runtime_error("the network gave " + std::to_string(found.size()) + " numbers for a descriptor of " +
                             std::to_string(descriptor.size()));
  }
  std::copy(found.begin(), found.end(), descriptor.begin());
}

std::unique_ptr<DescriptorNetwork> parse_descriptor_network(rust::Slice<const uint8_t> model) {
  return std::make_unique<DescriptorNetwork>(model);
}

}  // namespace mungpy
