// Trains dlib's shape predictor (an ensemble of regression trees) on marked dog faces.
//
//   train_landmarks [options] train DATA MODEL     train on all faces, write the model
//   train_landmarks [options] crossval DATA        print a 5-fold cross-validated error table
//
// DATA holds images/ and landmarks.jsonl. The same seed, data and thread count give the same model.
#include "landmarks.h"

#include <dlib/cmd_line_parser.h>
#include <dlib/image_io.h>
#include <dlib/image_transforms.h>
#include <dlib/rand.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <future>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace {

constexpr int kFolds = 5;

// Where each point goes when the photo is mirrored.
constexpr std::array<int, kPoints> kMirrored = {6, 5, 4, 7, 2, 1, 0, 3, 10, 9, 8, 11, 14, 13, 12, 15};

struct Settings {
    unsigned long cascade = 15, trees = 150, depth = 4, oversampling = 1, pool = 400, splits = 20;
    double nu = 0.1, lambda = 0.1, padding = 0.1, translation = 0.0;
    int variants = 12;        // chips per face and mirror image
    double shift = 0.06;      // standard deviation of the box's shift, in box sides
    double scale = 0.07;      // standard deviation of the logarithm of the box's scale
    double rotation = 8;      // standard deviation of the roll, in degrees
    unsigned long threads = 2;
    int folds = kFolds;       // cross-validation stops after so many of the folds: quick comparisons
};

template <typename T>
void read_option(const dlib::command_line_parser& parser, const char* name, T& value) {
    value = dlib::get_option(parser, name, value);
}

Settings read_settings(const dlib::command_line_parser& parser) {
    Settings s;
    read_option(parser, "cascade", s.cascade);
    read_option(parser, "trees", s.trees);
    read_option(parser, "depth", s.depth);
    read_option(parser, "oversampling", s.oversampling);
    read_option(parser, "pool", s.pool);
    read_option(parser, "splits", s.splits);
    read_option(parser, "nu", s.nu);
    read_option(parser, "lambda", s.lambda);
    read_option(parser, "padding", s.padding);
    read_option(parser, "translation", s.translation);
    read_option(parser, "variants", s.variants);
    read_option(parser, "shift", s.shift);
    read_option(parser, "scale", s.scale);
    read_option(parser, "rotation", s.rotation);
    read_option(parser, "threads", s.threads);
    read_option(parser, "folds", s.folds);
    return s;
}

Face parse_face(const nlohmann::json& record) {
    Face face;
    face.image = record.at("image");
    face.yaw = record.at("yaw");
    const auto& box = record.at("box");
    face.left = box.at(0);
    face.top = box.at(1);
    face.side = box.at(2).get<double>() - face.left;
    const auto& points = record.at("landmarks");
    if (points.size() != kPoints || face.side <= 0)
        throw std::runtime_error(face.image + ": needs 16 landmarks and a box that is not empty");
    for (int i = 0; i < kPoints; ++i) face.points[i] = Point(points[i].at(0), points[i].at(1));
    face.visible.fill(true);
    for (int hidden : record.at("hidden")) face.visible.at(hidden) = false;
    return face;
}

std::vector<Face> load_faces(const std::string& data) {
    std::ifstream lines(data + "/landmarks.jsonl");
    if (!lines) throw std::runtime_error("cannot read " + data + "/landmarks.jsonl");
    std::vector<Face> faces;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        faces.push_back(parse_face(nlohmann::json::parse(line)));
        dlib::load_image(faces.back().photo, data + "/images/" + faces.back().image);
    }
    // The names are hashes: their order is arbitrary but fixed, which makes the folds so too.
    std::sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) { return a.image < b.image; });
    return faces;
}

struct Example {
    GreyImage chip;
    dlib::full_object_detection marks;
};

dlib::full_object_detection mark(const Face& face, const Frame& frame, bool mirror) {
    std::vector<dlib::point> parts(kPoints, dlib::OBJECT_PART_NOT_PRESENT);
    for (int i = 0; i < kPoints; ++i) {
        if (!face.visible[i]) continue;
        Point p = frame.to_chip(face.points[i]);
        if (mirror) p.x() = kChipSide - 1 - p.x();
        parts[mirror ? kMirrored[i] : i] = dlib::point(std::lround(p.x()), std::lround(p.y()));
    }
    return dlib::full_object_detection(box_in_chip(), parts);
}

// Only contrast is varied: the trees compare differences of pixels, which brightness leaves alone
// except where it clips.
void vary_tone(GreyImage& chip, dlib::rand& random) {
    const double gain = std::exp(0.2 * random.get_random_gaussian());
    const double offset = 15 * random.get_random_gaussian();
    for (auto& pixel : chip)
        pixel = static_cast<unsigned char>(std::clamp((pixel - 128) * gain + 128 + offset, 0.0, 255.0));
}

// Variant 0 is the box as the detector gave it; the others imitate a detector that errs and a head
// that is tilted.
Frame vary_frame(const Face& face, int variant, const Settings& s, dlib::rand& random) {
    Frame frame = Frame::of_box(face);
    if (variant == 0) return frame;
    const auto gaussian = [&] { return std::clamp(random.get_random_gaussian(), -2.0, 2.0); };
    frame.centre += s.shift * face.side * Point(gaussian(), gaussian());
    frame.side *= std::exp(s.scale * gaussian());
    frame.angle = s.rotation * dlib::pi / 180 * gaussian();
    return frame;
}

std::vector<Example> examples_of(const Face& face, const Settings& s) {
    dlib::rand random;
    random.set_seed(face.image);
    std::vector<Example> examples;
    for (int variant = 0; variant < s.variants; ++variant) {
        for (bool mirror : {false, true}) {
            const Frame frame = vary_frame(face, variant, s, random);
            Example example{frame.cut(face.photo), mark(face, frame, mirror)};
            if (mirror) {
                GreyImage flipped;
                dlib::flip_image_left_right(example.chip, flipped);
                example.chip.swap(flipped);
            }
            if (variant > 0) vary_tone(example.chip, random);
            examples.push_back(std::move(example));
        }
    }
    return examples;
}

// dlib's trainer only asks for size() and operator[]; a view spares each fold a copy of gigabytes.
class ChipView {
public:
    explicit ChipView(std::vector<const GreyImage*> chips) : chips_(std::move(chips)) {}
    size_t size() const { return chips_.size(); }
    const GreyImage& operator[](size_t i) const { return *chips_[i]; }

private:
    std::vector<const GreyImage*> chips_;
};

using Examples = std::vector<std::vector<Example>>;  // per face

// Trains on all faces except those of `held_out` (-1: none).
dlib::shape_predictor train(const Examples& examples, int held_out, const Settings& s) {
    std::vector<const GreyImage*> chips;
    std::vector<std::vector<dlib::full_object_detection>> marks;
    for (size_t face = 0; face < examples.size(); ++face) {
        if (static_cast<int>(face % kFolds) == held_out) continue;
        for (const Example& example : examples[face]) {
            chips.push_back(&example.chip);
            marks.push_back({example.marks});
        }
    }
    dlib::shape_predictor_trainer trainer;
    trainer.set_cascade_depth(s.cascade);
    trainer.set_num_trees_per_cascade_level(s.trees);
    trainer.set_tree_depth(s.depth);
    trainer.set_nu(s.nu);
    trainer.set_lambda(s.lambda);
    trainer.set_oversampling_amount(s.oversampling);
    trainer.set_oversampling_translation_jitter(s.translation);
    trainer.set_feature_pool_size(s.pool);
    trainer.set_feature_pool_region_padding(s.padding);
    trainer.set_num_test_splits(s.splits);
    trainer.set_num_threads(s.threads);
    trainer.set_random_seed("dog-face-landmarks-16");
    return trainer.train(ChipView(std::move(chips)), marks);
}

// Folds run beside each other, each on one thread: that keeps the cores busier than threads inside
// the trainer, whose parallel pieces are short.
std::vector<Judgement> cross_validate(const std::vector<Face>& faces, const Examples& examples,
                                      Settings settings) {
    std::vector<std::vector<Judgement>> folds(kFolds);
    std::atomic<int> next{0};
    const unsigned long threads = std::exchange(settings.threads, 1);
    const auto work = [&] {
        for (int fold; (fold = next++) < settings.folds;) {
            const dlib::shape_predictor predictor = train(examples, fold, settings);
            for (size_t face = fold; face < faces.size(); face += kFolds)
                folds[fold].push_back(judge(predictor, faces[face]));
        }
    };
    std::vector<std::future<void>> workers;
    for (unsigned long i = 0; i < threads; ++i) workers.push_back(std::async(std::launch::async, work));
    for (auto& worker : workers) worker.get();
    std::vector<Judgement> judgements;
    for (const auto& fold : folds) judgements.insert(judgements.end(), fold.begin(), fold.end());
    return judgements;
}

void add_options(dlib::command_line_parser& parser) {
    parser.add_option("cascade", "levels of the cascade", 1);
    parser.add_option("trees", "trees per level", 1);
    parser.add_option("depth", "depth of a tree", 1);
    parser.add_option("nu", "learning rate", 1);
    parser.add_option("lambda", "how near to each other compared pixels are", 1);
    parser.add_option("oversampling", "starting shapes per chip", 1);
    parser.add_option("translation", "shift of the starting shapes", 1);
    parser.add_option("pool", "pixels per level", 1);
    parser.add_option("padding", "how far around the mean shape pixels are drawn", 1);
    parser.add_option("splits", "candidate splits per node", 1);
    parser.add_option("variants", "chips per face and mirror image", 1);
    parser.add_option("shift", "spread of the box's shift, in box sides", 1);
    parser.add_option("scale", "spread of the logarithm of the box's scale", 1);
    parser.add_option("rotation", "spread of the roll, in degrees", 1);
    parser.add_option("threads", "threads to train with", 1);
    parser.add_option("folds", "crossval: stop after so many of the five folds", 1);
    parser.add_option("faces", "crossval: also write one line per face to this CSV file", 1);
}

int run(int argc, char** argv) {
    dlib::command_line_parser parser;
    add_options(parser);
    parser.parse(argc, argv);
    const bool training = parser.number_of_arguments() == 3 && parser[0] == "train";
    const bool validating = parser.number_of_arguments() == 2 && parser[0] == "crossval";
    if (!training && !validating) {
        std::cerr << "usage: train_landmarks [options] (train DATA MODEL | crossval DATA)\n";
        parser.print_options(std::cerr);
        return 64;
    }
    const Settings settings = read_settings(parser);
    const std::vector<Face> faces = load_faces(parser[1]);
    Examples examples;
    for (const Face& face : faces) examples.push_back(examples_of(face, settings));
    const auto start = std::chrono::steady_clock::now();
    if (training) {
        dlib::serialize(parser[2]) << train(examples, -1, settings);
    } else {
        const std::vector<Judgement> judgements = cross_validate(faces, examples, settings);
        print_report(judgements);
        if (parser.option("faces")) write_faces_csv(judgements, parser.option("faces").argument());
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cerr << faces.size() << " faces, " << std::lround(took.count()) << " s\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "train_landmarks: " << error.what() << "\n";
        return 1;
    }
}
