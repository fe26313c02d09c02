// convert teacher MODEL WEIGHTS: writes the weights of the published detector as
//   plain floats, in the order that mungpy_training/detector/networks.py reads.
// convert student WEIGHTS THRESHOLD TEACHER MODEL: makes a dlib detector of what
//   mungpy_training/detector/distil.py wrote. A score of THRESHOLD becomes 0, dlib's
//   operating point.
// convert person-detector MODEL: writes dlib's detector of frontal faces, whose packed weights are
//   part of dlib and take most of a second to unpack.
// convert landmarks WEIGHTS MODEL: makes a landmark network of plain floats (little-endian,
//   32 bits): for each convolution, from the input to the output, its weights (out, in,
//   row, column) and then its bias. The same weights give the same file.
// convert landmarks-maps MODEL CHIPS MAPS: runs it over chips of 128 x 128 px, 3 bytes
//   a pixel, and writes its outputs as plain floats (chip, map, row, column).
#include <dlib/image_processing/frontal_face_detector.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "networks.h"

namespace {

void write(std::ostream& out, const dlib::tensor& values) {
  out.write(reinterpret_cast<const char*>(values.host()), static_cast<std::streamsize>(values.size() * sizeof(float)));
}

template <typename Layer> void write_convolution(std::ostream& out, Layer& layer) {
  write(out, layer.layer_details().get_layer_params());
}

// An affine layer shows its parameters only when it is serialised.
template <typename Layer> void write_affine(std::ostream& out, const Layer& layer) {
  std::stringstream bytes;
  serialize(layer.layer_details(), bytes);
  std::string version;
  dlib::resizable_tensor values;
  dlib::deserialize(version, bytes);
  dlib::deserialize(values, bytes);
  write(out, values);
}

template <unsigned long Convolution> void write_pair(std::ostream& out, networks::PublishedDetector& net) {
  write_convolution(out, dlib::layer<Convolution>(net));
  write_affine(out, dlib::layer<Convolution - 1>(net));
}

void dump_teacher(const std::string& model, const std::string& weights) {
  networks::PublishedDetector net;
  dlib::deserialize(model) >> net;
  std::ofstream out(weights, std::ios::binary);
  write_pair<19>(out, net);
  write_pair<16>(out, net);
  write_pair<13>(out, net);
  write_pair<10>(out, net);
  write_pair<7>(out, net);
  write_pair<4>(out, net);
  write_convolution(out, dlib::layer<1>(net));
}

template <unsigned long Convolution> void read_into(std::istream& in, networks::OwnDetector& net) {
  dlib::tensor& values = dlib::layer<Convolution>(net).layer_details().get_layer_params();
  in.read(reinterpret_cast<char*>(values.host()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!in) throw std::runtime_error("the weights end within layer " + std::to_string(Convolution));
}

void make_student(const std::string& weights, float threshold, const std::string& teacher_model,
                  const std::string& model) {
  networks::PublishedDetector teacher;
  dlib::deserialize(teacher_model) >> teacher;
  networks::OwnDetector net(teacher.loss_details().get_options());
  dlib::matrix<dlib::rgb_pixel> blank(96, 96);
  dlib::assign_all_pixels(blank, dlib::rgb_pixel(0, 0, 0));
  net(blank);  // makes room for the weights
  std::ifstream in(weights, std::ios::binary);
  read_into<15>(in, net);
  read_into<13>(in, net);
  read_into<11>(in, net);
  read_into<9>(in, net);
  read_into<7>(in, net);
  read_into<5>(in, net);
  read_into<3>(in, net);
  read_into<1>(in, net);
  if (in.peek() != EOF) throw std::runtime_error("the weights are of a larger network");
  dlib::tensor& last = dlib::layer<1>(net).layer_details().get_layer_params();
  last.host()[last.size() - 1] -= threshold;
  net.clean();
  dlib::serialize(model) << net;
}

// The parameters of all convolutions, from the input to the output: dlib visits layers
// from the output on.
std::vector<dlib::tensor*> convolutions(networks::Landmarks& net) {
  std::vector<dlib::tensor*> found;
  dlib::visit_computational_layers(net, [&](auto& layer) {
    if (layer.get_layer_params().size() > 0) found.insert(found.begin(), &layer.get_layer_params());
  });
  return found;
}

void make_landmarks(const std::string& weights, const std::string& model) {
  networks::Landmarks net;
  dlib::input_layer(net) = networks::landmark_input();
  dlib::matrix<dlib::rgb_pixel> blank(networks::kChipSide, networks::kChipSide);
  dlib::assign_all_pixels(blank, dlib::rgb_pixel(0, 0, 0));
  net(blank);  // makes room for the weights
  std::ifstream in(weights, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + weights);
  size_t count = 0;
  for (dlib::tensor* values : convolutions(net)) {
    in.read(reinterpret_cast<char*>(values->host()), static_cast<std::streamsize>(values->size() * sizeof(float)));
    if (!in) throw std::runtime_error("the weights end within convolution " + std::to_string(count));
    ++count;
  }
  if (in.peek() != EOF) throw std::runtime_error("the weights are of a larger network");
  net.clean();
  dlib::serialize(model) << net;
}

void write_person_detector(const std::string& model) {
  std::ofstream out(model, std::ios::binary);
  out << dlib::get_serialized_frontal_faces();
  if (!out.flush()) throw std::runtime_error("cannot write " + model);
}

void write_maps(const std::string& model, const std::string& chips, const std::string& maps) {
  networks::Landmarks net;
  dlib::deserialize(model) >> net;
  std::ifstream in(chips, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  constexpr size_t size = 3 * networks::kChipSide * networks::kChipSide;
  if (bytes.empty() || bytes.size() % size != 0) {
    throw std::runtime_error(chips + " must hold chips of " + std::to_string(size) + " bytes");
  }
  std::ofstream out(maps, std::ios::binary);
  dlib::matrix<dlib::rgb_pixel> chip(networks::kChipSide, networks::kChipSide);
  for (auto byte = bytes.begin(); byte != bytes.end();) {
    for (dlib::rgb_pixel& pixel : chip) {
      pixel.red = static_cast<unsigned char>(*byte++);
      pixel.green = static_cast<unsigned char>(*byte++);
      pixel.blue = static_cast<unsigned char>(*byte++);
    }
    write(out, net(chip));
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + maps);
}

}  // namespace

int main(int count, char** arguments) try {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "teacher" && count == 4) {
    dump_teacher(arguments[2], arguments[3]);
  } else if (what == "student" && count == 6) {
    make_student(arguments[2], std::stof(arguments[3]), arguments[4], arguments[5]);
  } else if (what == "landmarks" && count == 4) {
    make_landmarks(arguments[2], arguments[3]);
  } else if (what == "person-detector" && count == 3) {
    write_person_detector(arguments[2]);
  } else if (what == "landmarks-maps" && count == 5) {
    write_maps(arguments[2], arguments[3], arguments[4]);
  } else {
    std::cerr << "usage: convert teacher MODEL WEIGHTS | convert student WEIGHTS THRESHOLD TEACHER MODEL"
                 " | convert person-detector MODEL | convert landmarks WEIGHTS MODEL | convert landmarks-maps MODEL CHIPS MAPS\n";
    return 64;
  }
} catch (const std::exception& error) {
  std::cerr << "convert: " << error.what() << '\n';
  return 1;
}
