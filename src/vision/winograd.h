// Convolutions of 3 x 3 by Winograd's minimal filtering F(2 x 2, 3 x 3): 16 products for a tile of 2 x 2 outputs, where
// patches need 36. Lavin and Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016), section 4.1.
//
// Inputs and weights are transformed, multiplied as matrices, one for each of the 16 places of a transformed tile,
// and transformed back. All factors are 1 and 1/2, so rounding loses hardly more than with patches.
#pragma once

#include <cblas.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "scratch.h"

namespace networks::winograd {

inline constexpr long kTile = 2;          // outputs of a tile, per side
inline constexpr long kSeen = kTile + 2;  // inputs that a tile sees, per side
inline constexpr long kPlaces = kSeen * kSeen;
// Tiles that are transformed together.
inline constexpr long kLanes = 4;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

inline Lanes load(const float* from) { return *reinterpret_cast<const Lanes*>(from); }
inline void store(float* to, Lanes values) { *reinterpret_cast<Lanes*>(to) = values; }

// B^T d of the paper.
inline void transform_input(const Lanes (&in)[kSeen], Lanes (&out)[kSeen]) {
  out[0] = in[0] - in[2];
  out[1] = in[1] + in[2];
  out[2] = in[2] - in[1];
  out[3] = in[1] - in[3];
}

// A^T m of the paper.
inline void transform_output(const Lanes (&in)[kSeen], Lanes (&out)[kTile]) {
  out[0] = in[0] + in[1] + in[2];
  out[1] = in[1] - in[2] - in[3];
}

// G g of the paper.
inline void transform_filter(double first, double second, double third, double (&out)[kSeen]) {
  out[0] = first;
  out[1] = (first + second + third) / 2;
  out[2] = (first - second + third) / 2;
  out[3] = third;
}

// Transformed weights (places x filters x channels) of weights (filters x channels x 3 x 3).
inline std::vector<float> transform_filters(const float* weights, long filters, long channels) {
  std::vector<float> out(kPlaces * filters * channels);
  for (long pair = 0; pair < filters * channels; ++pair, weights += 9) {
    double columns[3][kSeen], row[kSeen];
    for (long x = 0; x < 3; ++x) transform_filter(weights[x], weights[3 + x], weights[6 + x], columns[x]);
    for (long y = 0; y < kSeen; ++y) {
      transform_filter(columns[0][y], columns[1][y], columns[2][y], row);
      for (long x = 0; x < kSeen; ++x) {
        out[(y * kSeen + x) * filters * channels + pair] = static_cast<float>(row[x]);
      }
    }
  }
  return out;
}

// A picture of some channels, padded with zeros by one pixel.
struct Picture {
  const long height, width;

  // Rows of tiles, and tiles of a row, rounded up to whole lanes.
  long rows() const { return (height + kTile - 1) / kTile; }
  long columns() const { return (width + kTile * kLanes - 1) / (kTile * kLanes) * kLanes; }

  // Splits a row of one channel into its even and its odd values, the padding included; 0 outside.
  void split_row(const float* in, long y, float* even, float* odd) const {
    const long count = columns() + 1;
    if (y < 0 || y >= height) {
      std::fill_n(even, count, 0.f);
      std::fill_n(odd, count, 0.f);
      return;
    }
    in += y * width;
    const long odds = (width + 1) / 2, evens = 1 + width / 2;
    even[0] = 0;
    for (long i = 1; i < evens; ++i) even[i] = in[2 * i - 1];
    for (long i = 0; i < odds; ++i) odd[i] = in[2 * i];
    std::fill(even + evens, even + count, 0.f);
    std::fill(odd + odds, odd + count, 0.f);
  }

  // Memory for the split rows that some rows of tiles see.
  long split_size(long rows) const { return (rows * kTile + 2) * 2 * (columns() + 1); }

  // Transforms the rows of tiles from `first` to `last` of one channel. The places of a tile lie `stride` apart in `out`.
  void transform(const float* in, long first, long last, float* split, float* out, long stride) const {
    const long count = columns() + 1;
    for (long y = 0; y < (last - first) * kTile + 2; ++y) {
      split_row(in, first * kTile - 1 + y, split + 2 * y * count, split + (2 * y + 1) * count);
    }
    for (long row = first; row < last; ++row, split += 2 * kTile * count) {
      for (long column = 0; column < columns(); column += kLanes, out += kLanes) {
        Lanes down[kSeen][kSeen], from[kSeen], to[kSeen];
        for (long x = 0; x < kSeen; ++x) {
          for (long y = 0; y < kSeen; ++y) from[y] = load(split + (2 * y + x % 2) * count + column + x / 2);
          transform_input(from, to);
          for (long y = 0; y < kSeen; ++y) down[y][x] = to[y];
        }
        for (long y = 0; y < kSeen; ++y) {
          transform_input(down[y], to);
          for (long x = 0; x < kSeen; ++x) store(out + (y * kSeen + x) * stride, to[x]);
        }
      }
    }
  }

  // Transforms the products of rows of tiles back, adds the bias, and writes what lies inside the picture.
  void restore(const float* products, long stride, float bias, long first, long last, float* out) const {
    for (long row = first; row < last; ++row) {
      for (long column = 0; column < columns(); column += kLanes, products += kLanes) {
        Lanes down[kTile][kSeen], from[kSeen], to[kTile];
        for (long x = 0; x < kSeen; ++x) {
          for (long y = 0; y < kSeen; ++y) from[y] = load(products + (y * kSeen + x) * stride);
          transform_output(from, to);
          for (long y = 0; y < kTile; ++y) down[y][x] = to[y];
        }
        for (long y = 0; y < kTile && row * kTile + y < height; ++y) {
          transform_output(down[y], to);
          write(to, bias, column * kTile, out + (row * kTile + y) * width);
        }
      }
    }
  }

 private:
  // Writes the even and the odd values of a row from the one at `left` on.
  void write(const Lanes (&halves)[kTile], float bias, long left, float* row) const {
    float values[kTile * kLanes];
    for (long lane = 0; lane < kLanes; ++lane) {
      for (long x = 0; x < kTile; ++x) values[lane * kTile + x] = halves[x][lane] + bias;
    }
    const long count = std::min(kTile * kLanes, width - left);
    if (count == kTile * kLanes) {
      std::memcpy(row + left, values, sizeof(values));
    } else if (count > 0) {
      std::memcpy(row + left, values, count * sizeof(float));
    }
  }
};

// Convolves a picture (channels x height x width). The transformed tiles of a few rows stay in the cache until
// they are multiplied.
inline void convolve(const std::vector<float>& filters, const float* bias, long count, long channels, Picture picture,
                     const float* in, float* out) {
  const long area = picture.height * picture.width, columns = picture.columns();
  const long row_bytes = (channels + count) * kPlaces * columns * static_cast<long>(sizeof(float));
  const long step = std::clamp<long>(kCachedBytes / row_bytes, 1, picture.rows());
  float* tiles = scratch(kPlaces * (channels + count) * step * columns + picture.split_size(step));
  float* products = tiles + kPlaces * channels * step * columns;
  float* split = products + kPlaces * count * step * columns;
  for (long first = 0; first < picture.rows(); first += step) {
    const long last = std::min(first + step, picture.rows()), size = (last - first) * columns;
    for (long channel = 0; channel < channels; ++channel) {
      picture.transform(in + channel * area, first, last, split, tiles + channel * size, channels * size);
    }
    for (long place = 0; place < kPlaces; ++place) {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(count), static_cast<int>(size),
                  static_cast<int>(channels), 1, filters.data() + place * count * channels, static_cast<int>(channels),
                  tiles + place * channels * size, static_cast<int>(size), 0, products + place * count * size,
                  static_cast<int>(size));
    }
    for (long filter = 0; filter < count; ++filter) {
      const float added = bias == nullptr ? 0 : bias[filter];
      picture.restore(products + filter * size, count * size, added, first, last, out + filter * area);
    }
  }
}

}  // namespace networks::winograd
