// A convolution for CPUs that reads and writes the same model files as dlib's own.
//
// dlib gathers the patches of a whole picture, pixel by pixel with a check of the borders at each, and
// then multiplies. Here patches are gathered in rows without checks, for a few rows of the output at
// a time, so that they are still in the cache when they are multiplied. A kernel of one pixel needs
// no patches at all, and one of 3 x 3 that keeps the size of its picture needs fewer products (winograd.h).
#pragma once

#include <dlib/dnn.h>

#ifndef DLIB_USE_CUDA
#include <cblas.h>

#include "scratch.h"
#include "winograd.h"
#endif

#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace networks {

#ifdef DLIB_USE_CUDA

template <long N, long K, int Stride, int Padding>
using convolution_ = dlib::con_<N, K, K, Stride, Stride, Padding, Padding>;

#else

// Where a kernel finds its input: sizes of the input and of the output, in pixels.
template <long K, int Stride, int Padding> struct Patches {
  const long channels, height, width, rows, columns;

  Patches(long channels, long height, long width)
      : channels(channels),
        height(height),
        width(width),
        rows(1 + (height + 2 * Padding - K) / Stride),
        columns(1 + (width + 2 * Padding - K) / Stride) {}

  // Values of a patch.
  long size() const { return channels * K * K; }

  // Writes the patches of some rows of the output: one row for each value of a patch, one column
  // for each patch.
  void gather(const float* in, long first, long last, float* out) const {
    for (long channel = 0; channel < channels; ++channel, in += height * width) {
      for (long y = 0; y < K; ++y) {
        for (long x = 0; x < K; ++x) {
          for (long row = first; row < last; ++row, out += columns) {
            gather_row(in, row * Stride + y - Padding, x - Padding, out);
          }
        }
      }
    }
  }

 private:
  // Writes every Stride-th pixel of a row of the input, from the one at `left` on; 0 outside.
  void gather_row(const float* in, long y, long left, float* out) const {
    if (y < 0 || y >= height) {
      std::fill_n(out, columns, 0.f);
      return;
    }
    const long begin = std::min(columns, left < 0 ? (-left + Stride - 1) / Stride : 0);
    const long end = std::max(begin, std::min(columns, (width - left + Stride - 1) / Stride));
    const float* from = in + y * width + left;
    for (long i = 0; i < begin; ++i) out[i] = 0;
    for (long i = begin; i < end; ++i) out[i] = from[i * Stride];
    for (long i = end; i < columns; ++i) out[i] = 0;
  }
};

template <long N, long K, int Stride, int Padding>
class convolution_ : public dlib::con_<N, K, K, Stride, Stride, Padding, Padding> {
  using Base = dlib::con_<N, K, K, Stride, Stride, Padding, Padding>;

 public:
  convolution_() = default;
  // A move copies as well: what it left behind would have no weights for tiles.
  convolution_(const convolution_&) = default;
  convolution_& operator=(const convolution_&) = default;

  template <typename Below> void setup(const Below& below) {
    Base::setup(below);
    transformed = std::make_shared<Transformed>();
  }

  template <typename Below> void forward(const Below& below, dlib::resizable_tensor& output) {
    const dlib::tensor& in = below.get_output();
    const Patches<K, Stride, Padding> patches(in.k(), in.nr(), in.nc());
    check(patches);
    output.set_size(in.num_samples(), N, patches.rows, patches.columns);
    const float* from = in.host();
    float* to = output.host_write_only();
    for (long sample = 0; sample < in.num_samples(); ++sample) {
      convolve(patches, from, to);
      from += in.k() * in.nr() * in.nc();
      to += N * patches.rows * patches.columns;
    }
  }

  template <typename Below> void backward(const dlib::tensor&, Below&, dlib::tensor&) {
    throw std::logic_error("this convolution cannot be trained");
  }

  const dlib::tensor& get_layer_params() const { return Base::get_layer_params(); }

  // Whoever asks for the weights like this may change them.
  dlib::tensor& get_layer_params() {
    transformed = std::make_shared<Transformed>();
    return Base::get_layer_params();
  }

  friend void deserialize(convolution_& item, std::istream& in) {
    deserialize(static_cast<Base&>(item), in);
    item.transformed = std::make_shared<Transformed>();
  }

 private:
  // Weights for tiles. Copies of a network share them.
  struct Transformed {
    std::once_flag once;
    std::vector<float> filters;
  };
  std::shared_ptr<Transformed> transformed = std::make_shared<Transformed>();

  // Pictures that are hardly larger than a tile gain nothing from tiles.
  static bool has_tiles(const Patches<K, Stride, Padding>& patches) {
    return K == 3 && Stride == 1 && Padding == 1 && std::min(patches.rows, patches.columns) >= 6;
  }

  // A model file of another architecture must not make it read outside its weights.
  void check(const Patches<K, Stride, Padding>& patches) const {
    const size_t bias = this->bias_is_disabled() ? 0 : N;
    if (get_layer_params().size() != static_cast<size_t>(N * patches.size()) + bias || this->num_filters() != N ||
        this->padding_y() != Padding || this->padding_x() != Padding || patches.rows < 1 || patches.columns < 1) {
      throw std::invalid_argument("the weights do not fit the network");
    }
  }

  void convolve(const Patches<K, Stride, Padding>& patches, const float* in, float* out) const {
    const float* weights = get_layer_params().host();
    const long area = patches.rows * patches.columns;
    if (has_tiles(patches)) return convolve_tiles(weights, patches, in, out);
    for (long filter = 0; filter < N; ++filter) {
      const float bias = this->bias_is_disabled() ? 0 : weights[N * patches.size() + filter];
      std::fill_n(out + filter * area, area, bias);
    }
    if (K == 1 && Stride == 1 && Padding == 0) {
      multiply(weights, patches.size(), in, area, out, area);
      return;
    }
    const long row_bytes = patches.size() * patches.columns * static_cast<long>(sizeof(float));
    const long step = std::clamp<long>(kCachedBytes / row_bytes, 1, patches.rows);
    float* gathered = scratch(patches.size() * step * patches.columns);
    for (long row = 0; row < patches.rows; row += step) {
      const long last = std::min(row + step, patches.rows);
      patches.gather(in, row, last, gathered);
      multiply(weights, patches.size(), gathered, (last - row) * patches.columns, out + row * patches.columns, area);
    }
  }

  void convolve_tiles(const float* weights, const Patches<K, Stride, Padding>& patches, const float* in, float* out) const {
    std::call_once(transformed->once, [&] {
      transformed->filters = winograd::transform_filters(weights, N, patches.channels);
    });
    const float* bias = this->bias_is_disabled() ? nullptr : weights + N * patches.size();
    winograd::convolve(transformed->filters, bias, N, patches.channels, {patches.height, patches.width}, in, out);
  }

  // Adds weights (N x size) times patches (size x count) to what lies in `out`, whose rows are `stride` apart.
  static void multiply(const float* weights, long size, const float* patches, long count, float* out, long stride) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, static_cast<int>(count), static_cast<int>(size), 1, weights,
                static_cast<int>(size), patches, static_cast<int>(count), 1, out, static_cast<int>(stride));
  }
};

#endif

}  // namespace networks
