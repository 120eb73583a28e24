#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "detection-functions.h"
#include "lanes.h"
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

// An axis as stretches, in order, and for each sample the first stretch that starts there or behind it.
struct Stretches {
  std::vector<Stretch> list;
  std::vector<size_t> from;

  Stretches(const Axis& axis, int64_t samples) : from(samples + 1) {
    for (int64_t out = 0; out < axis.length; ++out) {
      if (list.empty() || list.back().start != axis.starts[out]) list.push_back({axis.starts[out], out, out});
      list.back().last = out + 1;
    }
    size_t next = 0;
    for (int64_t sample = 0; sample <= samples; ++sample) {
      while (next < list.size() && list[next].start < sample) ++next;
      from[sample] = next;
    }
  }
};

class RunWriter {
 public:
  bool inside() const { return inside_; }
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

constexpr int64_t kBlock = 4 * kLanes;

bool any(const Truths& found) { return (found[0] | found[1] | found[2] | found[3]) != 0; }

// The first of [first, last) for which `holds`, which tells it of one float or of all lanes; `last` where there is none.
template <typename Holds>
int64_t find_first(const float* values, int64_t first, int64_t last, const Holds& holds) {
  for (; first + kBlock <= last; first += kBlock) {
    Truths found = {};
    for (int64_t at = first; at < first + kBlock; at += kLanes) found |= holds(load_floats(values + at));
    if (any(found)) break;
  }
  while (first < last && !holds(values[first])) ++first;
  return first;
}

// As find_first, from behind: one after the last, `first` where there is none.
template <typename Holds>
int64_t find_end(const float* values, int64_t first, int64_t last, const Holds& holds) {
  for (; first + kBlock <= last; last -= kBlock) {
    Truths found = {};
    for (int64_t at = last - kBlock; at < last; at += kLanes) found |= holds(load_floats(values + at));
    if (any(found)) break;
  }
  while (first < last && !holds(values[last - 1])) --last;
  return last;
}

struct Above {
  float threshold;
  bool operator()(float value) const { return value > threshold; }
  Truths operator()(const Floats& values) const { return values > all_lanes(threshold); }
};

// All but what is clearly above the threshold, or clearly below.
struct NotClearlyAbove {
  float high;
  bool operator()(float value) const { return !(value > high); }
  Truths operator()(const Floats& values) const { return ~(values > all_lanes(high)); }
};

struct NotClearlyBelow {
  float low;
  bool operator()(float value) const { return !(value < low); }
  Truths operator()(const Floats& values) const { return ~(values < all_lanes(low)); }
};

// Samples [left, right) × [top, bottom) hold all that are above the threshold; none are where top == bottom.
struct Bounds {
  int64_t top = 0, bottom = 0, left, right = 0;
};

Bounds set_bounds(const Paste& paste, const float* map) {
  const Above above{paste.threshold};
  Bounds bounds{.left = paste.map_width};
  for (int64_t row = 0; row < paste.map_height; ++row) {
    const float* values = map + row * paste.map_width;
    const int64_t first = find_first(values, 0, paste.map_width, above);
    if (first == paste.map_width) continue;
    if (bounds.bottom == 0) bounds.top = row;
    bounds.bottom = row + 1;
    bounds.left = std::min(bounds.left, first);
    bounds.right = find_end(values, bounds.right, paste.map_width, above);
  }
  return bounds;
}

// Outputs [first, last) read a sample of [low, high); starts never fall.
std::pair<int64_t, int64_t> reach(const Axis& axis, int64_t low, int64_t high) {
  const auto* end = axis.starts + axis.length;
  return {std::upper_bound(axis.starts, end, static_cast<int32_t>(low - kTaps)) - axis.starts,
          std::lower_bound(axis.starts, end, static_cast<int32_t>(high)) - axis.starts};
}

// [rows, columns] to [columns, rows], four by four where there are four.
void transpose(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t to_stride) {
  int64_t row = 0;
  for (; row + kLanes <= rows; row += kLanes) {
    const float* source = from + row * from_stride;
    int64_t x = 0;
    for (; x + kLanes <= columns; x += kLanes) {
      const Floats a = load_floats(source + x), b = load_floats(source + from_stride + x);
      const Floats c = load_floats(source + 2 * from_stride + x), d = load_floats(source + 3 * from_stride + x);
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const Floats column = {a[lane], b[lane], c[lane], d[lane]};
        std::memcpy(to + (x + lane) * to_stride + row, &column, sizeof(column));
      }
    }
    for (; x < columns; ++x)
      for (int64_t lane = 0; lane < kLanes; ++lane) to[x * to_stride + row + lane] = source[lane * from_stride + x];
  }
  for (; row < rows; ++row)
    for (int64_t x = 0; x < columns; ++x) to[x * to_stride + row] = from[row * from_stride + x];
}

// The samples that the pixels of a mask may read, column by column, and in which rows each column has some above the threshold.
// Kept from mask to mask: fresh memory would cost as much as filling it.
class Window {
 public:
  struct Column {
    const float* samples;
    int32_t top, bottom;  // in the window; none where top >= bottom
  };

  void read(const Paste& paste, const float* map, const Bounds& bounds) {
    from_ = std::max<int64_t>(0, bounds.left - kTaps);
    to_ = std::min(paste.map_width, bounds.right + kTaps);
    top_ = std::max<int64_t>(0, bounds.top - kTaps);
    height_ = std::min(paste.map_height, bounds.bottom + kTaps) - top_;
    const int64_t width = to_ - from_;
    values_.resize(std::max<size_t>(values_.size(), width * height_));
    rows_.resize(std::max<size_t>(rows_.size(), width));
    transpose(map + top_ * paste.map_width + from_, paste.map_width, height_, width, values_.data(), height_);
    const Above above{paste.threshold};
    for (int64_t x = 0; x < width; ++x) {
      const float* column = values_.data() + x * height_;
      const int64_t top = find_first(column, 0, height_, above);
      rows_[x] = {static_cast<int32_t>(top), static_cast<int32_t>(find_end(column, top, height_, above))};
    }
  }
  int64_t top() const { return top_; }
  int64_t height() const { return height_; }
  // A map narrower than three samples has taps beyond its end, with weight 0.
  Column column(int64_t x) const {
    const int64_t at = std::min(x, to_ - 1) - from_;
    return {values_.data() + at * height_, rows_[at].top, rows_[at].bottom};
  }

 private:
  struct Rows {
    int32_t top, bottom;
  };

  int64_t from_ = 0, to_ = 0, top_ = 0, height_ = 0;
  std::vector<float> values_;
  std::vector<Rows> rows_;
};

// Runs of output columns, one after the other.
class ColumnPaster {
 public:
  ColumnPaster(const Paste& paste, const Stretches& stretches, const Window& window)
      : paste_(paste), stretches_(stretches), window_(window), column_(window.height()) {}

  void paste(int64_t x, RunWriter& runs) {
    const int64_t start = paste_.columns.starts[x], position = x * paste_.rows.length;
    const auto a = window_.column(start), b = window_.column(start + 1), c = window_.column(start + 2);
    const int64_t top = std::min({a.top, b.top, c.top}), bottom = std::max({a.bottom, b.bottom, c.bottom});
    if (top >= bottom) return runs.change(position, false);
    const int64_t end = std::min<int64_t>(bottom + kTaps, window_.height());
    blend_columns(paste_.columns.weights + x * kTaps, a.samples, b.samples, c.samples, std::max<int64_t>(0, top - kTaps), end);
    const size_t first = stretches_.from[std::max<int64_t>(0, window_.top() + top - kTaps + 1)], last = stretches_.from[window_.top() + bottom];
    if (first > 0) runs.change(position, false);
    for (size_t at = first; (at = next_of_interest(at, end, runs.inside())) < last; ++at) paste_stretch(stretches_.list[at], position, end - 1, runs);
    if (last < stretches_.list.size()) runs.change(position + stretches_.list[last].first, false);
  }

 private:
  void blend_columns(const float* weights, const float* a, const float* b, const float* c, int64_t row, int64_t end) {
    const Floats first = all_lanes(weights[0]), second = all_lanes(weights[1]), third = all_lanes(weights[2]);
    for (; row + kLanes <= end; row += kLanes) {
      const Floats value = (first * load_floats(a + row) + second * load_floats(b + row)) + third * load_floats(c + row);
      std::memcpy(column_.data() + row, &value, sizeof(value));
    }
    for (; row < end; ++row) column_[row] = blend(weights, a[row], b[row], c[row]);
  }

  // The first stretch from `at` on whose samples are not all clearly inside, or clearly outside, as the run is.
  size_t next_of_interest(size_t at, int64_t end, bool inside) const {
    if (at == stretches_.list.size()) return at;
    const int64_t start = stretches_.list[at].start - window_.top();
    const int64_t row = inside ? find_first(column_.data(), start, end, NotClearlyAbove{paste_.threshold + kRounding})
                               : find_first(column_.data(), start, end, NotClearlyBelow{paste_.threshold - kRounding});
    if (row >= end) return stretches_.list.size();
    return row < start + kTaps ? at : stretches_.from[window_.top() + row - kTaps + 1];
  }

  void paste_stretch(const Stretch& stretch, int64_t position, int64_t last, RunWriter& runs) const {
    const auto sample = [&](int64_t row) { return column_[std::min(row - window_.top(), last)]; };
    const float p = sample(stretch.start), q = sample(stretch.start + 1), r = sample(stretch.start + 2);
    for (int64_t y = stretch.first; y < stretch.last; ++y)
      runs.change(position + y, blend(paste_.rows.weights + y * kTaps, p, q, r) > paste_.threshold);
  }

  const Paste& paste_;
  const Stretches& stretches_;
  const Window& window_;
  std::vector<float> column_;
};

std::vector<uint32_t> encode(const Paste& paste, const float* map, const Stretches& rows, Window& window) {
  RunWriter runs;
  const Bounds bounds = set_bounds(paste, map);
  if (bounds.top < bounds.bottom) {
    window.read(paste, map, bounds);
    ColumnPaster column(paste, rows, window);
    const auto [left, right] = reach(paste.columns, bounds.left, bounds.right);
    for (int64_t x = left; x < right; ++x) column.paste(x, runs);
    runs.change(right * paste.rows.length, false);
  }
  return runs.finish(paste.rows.length * paste.columns.length);
}

Axis read_axis(napi_env env, napi_value starts, napi_value weights, int64_t length, int64_t samples) {
  const Bytes start_bytes = to_bytes(env, starts), weight_bytes = to_bytes(env, weights);
  must_hold(start_bytes, length, sizeof(int32_t), "starts");
  must_hold(weight_bytes, length * kTaps, sizeof(float), "weights");
  Axis axis{static_cast<const int32_t*>(start_bytes.data), static_cast<const float*>(weight_bytes.data), length};
  for (int64_t out = 0; out < length; ++out)
    if (axis.starts[out] < (out == 0 ? 0 : axis.starts[out - 1]) || axis.starts[out] >= samples)
      throw std::invalid_argument("starts must lie in the map and never fall");
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

    const Stretches row_stretches(paste.rows, paste.map_height);
    const float* values = maps.data_ptr<float>() + first_mask * paste.map_height * paste.map_width;
    std::vector<std::vector<uint32_t>> runs(count);
    at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
      Window window;
      for (int64_t mask = first; mask < last; ++mask)
        runs[mask] = encode(paste, values + mask * paste.map_height * paste.map_width, row_stretches, window);
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
