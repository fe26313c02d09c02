// dlib_tool dogs MODEL < names, dlib_tool persons PREDICTOR < names: runs dlib's
// detectors over the pictures named on standard input, one a line.
//
// It writes one line for each picture, of columns parted by tabs: the name, the number of
// heads or faces, and for each of them the detector's confidence with the box of the head
// (left top right bottom) or with the 68 landmarks (x y ...).
#include <dlib/image_io.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "networks.h"

namespace {

void find_dogs(const std::string& model) {
  networks::PublishedDetector net;
  dlib::deserialize(model) >> net;
  for (std::string name; std::getline(std::cin, name);) {
    dlib::matrix<dlib::rgb_pixel> picture;
    dlib::load_image(picture, name);
    const auto heads = net(picture);
    std::cout << name << '\t' << heads.size();
    for (const auto& head : heads) {
      std::cout << '\t' << head.detection_confidence << ' ' << head.rect.left() << ' ' << head.rect.top() << ' '
                << head.rect.right() << ' ' << head.rect.bottom();
    }
    std::cout << std::endl;
  }
}

void find_persons(const std::string& predictor) {
  auto detect = dlib::get_frontal_face_detector();
  dlib::shape_predictor predict;
  dlib::deserialize(predictor) >> predict;
  for (std::string name; std::getline(std::cin, name);) {
    dlib::array2d<dlib::rgb_pixel> picture;
    dlib::load_image(picture, name);
    std::vector<dlib::rect_detection> faces;
    detect(picture, faces, 0.0);
    std::cout << name << '\t' << faces.size();
    for (const auto& face : faces) {
      const auto shape = predict(picture, face.rect);
      std::cout << '\t' << face.detection_confidence;
      for (unsigned long i = 0; i < shape.num_parts(); ++i) {
        std::cout << ' ' << shape.part(i).x() << ' ' << shape.part(i).y();
      }
    }
    std::cout << std::endl;
  }
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string mode = count == 3 ? arguments[1] : "";
  if (mode == "dogs") {
    find_dogs(arguments[2]);
  } else if (mode == "persons") {
    find_persons(arguments[2]);
  } else {
    std::cerr << "usage: dlib_tool dogs MODEL | dlib_tool persons PREDICTOR < names\n";
    return 64;
  }
} catch (const std::exception& error) {
  std::cerr << "dlib_tool: " << error.what() << '\n';
  return 1;
}
