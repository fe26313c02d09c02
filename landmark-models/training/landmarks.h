// The 16-point dog face: marked faces, the chip in which a predictor sees them, and its evaluation.
//
// Chip convention. The predictor is trained, and must be used, only in this frame:
//   - the head box is a square [left, left + side) x [top, top + side) in pixels of the photo; it may
//     reach beyond the photo;
//   - the box plus a margin of 50 % of its side on every edge is cut out (replicating the photo's
//     border pixels where it reaches beyond) and resized to 512 x 512, so that the box is 256 px wide.
//     Pixel centres lie at half integers, as in OpenCV's resize:
//         x_photo = left - side / 2 + (x_chip + 0.5) * side / 256 - 0.5, likewise y;
//   - grey is the plain mean of red, green and blue (dlib's own conversion);
//   - the predictor is given the rectangle (128, 128)-(383, 383), both ends inclusive.
// dlib rounds predicted points to whole pixels; at this fixed scale that costs at most half a chip
// pixel (about 0.5 % of the distance between the eyes), however small the face is in the photo.
#pragma once

#include <dlib/array2d.h>
#include <dlib/image_processing.h>

#include <array>
#include <string>
#include <vector>

constexpr int kPoints = 16;
constexpr long kBoxSide = 256;
constexpr long kMargin = kBoxSide / 2;
constexpr long kChipSide = kBoxSide + 2 * kMargin;

using Point = dlib::dpoint;
using Shape = std::array<Point, kPoints>;
using GreyImage = dlib::array2d<unsigned char>;

struct Face {
    std::string image;
    std::string yaw;
    double left, top, side;  // the detector's square head box, in pixels of the photo
    Shape points;
    std::array<bool, kPoints> visible;  // hidden points were guessed: neither learned nor measured
    GreyImage photo;
};

// A square region of the photo, turned by `angle` (radians) about its centre, seen as a chip.
struct Frame {
    Point centre;
    double side;
    double angle = 0;

    static Frame of_box(const Face& face);
    Point to_photo(const Point& chip) const;
    Point to_chip(const Point& photo) const;
    GreyImage cut(const GreyImage& photo) const;
};

dlib::rectangle box_in_chip();

// The shift of a jittered box, in box sides, and the change of its scale.
constexpr double kJitter = 0.06;

// The mean prediction over nine jittered boxes of one chip.
struct Average {
    Shape shape;
    double spread;  // RMS scatter of the points over the boxes / predicted distance between the eyes
};

// What one predictor says about one face that it has not been trained on.
struct Judgement {
    const Face* face;
    Shape single;    // from the box as detected
    Average wide;    // jittered by kJitter
    Average narrow;  // jittered by half of it
};

Judgement judge(const dlib::shape_predictor& predictor, const Face& face);
void print_report(const std::vector<Judgement>& judgements);
void write_faces_csv(const std::vector<Judgement>& judgements, const std::string& path);
