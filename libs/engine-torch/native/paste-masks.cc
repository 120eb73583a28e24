#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "detection-functions.h"
#include "number-list.h"
#include "transfer.h"

// Probability maps of one image → COCO runs of masks in its own pixels.
namespace cassl {

namespace {

constexpr int64_t kTaps = 3;
// A weighted mean of three values rounds to within this of their range.
constexpr float kRounding = 1e-5f;

struct Axis {
  const int32_t* starts = nullptr;
  const float* weights = nullptr;  // [length, 3]
  int64_t length = 0;
};

struct Paste {
  int64_t map_height = 0, map_width = 0;
  Axis rows, columns;
  float threshold = 0;
};

float blend(const float* weights, float a, float b, float c) { return (weights[0] * a + weights[1] * b) + weights[2] * c; }

// Outputs that read the same three samples, as [first, last).
struct Stretch {
  int32_t start;
  int64_t first, last;
};

std::vector<Stretch> stretches(const Axis& axis) {
  std::vector<Stretch> found;
  for (int64_t out = 0; out < axis.length; ++out) {
    if (found.empty() || found.back().start != axis.starts[out]) found.push_back({axis.starts[out], out, out});
    found.back().last = out + 1;
  }
  return found;
}

class RunWriter {
 public:
  // From `position` on, in column-major order, pixels are `inside`.
  void change(int64_t position, bool inside) {
    if (inside == inside_) return;
    counts_.push_back(static_cast<uint32_t>(position - start_));
    start_ = position;
    inside_ = inside;
  }
  std::vector<uint32_t> finish(int64_t total) {
    if (start_ < total || counts_.empty()) counts_.push_back(static_cast<uint32_t>(total - start_));
    return std::move(counts_);
  }

 private:
  std::vector<uint32_t> counts_;
  int64_t start_ = 0;
  bool inside_ = false;
};

// Columns [first, last) of the map that have a sample above the threshold; none where first >= last.
std::pair<int64_t, int64_t> set_columns(const Paste& paste, const float* map) {
  int64_t first = paste.map_width, last = 0;
  for (int64_t row = 0; row < paste.map_height; ++row) {
    const float* values = map + row * paste.map_width;
    for (int64_t x = 0; x < first; ++x)
      if (values[x] > paste.threshold) first = x;
    for (int64_t x = paste.map_width; x > last; --x)
      if (values[x - 1] > paste.threshold) last = x;
  }
  return {first, last};
}

std::vector<uint32_t> encode(const Paste& paste, const float* map, const std::vector<Stretch>& row_stretches) {
  const int64_t height = paste.rows.length, width = paste.columns.length, samples = paste.map_height;
  RunWriter runs;
  const auto [first, last] = set_columns(paste, map);
  // Sample-major in columns, so that the blend of three columns runs over neighbours in memory.
  const int64_t from = std::max<int64_t>(0, first - kTaps), to = std::min(paste.map_width, last + kTaps);
  std::vector<float> turned(first < last ? (to - from) * samples : 0);
  for (int64_t row = 0; first < last && row < samples; ++row)
    for (int64_t x = from; x < to; ++x) turned[(x - from) * samples + row] = map[row * paste.map_width + x];
  std::vector<float> column(samples + kTaps);
  for (int64_t x = 0; x < width; ++x) {
    const int64_t start = paste.columns.starts[x];
    if (start + kTaps <= first || start >= last) {
      runs.change(x * height, false);
      continue;
    }
    const auto samples_of = [&](int64_t tap) { return turned.data() + (std::min(start + tap, paste.map_width - 1) - from) * samples; };
    const float *a = samples_of(0), *b = samples_of(1), *c = samples_of(2);
    const float* weights = paste.columns.weights + x * kTaps;
    for (int64_t row = 0; row < samples; ++row) column[row] = blend(weights, a[row], b[row], c[row]);
    for (const auto& [at, top, bottom] : row_stretches) {
      const float p = column[at], q = column[std::min<int64_t>(at + 1, samples - 1)], r = column[std::min<int64_t>(at + 2, samples - 1)];
      if (std::max({p, q, r}) < paste.threshold - kRounding) {
        runs.change(x * height + top, false);
      } else if (std::min({p, q, r}) > paste.threshold + kRounding) {
        runs.change(x * height + top, true);
      } else {
        for (int64_t y = top; y < bottom; ++y) runs.change(x * height + y, blend(paste.rows.weights + y * kTaps, p, q, r) > paste.threshold);
      }
    }
  }
  return runs.finish(width * height);
}

Axis read_axis(napi_env env, napi_value starts, napi_value weights, int64_t length, int64_t samples) {
  const Bytes start_bytes = to_bytes(env, starts), weight_bytes = to_bytes(env, weights);
  must_hold(start_bytes, length, sizeof(int32_t), "starts");
  must_hold(weight_bytes, length * kTaps, sizeof(float), "weights");
  Axis axis{static_cast<const int32_t*>(start_bytes.data), static_cast<const float*>(weight_bytes.data), length};
  for (int64_t out = 0; out < length; ++out)
    if (axis.starts[out] < 0 || axis.starts[out] >= samples) throw std::invalid_argument("starts must lie in the map");
  return axis;
}

}  // namespace

// pasteMasks(handle, settings, row starts, row weights, column starts, column weights) → Uint32Array: for each mask where its runs
// end, then the runs of all. The tensor is [N, map height, map width]. settings: first mask, masks, height, width, threshold.
napi_value paste_masks(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const HostCopy copy(table_here().at(to_double(env, call.arguments[0], "handle must be a number")).tensor);
    const at::Tensor& maps = copy.wait();
    if (maps.dim() != 3 || maps.scalar_type() != at::kFloat) throw std::invalid_argument("maps must be a float32 tensor of rank 3");
    NumberList settings(env, call.arguments[1], "settings");
    const int64_t first_mask = settings.whole("first mask", 0, maps.size(0));
    const int64_t count = settings.whole("masks", 0, maps.size(0) - first_mask);
    Paste paste;
    paste.map_height = maps.size(1);
    paste.map_width = maps.size(2);
    const int64_t height = settings.whole("height", 1, kMostPixelsPerSide), width = settings.whole("width", 1, kMostPixelsPerSide);
    if (height * width > UINT32_MAX) throw std::invalid_argument("an image must have fewer than 2^32 pixels");
    paste.threshold = static_cast<float>(settings.number());
    paste.rows = read_axis(env, call.arguments[2], call.arguments[3], height, paste.map_height);
    paste.columns = read_axis(env, call.arguments[4], call.arguments[5], width, paste.map_width);

    const auto row_stretches = stretches(paste.rows);
    const float* values = maps.data_ptr<float>() + first_mask * paste.map_height * paste.map_width;
    std::vector<std::vector<uint32_t>> runs(count);
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
      for (int64_t mask = first; mask < last; ++mask)
        runs[mask] = encode(paste, values + mask * paste.map_height * paste.map_width, row_stretches);
    });
    size_t total = count;
    for (const auto& list : runs) total += list.size();
    void* memory = nullptr;
    napi_value buffer, view;
    must(napi_create_arraybuffer(env, total * sizeof(uint32_t), &memory, &buffer), "cannot make an array");
    auto* ends = static_cast<uint32_t*>(memory);
    uint32_t* out = ends + count;
    for (int64_t mask = 0; mask < count; ++mask) {
      out = std::copy(runs[mask].begin(), runs[mask].end(), out);
      ends[mask] = static_cast<uint32_t>(out - ends);
    }
    must(napi_create_typedarray(env, napi_uint32_array, total, buffer, 0, &view), "cannot make an array");
    return view;
  });
}

}  // namespace cassl
