// Memory in which convolutions lay out their input before they multiply.
#pragma once

#include <cstddef>
#include <vector>

namespace networks {

// Bytes that are laid out before they are multiplied: half of a usual second-level cache.
inline constexpr long kCachedBytes = 512 << 10;

// Memory of this thread, until its next call.
inline float* scratch(size_t size) {
  static thread_local std::vector<float> memory;
  if (memory.size() < size) memory.resize(size);
  return memory.data();
}

}  // namespace networks
