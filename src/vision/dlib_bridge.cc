// What concerns the whole process: processor, GPU, threads, memory.
#include "dlib_bridge.h"

#include <dlib/dnn.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <stdexcept>
#include <string>

#ifdef DLIB_USE_CUDA
#include <dlfcn.h>
#endif

#if defined(MUNGPY_CUDA) && !defined(DLIB_USE_CUDA)
#error "the feature cuda needs a dlib that was built with CUDA, see docs/CUDA.md"
#elif !defined(MUNGPY_CUDA) && defined(DLIB_USE_CUDA)
#error "this dlib was built with CUDA and runs on no other machine: build with --features cuda"
#endif

extern "C" void openblas_set_num_threads(int);

namespace mungpy {

// dlib_hog.cc, as compiled for each processor.
namespace base {
std::unique_ptr<HogDetector> parse_hog_detector(rust::Slice<const uint8_t> model);
}
#ifdef MUNGPY_AVX2
namespace avx2 {
std::unique_ptr<HogDetector> parse_hog_detector(rust::Slice<const uint8_t> model);
}
#endif

std::unique_ptr<HogDetector> parse_hog_detector(rust::Slice<const uint8_t> model) {
#ifdef MUNGPY_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::parse_hog_detector(model);
#endif
  return base::parse_hog_detector(model);
}

#ifdef DLIB_USE_CUDA

namespace {
int chosen = 0;
}

void choose_graphics_processor(int32_t index) {
  const int count = dlib::cuda::get_num_devices();
  if (index < 0 || index >= count) {
    throw std::runtime_error("there is no GPU " + std::to_string(index) + " among " + std::to_string(count));
  }
  chosen = index;
  use_graphics_processor();
}

rust::String graphics_processor() {
  if (dlib::cuda::get_num_devices() == 0) throw std::runtime_error("the machine has none");
  return dlib::cuda::get_device_name(chosen);
}

size_t free_graphics_memory() {
  // A dlib that contains CUDA's runtime need not hand it on, so it is not linked but looked up.
  using MemoryInfo = int (*)(size_t*, size_t*);
  const auto info = reinterpret_cast<MemoryInfo>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
  size_t free = 0, total = 0;
  use_graphics_processor();
  return info != nullptr && info(&free, &total) == 0 ? free : 0;
}

void use_graphics_processor() {
  if (dlib::cuda::get_device() != chosen) dlib::cuda::set_device(chosen);
}

#else

void choose_graphics_processor(int32_t) { throw std::runtime_error("this build has no CUDA"); }
rust::String graphics_processor() { return {}; }
size_t free_graphics_memory() { return 0; }
void use_graphics_processor() {}

#endif

void prepare_process() {
  openblas_set_num_threads(1);
#ifdef __GLIBC__
  // A detection allocates the same large tensors again and again. By default each goes back to the
  // kernel and comes back zeroed, page by page. A thread's arena holds no block above 64 MiB, so
  // all threads share the first arena. What a peak leaves free is given back by trim_memory.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void trim_memory(size_t spare) {
#ifdef __GLIBC__
  if (mallinfo2().fordblks > spare) malloc_trim(0);
#else
  static_cast<void>(spare);
#endif
}

}  // namespace mungpy
