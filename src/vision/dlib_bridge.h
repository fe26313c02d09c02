// The functions of dlib that Mungpy calls, as declared to Rust in bridge.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "rust/cxx.h"

namespace mungpy {

struct RawDetection;

// Not thread-safe: the scanner inside keeps the pyramid of the last image.
class HogDetector {
 public:
  HogDetector();
  HogDetector(const HogDetector& other);
  ~HogDetector();

  std::unique_ptr<HogDetector> clone() const;
  rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Not thread-safe: the network keeps the activations of the last image.
class CnnDetector {
 public:
  struct Impl;

  CnnDetector(rust::Slice<const uint8_t> model, bool is_dlib);
  CnnDetector(const CnnDetector& other);
  ~CnnDetector();

  std::unique_ptr<CnnDetector> clone() const;
  rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height);

 private:
  std::unique_ptr<Impl> impl_;
};

// Not thread-safe: the network keeps the activations of the last chip.
class DescriptorNetwork {
 public:
  explicit DescriptorNetwork(rust::Slice<const uint8_t> model);
  DescriptorNetwork(const DescriptorNetwork& other);
  ~DescriptorNetwork();

  std::unique_ptr<DescriptorNetwork> clone() const;
  // Writes the descriptor of a chip of 150 x 150 px.
  void describe(rust::Slice<const uint8_t> rgb, rust::Slice<float> descriptor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::unique_ptr<HogDetector> frontal_face_detector();
std::unique_ptr<CnnDetector> parse_cnn_detector(rust::Slice<const uint8_t> model, bool is_dlib);
std::unique_ptr<DescriptorNetwork> parse_descriptor_network(rust::Slice<const uint8_t> model);
// Name of the GPU that networks run on; empty in a build without CUDA. Throws
// where there is none that can be used.
rust::String graphics_processor();
void prepare_process();
void trim_memory(size_t spare);

}  // namespace mungpy
