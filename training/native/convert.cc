// convert teacher MODEL WEIGHTS: writes the weights of the published detector as
//   plain floats, in the order that mungpy_training/detector/networks.py reads.
// convert student WEIGHTS THRESHOLD TEACHER MODEL: makes a dlib detector of what
//   mungpy_training/detector/distil.py wrote. A score of THRESHOLD becomes 0, dlib's
//   operating point.
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

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

template <unsigned long Convolution> void write_pair(std::ostream& out, networks::Teacher& net) {
  write_convolution(out, dlib::layer<Convolution>(net));
  write_affine(out, dlib::layer<Convolution - 1>(net));
}

void dump_teacher(const std::string& model, const std::string& weights) {
  networks::Teacher net;
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

template <unsigned long Convolution> void read_into(std::istream& in, networks::Student& net) {
  dlib::tensor& values = dlib::layer<Convolution>(net).layer_details().get_layer_params();
  in.read(reinterpret_cast<char*>(values.host()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!in) throw std::runtime_error("the weights end within layer " + std::to_string(Convolution));
}

void make_student(const std::string& weights, float threshold, const std::string& teacher_model,
                  const std::string& model) {
  networks::Teacher teacher;
  dlib::deserialize(teacher_model) >> teacher;
  networks::Student net(teacher.loss_details().get_options());
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

}  // namespace

int main(int count, char** arguments) try {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "teacher" && count == 4) {
    dump_teacher(arguments[2], arguments[3]);
  } else if (what == "student" && count == 6) {
    make_student(arguments[2], std::stof(arguments[3]), arguments[4], arguments[5]);
  } else {
    std::cerr << "usage: convert teacher MODEL WEIGHTS | convert student WEIGHTS THRESHOLD TEACHER MODEL\n";
    return 64;
  }
} catch (const std::exception& error) {
  std::cerr << "convert: " << error.what() << '\n';
  return 1;
}
