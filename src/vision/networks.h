// The architectures of all networks. The engine and the tools in training/native both read them
// from here: a model file holds the weights of an architecture, not the architecture itself.
#pragma once

#include <dlib/dnn.h>

#include "convolution.h"

namespace networks {

// A convolution with N filters of K x K, padded with zeros where `Padding` says so. A model file
// holds its weights and bias.
template <long N, long K, int Stride, int Padding, typename Below>
using Convolution = dlib::add_layer<convolution_<N, K, Stride, Padding>, Below>;

// As dlib::con pads: only where the picture keeps its size.
template <long N, long K, int Stride, typename Below>
using Con = Convolution<N, K, Stride, Stride == 1 ? K / 2 : 0, Below>;

// Detectors, which see a photo at many sizes at once.
using Pyramid = dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>;

// dlib's published mmod_dog_hipsterizer and mmod_human_face_detector
// (dlib/examples/dnn_mmod_dog_hipsterizer.cpp): the teacher of the project's own.
namespace published {
template <long N, int Stride, typename Below> using Layer = dlib::relu<dlib::affine<Con<N, 5, Stride, Below>>>;
using Downsampled = Layer<32, 2, Layer<32, 2, Layer<16, 2, Pyramid>>>;
}  // namespace published
using PublishedDetector =
    dlib::loss_mmod<Con<1, 9, 1, published::Layer<45, 1, published::Layer<45, 1, published::Layer<45, 1, published::Downsampled>>>>>;

// The project's own. Normalisation is folded into the convolutions.
namespace own {
template <long N, long K, int Stride, typename Below> using Layer = dlib::relu<Con<N, K, Stride, Below>>;
using Downsampled = Layer<32, 5, 2, Layer<20, 5, 2, Layer<10, 3, 2, Pyramid>>>;
}  // namespace own
using OwnDetector = dlib::loss_mmod<
    Con<1, 9, 1, own::Layer<16, 1, 1, own::Layer<48, 3, 1, own::Layer<48, 3, 1, own::Layer<48, 3, 1, own::Downsampled>>>>>>;

// dlib's face descriptor: a residual network of 29 layers (dlib/examples/dnn_face_recognition_ex.cpp).
inline constexpr size_t kDescribedSide = 150;
namespace descriptor {
template <long N, int Stride, typename Below>
using Twice = dlib::affine<Con<N, 3, 1, dlib::relu<dlib::affine<Con<N, 3, Stride, Below>>>>>;
template <long N, typename Below> using Same = dlib::relu<dlib::add_prev1<Twice<N, 1, dlib::tag1<Below>>>>;
template <long N, typename Below>
using Half = dlib::relu<
    dlib::add_prev2<dlib::avg_pool<2, 2, 2, 2, dlib::skip1<dlib::tag2<Twice<N, 2, dlib::tag1<Below>>>>>>>;
using Stem =
    dlib::max_pool<3, 3, 2, 2, dlib::relu<dlib::affine<Con<32, 7, 2, dlib::input_rgb_image_sized<kDescribedSide>>>>>;
using Stage1 = Same<32, Same<32, Same<32, Stem>>>;
using Stage2 = Same<64, Same<64, Same<64, Half<64, Stage1>>>>;
using Stage3 = Same<128, Same<128, Half<128, Stage2>>>;
using Stage4 = Same<256, Same<256, Half<256, Stage3>>>;
}  // namespace descriptor
using Descriptor = dlib::loss_metric<
    dlib::fc_no_bias<128, dlib::avg_pool_everything<descriptor::Half<256, descriptor::Stage4>>>>;

// The project's landmark network. It outputs 17 maps: the scores of the 16 heat maps, and one whose
// mean is the face score. What is seen in cells of 16 px is brought back to cells of 8 and of 4 px,
// where it meets what was seen there.
inline constexpr size_t kChipSide = 128;
inline constexpr size_t kMaps = 17;
inline constexpr size_t kCellsASide = kChipSide / 4;
namespace landmarks {
// Unlike dlib::con it pads where it strides as well, so cells lie where pixels do.
template <long N, long K, int Stride, typename Below> using Con = networks::Convolution<N, K, Stride, K / 2, Below>;
template <long N, long K, int Stride, typename Below> using Layer = dlib::relu<Con<N, K, Stride, Below>>;
template <long N, typename Below>
using Residual = dlib::relu<dlib::add_prev1<Con<N, 3, 1, Layer<N, 3, 1, dlib::tag1<Below>>>>>;
// dlib::repeat takes layers of one parameter.
template <typename Below> using Residual32 = Residual<32, Below>;
template <typename Below> using Residual64 = Residual<64, Below>;
template <typename Below> using Residual128 = Residual<128, Below>;

using Quarter = dlib::tag4<Residual32<Layer<32, 3, 2, Layer<16, 5, 2, dlib::input_rgb_image_sized<kChipSide>>>>>;
using Eighth = dlib::tag8<dlib::repeat<2, Residual64, Layer<64, 3, 2, Quarter>>>;
using Sixteenth = dlib::repeat<4, Residual128, Layer<128, 3, 2, Eighth>>;
using UpToEighth = Layer<64, 3, 1, dlib::add_prev8<dlib::upsample<2, Con<64, 1, 1, Sixteenth>>>>;
using UpToQuarter = dlib::relu<dlib::add_prev4<dlib::upsample<2, Con<32, 1, 1, UpToEighth>>>>;
}  // namespace landmarks
using Landmarks = landmarks::Con<kMaps, 1, 1, landmarks::Layer<48, 3, 1, landmarks::UpToQuarter>>;

// Its input is (value - 127) / 256 for each colour value. A model file holds the mean.
inline dlib::input_rgb_image_sized<kChipSide> landmark_input() { return {127, 127, 127}; }

}  // namespace networks
