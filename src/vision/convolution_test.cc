// Compares our convolution with dlib's. Only the tests call this, so no program links it.
#include "convolution.h"

namespace {

using networks::convolution_;

// What a layer sees of the one below it.
struct Below {
  dlib::resizable_tensor output;
  const dlib::tensor& get_output() const { return output; }
};

void fill(dlib::tensor& values, dlib::rand& random) {
  for (float& value : values) value = static_cast<float>(random.get_random_gaussian());
}

// Largest difference between the outputs, as a share of the largest output; above 1 if their sizes differ.
template <long N, long K, int Stride, int Padding> double difference(long samples, long channels, long height, long width) {
  Below below;
  below.output.set_size(samples, channels, height, width);
  dlib::rand random(height * width);
  fill(below.output, random);
  convolution_<N, K, Stride, Padding> layer;
  layer.setup(below);
  dlib::resizable_tensor ours, theirs;
  layer.forward(below, ours);  // with other weights, of which nothing may stay
  fill(layer.get_layer_params(), random);
  layer.forward(below, ours);
  static_cast<dlib::con_<N, K, K, Stride, Stride, Padding, Padding>&>(layer).forward(below, theirs);
  if (!dlib::have_same_dimensions(ours, theirs)) return 2;
  double most = 0, apart = 0;
  for (size_t i = 0; i < theirs.size(); ++i) {
    most = std::max<double>(most, std::abs(theirs.host()[i]));
    apart = std::max<double>(apart, std::abs(theirs.host()[i] - ours.host()[i]));
  }
  return apart / most;
}

}  // namespace

extern "C" double mungpy_convolution_difference() {
  double most = 0;
  for (const auto& [height, width] : {std::pair<long, long>{32, 32}, {17, 40}, {9, 9}, {7, 8}, {200, 333}}) {
    most = std::max({most,
                     difference<10, 3, 2, 0>(2, 3, height, width),   // as the detectors stride
                     difference<16, 5, 2, 2>(2, 3, height, width),   // as the landmark network strides
                     difference<16, 1, 1, 0>(3, 20, height, width),  // without patches
                     difference<48, 3, 1, 1>(1, 40, height, width),  // in tiles
                     difference<5, 3, 1, 1>(2, 3, height, width),
                     difference<45, 5, 1, 2>(1, 16, height, width),
                     difference<32, 7, 2, 0>(1, 3, height, width),
                     difference<1, 9, 1, 4>(2, 8, height, width),    // wider than the picture at its edges
                     difference<8, 3, 2, 1>(2, 4, height, width)});
  }
  return most;
}
