#include "dlib_bridge.h"

#include "dlib_memory.h"

#include <dlib/dnn.h>
#include <dlib/image_processing/frontal_face_detector.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <istream>
#include <stdexcept>
#include <string>
#include <vector>

#include "mungpy/src/vision/bridge.rs.h"

#if defined(MUNGPY_CUDA) && !defined(DLIB_USE_CUDA)
#error "the feature cuda needs a dlib that was built with CUDA, see docs/CUDA.md"
#elif !defined(MUNGPY_CUDA) && defined(DLIB_USE_CUDA)
#error "this dlib was built with CUDA and runs on no other machine: build with --features cuda"
#endif

extern "C" void openblas_set_num_threads(int);

namespace mungpy {
namespace {

void add(rust::Vec<RawDetection>& out, const dlib::rectangle& box, double confidence) {
  RawDetection found;
  found.left = static_cast<double>(box.left());
  found.top = static_cast<double>(box.top());
  found.right = static_cast<double>(box.right());
  found.bottom = static_cast<double>(box.bottom());
  found.confidence = confidence;
  out.push_back(found);
}

using Input = dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>;

// The architecture of dlib's published mmod_dog_hipsterizer and
// mmod_human_face_detector models (dlib/examples/dnn_mmod_dog_hipsterizer.cpp).
namespace dlib_published {
template <long N, typename Below> using Down = dlib::relu<dlib::affine<dlib::con<N, 5, 5, 2, 2, Below>>>;
template <long N, typename Below> using Same = dlib::relu<dlib::affine<dlib::con<N, 5, 5, 1, 1, Below>>>;
using Downsampled = Down<32, Down<32, Down<16, Input>>>;
using Net = dlib::loss_mmod<dlib::con<1, 9, 9, 1, 1, Same<45, Same<45, Same<45, Downsampled>>>>>;
}  // namespace dlib_published

// The project's own architecture, as in training/native/networks.h.
namespace own {
template <long N, long K, typename Below> using Down = dlib::relu<dlib::con<N, K, K, 2, 2, Below>>;
template <long N, long K, typename Below> using Same = dlib::relu<dlib::con<N, K, K, 1, 1, Below>>;
using Downsampled = Down<32, 5, Down<20, 5, Down<10, 3, Input>>>;
using Net = dlib::loss_mmod<dlib::con<1, 9, 9, 1, 1, Same<16, 1, Same<48, 3, Same<48, 3, Same<48, 3, Downsampled>>>>>>;
}  // namespace own

}  // namespace

struct HogDetector::Impl {
  dlib::frontal_face_detector detector;
};

HogDetector::HogDetector() : impl_(new Impl{dlib::get_frontal_face_detector()}) {}
HogDetector::HogDetector(const HogDetector& other) : impl_(new Impl(*other.impl_)) {}
HogDetector::~HogDetector() = default;

std::unique_ptr<HogDetector> HogDetector::clone() const { return std::make_unique<HogDetector>(*this); }

rust::Vec<RawDetection> HogDetector::detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) {
  std::vector<dlib::rect_detection> found;
  impl_->detector(to_image(rgb, width, height), found);
  rust::Vec<RawDetection> out;
  for (const auto& face : found) add(out, face.rect, face.detection_confidence);
  return out;
}

struct CnnDetector::Impl {
  virtual ~Impl() = default;
  virtual std::unique_ptr<Impl> clone() const = 0;
  virtual std::vector<dlib::mmod_rect> detect(const Image& image) = 0;
};

namespace {

template <typename Net> struct Network : CnnDetector::Impl {
  Net net;

  explicit Network(std::istream& in) { dlib::deserialize(net, in); }
  std::unique_ptr<CnnDetector::Impl> clone() const override { return std::make_unique<Network>(*this); }
  std::vector<dlib::mmod_rect> detect(const Image& image) override { return net(image); }
};

std::unique_ptr<CnnDetector::Impl> parse(rust::Slice<const uint8_t> model, bool is_dlib) {
  ConstBuffer buffer(model);
  std::istream in(&buffer);
  if (is_dlib) return std::make_unique<Network<dlib_published::Net>>(in);
  return std::make_unique<Network<own::Net>>(in);
}

}  // namespace

CnnDetector::CnnDetector(rust::Slice<const uint8_t> model, bool is_dlib) : impl_(parse(model, is_dlib)) {}
CnnDetector::CnnDetector(const CnnDetector& other) : impl_(other.impl_->clone()) {}
CnnDetector::~CnnDetector() = default;

std::unique_ptr<CnnDetector> CnnDetector::clone() const { return std::make_unique<CnnDetector>(*this); }

rust::Vec<RawDetection> CnnDetector::detect(rust::Slice<const uint8_t> rgb, size_t width, size_t height) {
  const std::vector<dlib::mmod_rect> found = impl_->detect(to_image(rgb, width, height));
  rust::Vec<RawDetection> out;
  for (const auto& face : found) {
    if (!face.ignore) add(out, face.rect, face.detection_confidence);
  }
  return out;
}

std::unique_ptr<HogDetector> frontal_face_detector() { return std::make_unique<HogDetector>(); }

std::unique_ptr<CnnDetector> parse_cnn_detector(rust::Slice<const uint8_t> model, bool is_dlib) {
  return std::make_unique<CnnDetector>(model, is_dlib);
}

rust::String graphics_processor() {
#ifdef DLIB_USE_CUDA
  if (dlib::cuda::get_num_devices() == 0) throw std::runtime_error("the machine has none");
  return dlib::cuda::get_device_name(dlib::cuda::get_device());
#else
  return {};
#endif
}

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
