// Memory of Rust as dlib reads it: pixels and model files.
#pragma once

#include <dlib/matrix.h>
#include <dlib/pixel.h>

#include <cstdint>
#include <stdexcept>
#include <streambuf>
#include <string>

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

// Reads a model from memory, where its checksum was taken, without a copy.
struct ConstBuffer : std::streambuf {
  explicit ConstBuffer(rust::Slice<const uint8_t> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
    setg(begin, begin, begin + bytes.size());
  }
};

}  // namespace mungpy
