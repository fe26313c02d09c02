// The chip frame, prediction over jittered boxes, and the error table.
#include "landmarks.h"

#include <dlib/rand.h>

#include <dlib/statistics.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <numeric>
#include <optional>

Frame Frame::of_box(const Face& face) {
    return {Point(face.left + face.side / 2, face.top + face.side / 2), face.side};
}

Point Frame::to_photo(const Point& chip) const {
    const Point from_centre = (chip + Point(0.5, 0.5) - Point(kChipSide, kChipSide) / 2.0) * (side / kBoxSide);
    return centre + dlib::rotate_point(Point(0, 0), from_centre, angle) - Point(0.5, 0.5);
}

Point Frame::to_chip(const Point& photo) const {
    const Point from_centre = dlib::rotate_point(Point(0, 0), photo + Point(0.5, 0.5) - centre, -angle);
    return from_centre * (kBoxSide / side) + Point(kChipSide, kChipSide) / 2.0 - Point(0.5, 0.5);
}

// Bilinear, with the photo's border pixels continued outwards without end.
static double sample(const GreyImage& photo, const Point& at) {
    const double x = std::clamp(at.x(), 0.0, photo.nc() - 1.0), y = std::clamp(at.y(), 0.0, photo.nr() - 1.0);
    const long x0 = static_cast<long>(x), y0 = static_cast<long>(y);
    const long x1 = std::min(x0 + 1, photo.nc() - 1), y1 = std::min(y0 + 1, photo.nr() - 1);
    const double fx = x - x0, fy = y - y0;
    return (photo[y0][x0] * (1 - fx) + photo[y0][x1] * fx) * (1 - fy) +
           (photo[y1][x0] * (1 - fx) + photo[y1][x1] * fx) * fy;
}

GreyImage Frame::cut(const GreyImage& photo) const {
    GreyImage chip(kChipSide, kChipSide);
    const Point origin = to_photo(Point(0, 0));
    const Point right = to_photo(Point(1, 0)) - origin, down = to_photo(Point(0, 1)) - origin;
    for (long y = 0; y < kChipSide; ++y)
        for (long x = 0; x < kChipSide; ++x)
            chip[y][x] = static_cast<unsigned char>(sample(photo, origin + x * right + y * down) + 0.5);
    return chip;
}

dlib::rectangle box_in_chip() {
    return dlib::rectangle(kMargin, kMargin, kMargin + kBoxSide - 1, kMargin + kBoxSide - 1);
}

// Nine boxes: every pair of shifts by -amount, 0, +amount of the side, with the scales laid over them
// as a Latin square, so that shifts and scale are each balanced and do not confound each other.
static std::vector<dlib::rectangle> jittered_boxes(double amount) {
    const double scales[] = {1, 1 - amount, 1 + amount};
    std::vector<dlib::rectangle> boxes;
    for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx) {
            const double side = kBoxSide * scales[(dx + dy + 3) % 3];
            const Point middle = Point(kChipSide, kChipSide) / 2.0 + amount * kBoxSide * Point(dx, dy);
            const Point corner = middle - Point(side, side) / 2.0;
            const long left = std::lround(corner.x()), top = std::lround(corner.y()), size = std::lround(side);
            boxes.emplace_back(left, top, left + size - 1, top + size - 1);
        }
    }
    return boxes;
}

static Shape predict(const dlib::shape_predictor& predictor, const GreyImage& chip, const dlib::rectangle& box) {
    const dlib::full_object_detection found = predictor(chip, box);
    Shape shape;
    for (int i = 0; i < kPoints; ++i) shape[i] = found.part(i);
    return shape;
}

static double eye_distance(const Shape& s) {
    return dlib::length((s[0] + s[1] + s[2] + s[3] - s[4] - s[5] - s[6] - s[7]) / 4.0);
}

static Average average(const dlib::shape_predictor& predictor, const GreyImage& chip, double amount) {
    std::vector<Shape> shapes;
    for (const auto& box : jittered_boxes(amount)) shapes.push_back(predict(predictor, chip, box));
    Average result;
    double variance = 0;
    for (int i = 0; i < kPoints; ++i) {
        for (const Shape& shape : shapes) result.shape[i] += shape[i] / shapes.size();
        for (const Shape& shape : shapes)
            variance += dlib::length_squared(shape[i] - result.shape[i]) / (shapes.size() * kPoints);
    }
    result.spread = std::sqrt(variance) / eye_distance(result.shape);
    return result;
}

Judgement judge(const dlib::shape_predictor& predictor, const Face& face) {
    const Frame frame = Frame::of_box(face);
    const GreyImage chip = frame.cut(face.photo);
    Judgement judgement{&face, predict(predictor, chip, box_in_chip()), average(predictor, chip, kJitter),
                        average(predictor, chip, kJitter / 2)};
    for (Shape* shape : {&judgement.single, &judgement.wide.shape, &judgement.narrow.shape})
        for (Point& point : *shape) point = frame.to_photo(point);
    return judgement;
}

// Mean error of the visible points first..last, in percent of the distance between the eye centres;
// nothing if none of them is visible.
static std::optional<double> nme(const Face& face, const Shape& found, int first, int last) {
    double sum = 0;
    int count = 0;
    for (int i = first; i <= last; ++i) {
        if (!face.visible[i]) continue;
        sum += dlib::length(found[i] - face.points[i]);
        ++count;
    }
    if (count == 0) return std::nullopt;
    return 100 * sum / count / eye_distance(face.points);
}

static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

// 95 % interval of the mean over faces: percentiles of 2,000 bootstrap resamples.
static std::pair<double, double> interval(const std::vector<double>& values) {
    dlib::rand random;
    std::vector<double> means, resample(values.size());
    for (int round = 0; round < 2000; ++round) {
        for (double& value : resample) value = values[random.get_random_64bit_number() % values.size()];
        means.push_back(mean(resample));
    }
    std::sort(means.begin(), means.end());
    return {means[50], means[1949]};
}

static void print_cell(const std::vector<double>& values) {
    const auto [low, high] = interval(values);
    std::printf(" | %5.2f [%5.2f, %5.2f]", mean(values), low, high);
}

using Measure = std::function<std::optional<double>(const Face&, const Shape&)>;

static void print_row(const std::string& name, const std::vector<Judgement>& judgements, const Measure& measure) {
    std::vector<double> single, wide, narrow;
    for (const Judgement& j : judgements) {
        if (const auto value = measure(*j.face, j.single)) single.push_back(*value);
        if (const auto value = measure(*j.face, j.wide.shape)) wide.push_back(*value);
        if (const auto value = measure(*j.face, j.narrow.shape)) narrow.push_back(*value);
    }
    if (single.empty()) return;
    std::printf("| %-24s | %3zu", name.c_str(), single.size());
    for (const auto& values : {single, wide, narrow}) print_cell(values);
    std::printf(" |\n");
}

static double face_nme(const Face& face, const Shape& shape) {
    return nme(face, shape, 0, kPoints - 1).value();
}

static std::vector<double> ranks(const std::vector<double>& values) {
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
    std::vector<double> rank(values.size());
    for (size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
    return rank;
}

static double correlation(const std::vector<double>& a, const std::vector<double>& b) {
    dlib::running_scalar_covariance<double> covariance;
    for (size_t i = 0; i < a.size(); ++i) covariance.add(a[i], b[i]);
    return covariance.correlation();
}

// How far the scatter over jittered boxes, known at run time, tells of the error, which is not.
static void print_reliability(const std::vector<Judgement>& judgements, Average Judgement::*boxes) {
    std::vector<double> spreads, errors;
    for (const Judgement& j : judgements) {
        spreads.push_back(100 * (j.*boxes).spread);
        errors.push_back(face_nme(*j.face, (j.*boxes).shape));
    }
    std::printf("r = %.2f, rank r = %.2f\n", correlation(spreads, errors), correlation(ranks(spreads), ranks(errors)));
    std::printf("| spread from, %% | to | faces | mean NME | share > 10 %% | share > 15 %% |\n");
    std::printf("|---|---|---|---|---|---|\n");
    const double edges[] = {0, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 1e9};
    for (size_t e = 0; e + 1 < std::size(edges); ++e) {
        double count = 0, sum = 0, above10 = 0, above15 = 0;
        for (size_t i = 0; i < errors.size(); ++i) {
            if (spreads[i] < edges[e] || spreads[i] >= edges[e + 1]) continue;
            ++count, sum += errors[i], above10 += errors[i] > 10, above15 += errors[i] > 15;
        }
        const double highest = *std::max_element(spreads.begin(), spreads.end());
        if (count > 0)
            std::printf("| %.1f | %.1f | %3.0f | %5.2f | %3.0f %% | %3.0f %% |\n", edges[e],
                        std::min(edges[e + 1], highest), count, sum / count, 100 * above10 / count,
                        100 * above15 / count);
    }
}

void print_report(const std::vector<Judgement>& judgements) {
    std::printf("| error, %% of eye distance | faces | box as detected | 9 boxes, 6 %% | 9 boxes, 3 %% |\n");
    std::printf("|---|---|---|---|---|\n");
    const auto region = [](int first, int last) {
        return [=](const Face& face, const Shape& shape) { return nme(face, shape, first, last); };
    };
    print_row("all points", judgements, region(0, 15));
    print_row("eyes (0-7)", judgements, region(0, 7));
    print_row("nose (8-11)", judgements, region(8, 11));
    print_row("mouth and chin (12-15)", judgements, region(12, 15));
    for (const char* yaw : {"front", "slight", "strong"})
        print_row(std::string("all points, yaw ") + yaw, judgements,
                  [&](const Face& face, const Shape& shape) -> std::optional<double> {
                      if (face.yaw != yaw) return std::nullopt;
                      return face_nme(face, shape);
                  });
    print_row("faces above 15 %, %", judgements, [](const Face& face, const Shape& shape) {
        return std::optional<double>(face_nme(face, shape) > 15 ? 100 : 0);
    });
    std::printf("\nspread and error, 9 boxes, 6 %%: ");
    print_reliability(judgements, &Judgement::wide);
    std::printf("\nspread and error, 9 boxes, 3 %%: ");
    print_reliability(judgements, &Judgement::narrow);
}

void write_faces_csv(const std::vector<Judgement>& judgements, const std::string& path) {
    std::ofstream csv(path);
    csv << "image,yaw,nme_single,nme_wide,spread_wide,nme_narrow,spread_narrow\n";
    for (const Judgement& j : judgements)
        csv << j.face->image << ',' << j.face->yaw << ',' << face_nme(*j.face, j.single) << ','
            << face_nme(*j.face, j.wide.shape) << ',' << 100 * j.wide.spread << ','
            << face_nme(*j.face, j.narrow.shape) << ',' << 100 * j.narrow.spread << '\n';
}
