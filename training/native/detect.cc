// detect teacher|student MODEL THRESHOLD SIDE < paths: scales each photo to SIDE px and
// writes one JSON line with its boxes at that size and the CPU time in ms.
#include <dlib/image_io.h>
#include <dlib/image_transforms.h>
#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <string>

#include "networks.h"

extern "C" void openblas_set_num_threads(int);

namespace {

using Image = dlib::matrix<dlib::rgb_pixel>;

Image load(const std::string& path, double side) {
  Image image;
  dlib::load_image(image, path);
  const double scale = side / static_cast<double>(std::max(image.nr(), image.nc()));
  if (scale != 1) dlib::resize_image(scale, image);
  return image;
}

template <typename Net> void detect_all(const std::string& model, double threshold, double side) {
  Net net;
  dlib::deserialize(model) >> net;
  for (std::string path; std::getline(std::cin, path);) {
    const Image image = load(path, side);
    const std::clock_t start = std::clock();
    const auto found = net.process(image, threshold);
    const double ms = 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    std::cout << "{\"image\": \"" << path << "\", \"ms\": " << ms << ", \"heads\": [";
    for (size_t i = 0; i < found.size(); ++i) {
      const dlib::rectangle& box = found[i].rect;
      std::cout << (i ? ", [" : "[") << box.left() << ", " << box.top() << ", " << box.right() << ", " << box.bottom()
                << ", " << found[i].detection_confidence << ']';
    }
    std::cout << "]}\n";
  }
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 5) {
    std::cerr << "usage: detect teacher|student MODEL THRESHOLD SIDE < paths\n";
    return 64;
  }
  // As in the program: OpenBLAS has one thread, because threads that wait would count as
  // CPU time, and malloc keeps the memory of large tensors.
  openblas_set_num_threads(1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  const double threshold = std::stod(arguments[3]), side = std::stod(arguments[4]);
  if (std::string(arguments[1]) == "teacher") {
    detect_all<networks::PublishedDetector>(arguments[2], threshold, side);
  } else {
    detect_all<networks::OwnDetector>(arguments[2], threshold, side);
  }
} catch (const std::exception& error) {
  std::cerr << "detect: " << error.what() << '\n';
  return 1;
}
