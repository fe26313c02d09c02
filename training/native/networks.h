// The two detectors: the published teacher, and the student that is shipped.
// src/vision/dlib_bridge.cc has the same two architectures for the program.
#pragma once

#include <dlib/dnn.h>

namespace networks {

using Input = dlib::input_rgb_image_pyramid<dlib::pyramid_down<6>>;

// dlib/examples/dnn_mmod_dog_hipsterizer.cpp
template <long N, typename Below> using TeacherDown = dlib::relu<dlib::affine<dlib::con<N, 5, 5, 2, 2, Below>>>;
template <long N, typename Below> using TeacherSame = dlib::relu<dlib::affine<dlib::con<N, 5, 5, 1, 1, Below>>>;
using Teacher = dlib::loss_mmod<dlib::con<
    1, 9, 9, 1, 1,
    TeacherSame<45, TeacherSame<45, TeacherSame<45, TeacherDown<32, TeacherDown<32, TeacherDown<16, Input>>>>>>>>;

// Normalisation is folded into the convolutions. The first kernel is only 3 wide, because
// dlib copies each patch of pixels into a matrix, which costs as much as their product.
template <long N, long K, typename Below> using Down = dlib::relu<dlib::con<N, K, K, 2, 2, Below>>;
template <long N, long K, typename Below> using Same = dlib::relu<dlib::con<N, K, K, 1, 1, Below>>;
using Downsampled = Down<32, 5, Down<20, 5, Down<10, 3, Input>>>;
using Student =
    dlib::loss_mmod<dlib::con<1, 9, 9, 1, 1, Same<16, 1, Same<48, 3, Same<48, 3, Same<48, 3, Downsampled>>>>>>;

}  // namespace networks
