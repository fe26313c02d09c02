// Runs dlib's detectors over the pictures named on standard input, one a line.
//
//   dlib_tool dogs    dogHeadDetector.dat
//   dlib_tool persons shape_predictor_68_face_landmarks.dat
//
// For each picture one line of columns parted by tabs: the name, the number of
// heads or faces, and for each of them the detector's confidence with the head
// box (left top right bottom) or with the 68 landmarks (x y ...).
//
//   g++ -O2 -std=c++14 dlib_tool.cpp -o dlib_tool -ldlib -lblas -llapack -lpthread -lX11

#include <dlib/dnn.h>
#include <dlib/image_io.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <iostream>
#include <string>
#include <vector>

using namespace dlib;

template <long filters, typename below> using con5d = con<filters, 5, 5, 2, 2, below>;
template <long filters, typename below> using con5 = con<filters, 5, 5, 1, 1, below>;
template <typename below>
using downsampler =
    relu<affine<con5d<32, relu<affine<con5d<32, relu<affine<con5d<16, below>>>>>>>>>;
template <typename below> using rcon5 = relu<affine<con5<45, below>>>;
using dog_head_net = loss_mmod<con<
    1, 9, 9, 1, 1,
    rcon5<rcon5<rcon5<downsampler<input_rgb_image_pyramid<pyramid_down<6>>>>>>>>;

void find_dogs(const char* model) {
  dog_head_net net;
  deserialize(model) >> net;
  for (std::string name; std::getline(std::cin, name);) {
    matrix<rgb_pixel> picture;
    load_image(picture, name);
    const auto heads = net(picture);
    std::cout << name << '\t' << heads.size();
    for (const auto& head : heads)
      std::cout << '\t' << head.detection_confidence << ' ' << head.rect.left() << ' '
                << head.rect.top() << ' ' << head.rect.right() << ' ' << head.rect.bottom();
    std::cout << std::endl;
  }
}

void find_persons(const char* model) {
  auto detect = get_frontal_face_detector();
  shape_predictor predict;
  deserialize(model) >> predict;
  for (std::string name; std::getline(std::cin, name);) {
    array2d<rgb_pixel> picture;
    load_image(picture, name);
    std::vector<rect_detection> faces;
    detect(picture, faces, 0.0);
    std::cout << name << '\t' << faces.size();
    for (const auto& face : faces) {
      const auto shape = predict(picture, face.rect);
      std::cout << '\t' << face.detection_confidence;
      for (unsigned long i = 0; i < shape.num_parts(); ++i)
        std::cout << ' ' << shape.part(i).x() << ' ' << shape.part(i).y();
    }
    std::cout << std::endl;
  }
}

int main(int count, char** words) {
  const std::string mode = count == 3 ? words[1] : "";
  if (mode == "dogs") {
    find_dogs(words[2]);
  } else if (mode == "persons") {
    find_persons(words[2]);
  } else {
    std::cerr << "usage: dlib_tool dogs|persons MODEL < names\n";
    return 64;
  }
}
