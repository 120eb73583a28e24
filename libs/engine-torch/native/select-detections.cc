#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "detection-functions.h"
#include "number-list.h"

// What the head says of every cell → the boxes of each image that survive, best first.
namespace cassl {

namespace {

struct Level {
  int64_t height = 0, width = 0, stride = 0, offset = 0;
};

struct Limits {
  double score_threshold = 0, overlap_threshold = 0;
  int64_t most = 0;
};

struct Head {
  const float* classes = nullptr;  // [cells, K]
  const float* boxes = nullptr;    // [cells, 5]: left, top, right, bottom in strides, quality
  int64_t class_count = 0;
  int64_t candidates_per_level = 0;
  bool on_product = false;  // the threshold is on p · quality
  std::vector<Level> levels;
};

// Ten numbers for JavaScript.
struct Candidate {
  double image, level, row, column, category, score, box[4];
};
static_assert(sizeof(Candidate) == 10 * sizeof(double), "a candidate is ten doubles");

struct Scored {
  float product;
  int64_t index;  // of cell and category within the level
};

bool comes_before(const Scored& a, const Scored& b) { return a.product > b.product || (a.product == b.product && a.index < b.index); }

void level_candidates(const Head& head, int64_t image, int64_t number, double threshold, std::vector<Candidate>& out) {
  const Level& level = head.levels[number];
  const int64_t cells = level.height * level.width, K = head.class_count;
  const int64_t first = level.offset + image * cells;
  std::vector<Scored> found;
  for (int64_t cell = 0; cell < cells; ++cell) {
    const float* probabilities = head.classes + (first + cell) * K;
    const float quality = head.boxes[(first + cell) * 5 + 4];
    for (int64_t category = 0; category < K; ++category) {
      const float product = probabilities[category] * quality;
      if (static_cast<double>(head.on_product ? product : probabilities[category]) > threshold) found.push_back({product, cell * K + category});
    }
  }
  const auto most = std::min<size_t>(found.size(), head.candidates_per_level);
  if (most < found.size()) std::nth_element(found.begin(), found.begin() + most, found.end(), comes_before);
  found.resize(most);
  std::sort(found.begin(), found.end(), comes_before);
  for (const auto& [product, index] : found) {
    const int64_t cell = index / K, row = cell / level.width, column = cell % level.width;
    const double x = column * level.stride + (level.stride >> 1), y = row * level.stride + (level.stride >> 1);
    const float* distances = head.boxes + (first + cell) * 5;
    const double stride = static_cast<double>(level.stride);
    out.push_back({static_cast<double>(image), static_cast<double>(number), static_cast<double>(row), static_cast<double>(column),
                   static_cast<double>(index % K), std::sqrt(static_cast<double>(product)),
                   {x - distances[0] * stride, y - distances[1] * stride, x + distances[2] * stride, y + distances[3] * stride}});
  }
}

struct Box {
  double x1, y1, x2, y2;
};

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (!(width > 0)) return 0;
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (!(height > 0)) return 0;
  const double inter = width * height;
  return inter / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - inter);
}

// Greedy, within each category, in the order of scores; stops where nothing more can be among the best `most`, which keep
// what ties with their last.
std::vector<Candidate> suppress(std::vector<Candidate> candidates, const Limits& limits) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  std::unordered_map<int64_t, std::vector<Box>> kept_by_category;
  std::vector<Candidate> kept;
  for (const Candidate& candidate : candidates) {
    if (static_cast<int64_t>(kept.size()) >= limits.most && candidate.score < kept[limits.most - 1].score) break;
    // Suppression is defined on float32 boxes.
    const auto narrow = [](double value) { return static_cast<double>(static_cast<float>(value)); };
    const Box box{narrow(candidate.box[0]), narrow(candidate.box[1]), narrow(candidate.box[2]), narrow(candidate.box[3])};
    auto& rivals = kept_by_category[static_cast<int64_t>(candidate.category)];
    const auto covers = [&](const Box& rival) { return overlap(rival, box) > limits.overlap_threshold; };
    if (std::any_of(rivals.begin(), rivals.end(), covers)) continue;
    rivals.push_back(box);
    kept.push_back(candidate);
  }
  return kept;
}

}  // namespace

// selectDetections(classes, boxes, settings) → Float64Array of ten numbers a detection: image, level, row, column, category, score, box.
// settings: images, classes, levels, candidates per level, threshold on the product; per level height, width, stride, first cell; per
// image score threshold, overlap threshold, most detections.
napi_value select_detections(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    NumberList settings(env, call.arguments[2], "settings");
    Head head;
    const int64_t images = settings.whole("images", 1, 4096);
    head.class_count = settings.whole("classes", 1, 65535);
    head.levels.resize(settings.whole("levels", 1, 16));
    head.candidates_per_level = settings.whole("candidates per level", 1, 1 << 24);
    head.on_product = settings.number() != 0;
    int64_t cells = 0;
    for (Level& level : head.levels) {
      level.height = settings.whole("level height", 1, kMostPixelsPerSide);
      level.width = settings.whole("level width", 1, kMostPixelsPerSide);
      level.stride = settings.whole("stride", 1, kMostPixelsPerSide);
      level.offset = settings.whole("first cell", cells, cells);
      cells += images * level.height * level.width;
    }
    std::vector<Limits> limits(images);
    for (Limits& limit : limits) {
      limit.score_threshold = settings.number();
      limit.overlap_threshold = settings.number();
      limit.most = settings.whole("most detections", 1, 1 << 24);
    }
    const Bytes classes = to_bytes(env, call.arguments[0]), boxes = to_bytes(env, call.arguments[1]);
    must_hold(classes, cells * head.class_count, sizeof(float), "classes");
    must_hold(boxes, cells * 5, sizeof(float), "boxes");
    head.classes = static_cast<const float*>(classes.data);
    head.boxes = static_cast<const float*>(boxes.data);

    std::vector<std::vector<Candidate>> kept(images);
    at::parallel_for(0, images, 1, [&](int64_t first, int64_t last) {
      for (int64_t image = first; image < last; ++image) {
        std::vector<Candidate> candidates;
        for (size_t level = 0; level < head.levels.size(); ++level)
          level_candidates(head, image, static_cast<int64_t>(level), limits[image].score_threshold, candidates);
        kept[image] = suppress(std::move(candidates), limits[image]);
      }
    });
    size_t total = 0;
    for (const auto& list : kept) total += list.size();
    void* memory = nullptr;
    napi_value buffer, view;
    must(napi_create_arraybuffer(env, total * sizeof(Candidate), &memory, &buffer), "cannot make an array");
    auto* out = static_cast<Candidate*>(memory);
    for (const auto& list : kept) out = std::copy(list.begin(), list.end(), out);
    must(napi_create_typedarray(env, napi_float64_array, total * 10, buffer, 0, &view), "cannot make an array");
    return view;
  });
}

}  // namespace cassl
