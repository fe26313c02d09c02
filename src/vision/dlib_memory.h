// What crosses the border between Rust and dlib: pixels, detections, model files.
#pragma once

#include <dlib/geometry.h>
#include <dlib/matrix.h>
#include <dlib/pixel.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

#include "mungpy/src/vision/bridge.rs.h"
#include "rust/cxx.h"

namespace mungpy {

using Image = dlib::matrix<dlib::rgb_pixel>;

// A second failed assertion inside dlib ends the process (dlib::fatal_error
// refuses to be thrown twice), so what dlib asserts is checked here first.
inline constexpr size_t kMinSide = 16;
inline constexpr size_t kMaxSide = 4096;

inline Image to_image(rust::Slice<const uint8_t> rgb, size_t width, size_t height) {
  if (width < kMinSide || height < kMinSide || width > kMaxSide || height > kMaxSide) {
    throw std::invalid_argument("image of " + std::to_string(width) + "x" + std::to_string(height) +
                                " px; each side must be " + std::to_string(kMinSide) + " to " +
                                std::to_string(kMaxSide) + " px");
  }
  if (rgb.size() != width * height * 3) {
    throw std::invalid_argument("buffer of " + std::to_string(rgb.size()) + " bytes for an image of " +
                                std::to_string(width) + "x" + std::to_string(height) + " px");
  }
  Image image(static_cast<long>(height), static_cast<long>(width));
  const uint8_t* in = rgb.data();
  for (dlib::rgb_pixel& pixel : image) {
    pixel = dlib::rgb_pixel(in[0], in[1], in[2]);
    in += 3;
  }
  return image;
}

// Images of one size that follow each other. What is left at the end is refused as an image.
inline std::vector<Image> to_images(rust::Slice<const uint8_t> rgb, size_t width, size_t height) {
  std::vector<Image> images;
  const size_t all = rgb.size(), size = std::max<size_t>(width * height * 3, 1);
  size_t begin = 0;
  do {
    const size_t length = std::min(size, all - begin);
    images.push_back(to_image({rgb.data() + begin, length}, width, height));
    begin += length;
  } while (begin < all);
  return images;
}

inline RawDetection raw_detection(size_t image, const dlib::rectangle& box, double confidence) {
  RawDetection found;
  found.image = image;
  found.left = static_cast<double>(box.left());
  found.top = static_cast<double>(box.top());
  found.right = static_cast<double>(box.right());
  found.bottom = static_cast<double>(box.bottom());
  found.confidence = confidence;
  return found;
}

// Runs a network. A tensor of dlib notes its new size before it has memory of that size, and keeps it if
// memory is short: the next run would write beyond it. So what fails leaves no tensor behind.
template <typename Net, typename Run> auto run_clean(Net& net, Run run) -> decltype(run()) {
  try {
    return run();
  } catch (...) {
    net.clean();
    throw;
  }
}

// Reads a model from memory, where its checksum was taken, without a copy.
struct ConstBuffer : std::streambuf {
  explicit ConstBuffer(rust::Slice<const uint8_t> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }
};

}  // namespace mungpy
