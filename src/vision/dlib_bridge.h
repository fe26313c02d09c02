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
  virtual ~HogDetector() = default;
  virtual std::unique_ptr<HogDetector> clone() const = 0;
  // Searches images of one size, which follow each other in `rgb`.
  virtual rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) = 0;
};

// Not thread-safe: the network keeps the activations of the last images.
class CnnDetector {
 public:
  virtual ~CnnDetector() = default;
  virtual std::unique_ptr<CnnDetector> clone() const = 0;
  // Searches images of one size, which follow each other in `rgb`, in one run of the network.
  virtual rust::Vec<RawDetection> detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) = 0;
};

// Not thread-safe: the network keeps the activations of the last chips.
class LandmarkNetwork {
 public:
  virtual ~LandmarkNetwork() = default;
  virtual std::unique_ptr<LandmarkNetwork> clone() const = 0;
  // Runs once over chips of 128 x 128 px, which follow each other in `rgb`.
  virtual void run(rust::Slice<const uint8_t> rgb) = 0;
  // What the last run gave: chip, map, row, column.
  virtual rust::Slice<const float> maps() const = 0;
};

// Not thread-safe: the network keeps the activations of the last chip.
class DescriptorNetwork {
 public:
  virtual ~DescriptorNetwork() = default;
  virtual std::unique_ptr<DescriptorNetwork> clone() const = 0;
  // Writes the descriptor of a chip of 150 x 150 px.
  virtual void describe(rust::Slice<const uint8_t> rgb, rust::Slice<float> descriptor) = 0;
};

std::unique_ptr<HogDetector> parse_hog_detector(rust::Slice<const uint8_t> model);
std::unique_ptr<CnnDetector> parse_cnn_detector(rust::Slice<const uint8_t> model, bool is_dlib);
std::unique_ptr<LandmarkNetwork> parse_landmark_network(rust::Slice<const uint8_t> model);
std::unique_ptr<DescriptorNetwork> parse_descriptor_network(rust::Slice<const uint8_t> model);
// Chooses the GPU that networks run on. Throws where there is no such GPU.
void choose_graphics_processor(int32_t index);
// Name of the GPU that networks run on; empty in a build without CUDA. Throws
// where there is none that can be used.
rust::String graphics_processor();
// Free bytes of its memory; 0 if they cannot be told.
size_t free_graphics_memory();
// Makes the calling thread use the chosen GPU: CUDA keeps the choice for each
// thread. All work on networks begins with it.
void use_graphics_processor();
void prepare_process();
void trim_memory(size_t spare);

}  // namespace mungpy
