#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "detection-functions.h"
#include "device.h"
#include "lanes.h"
#include "number-list.h"
#include "transfer.h"

// Pictures of 8-bit RGB → the network's input [B, height, width, 3]: normalised, enlarged where they must grow, in the
// top left corner of their frame; the rest is zero. On a GPU the bytes travel and the device does the rest.
namespace cassl {

namespace {

struct Picture {
  const uint8_t* pixels = nullptr;
  int64_t height = 0, width = 0;                  // as given
  int64_t placed_height = 0, placed_width = 0;    // in the frame
};

struct Normaliser {
  float mean[3] = {}, scale[3] = {};
  float table[3][256] = {};
  int64_t source[3] = {0, 1, 2};  // where the network's channel is in the picture
};

// What an output of one axis of a half-pixel bilinear enlargement reads: two neighbours, or the last one twice, and the share of the second.
struct Tap {
  int32_t low;
  float share;
};

std::vector<Tap> taps_of(int64_t from, int64_t to) {
  std::vector<Tap> taps(to);
  for (int64_t out = 0; out < to; ++out) {
    const double position = std::max(0.0, (static_cast<double>(out) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5);
    const int64_t low = std::min(static_cast<int64_t>(position), from - 1);
    taps[out] = {static_cast<int32_t>(low), static_cast<float>(position - static_cast<double>(low))};
  }
  return taps;
}

void place_as_it_is(const Picture& picture, const Normaliser& normaliser, float* frame, int64_t frame_width, int64_t first, int64_t last) {
  for (int64_t y = first; y < last; ++y) {
    const uint8_t* source = picture.pixels + y * picture.width * 3;
    float* target = frame + y * frame_width * 3;
    for (int64_t x = 0; x < picture.width; ++x, source += 3, target += 3)
      for (int channel = 0; channel < 3; ++channel) target[channel] = normaliser.table[channel][source[normaliser.source[channel]]];
  }
}

// A row of the picture, normalised, one pixel in four lanes, channels in the network's order.
class WidenedRow {
 public:
  explicit WidenedRow(int64_t width) : values_(width * kLanes) {}
  const float* values() const { return values_.data(); }

  void read(const Picture& picture, const Normaliser& normaliser, int64_t row) {
    if (row == row_) return;
    row_ = row;
    const uint8_t* source = picture.pixels + row * picture.width * 3;
    for (int64_t x = 0; x < picture.width; ++x, source += 3)
      for (int channel = 0; channel < 3; ++channel)
        values_[x * kLanes + channel] = normaliser.table[channel][source[normaliser.source[channel]]];
  }
  bool holds(int64_t row) const { return row == row_; }

 private:
  std::vector<float> values_;
  int64_t row_ = -1;
};

Floats between(const Floats& a, const Floats& b, float share) { return a + (b - a) * all_lanes(share); }

void place_enlarged(const Picture& picture, const Normaliser& normaliser, const std::vector<Tap>& rows, const std::vector<Tap>& columns,
                    float* frame, int64_t frame_width, int64_t first, int64_t last) {
  WidenedRow top(picture.width), bottom(picture.width);
  // One pixel more: the last one's second neighbour.
  const int64_t width = picture.width * kLanes;
  std::vector<float> blended(width + kLanes);
  for (int64_t y = first; y < last; ++y) {
    const int64_t low = rows[y].low;
    if (bottom.holds(low)) std::swap(top, bottom);
    top.read(picture, normaliser, low);
    bottom.read(picture, normaliser, std::min(low + 1, picture.height - 1));
    for (int64_t i = 0; i < width; i += kLanes) {
      const Floats value = between(load_floats(top.values() + i), load_floats(bottom.values() + i), rows[y].share);
      std::memcpy(blended.data() + i, &value, sizeof(value));
    }
    std::memcpy(blended.data() + width, blended.data() + width - kLanes, kLanes * sizeof(float));
    const auto pixel = [&](const Tap& tap) {
      const float* left = blended.data() + tap.low * kLanes;
      return between(load_floats(left), load_floats(left + kLanes), tap.share);
    };
    float* target = frame + y * frame_width * 3;
    // The fourth lane goes where the next pixel begins, which then overwrites it; the last pixel has no next one.
    const int64_t end = picture.placed_width - 1;
    for (int64_t x = 0; x < end; ++x, target += 3) {
      const Floats value = pixel(columns[x]);
      std::memcpy(target, &value, sizeof(value));
    }
    const Floats value = pixel(columns[end]);
    std::memcpy(target, &value, 3 * sizeof(float));
  }
}

constexpr int64_t kRowsAtOnce = 64;

void place_on_host(const std::vector<Picture>& pictures, const Normaliser& normaliser, const at::Tensor& frames) {
  const int64_t height = frames.size(1), width = frames.size(2);
  float* data = frames.data_ptr<float>();
  for (size_t index = 0; index < pictures.size(); ++index) {
    const Picture& picture = pictures[index];
    float* frame = data + static_cast<int64_t>(index) * height * width * 3;
    const bool grows = picture.height != picture.placed_height || picture.width != picture.placed_width;
    const auto rows = taps_of(picture.height, picture.placed_height), columns = taps_of(picture.width, picture.placed_width);
    at::parallel_for(0, picture.placed_height, kRowsAtOnce, [&](int64_t first, int64_t last) {
      if (grows)
        place_enlarged(picture, normaliser, rows, columns, frame, width, first, last);
      else
        place_as_it_is(picture, normaliser, frame, width, first, last);
      const int64_t margin = (width - picture.placed_width) * 3;
      if (margin > 0)
        for (int64_t y = first; y < last; ++y) std::memset(frame + (y * width + picture.placed_width) * 3, 0, margin * sizeof(float));
    });
    std::memset(frame + picture.placed_height * width * 3, 0, (height - picture.placed_height) * width * 3 * sizeof(float));
  }
}

void place_on_device(const std::vector<Picture>& pictures, const Normaliser& normaliser, const at::Tensor& frames) {
  frames.zero_();
  for (size_t index = 0; index < pictures.size(); ++index) {
    const Picture& picture = pictures[index];
    const auto staged = staging({picture.height, picture.width, 3}, at::kByte, frames.device());
    std::memcpy(staged.data_ptr(), picture.pixels, staged.nbytes());
    auto planes = sent(staged, frames.device()).permute({2, 0, 1}).unsqueeze(0).to(at::kFloat);
    planes = at::upsample_bilinear2d(planes, {picture.placed_height, picture.placed_width}, false, c10::nullopt, c10::nullopt);
    const auto corner = frames[static_cast<int64_t>(index)].narrow(0, 0, picture.placed_height).narrow(1, 0, picture.placed_width);
    for (int64_t channel = 0; channel < 3; ++channel)
      corner.select(2, channel).copy_((planes[0][normaliser.source[channel]] - normaliser.mean[channel]) * normaliser.scale[channel]);
  }
}

Normaliser read_normaliser(NumberList& settings) {
  Normaliser normaliser;
  double mean[3], deviation[3];
  for (double& value : mean) value = settings.number();
  for (double& value : deviation) value = settings.number();
  if (settings.number() != 0) std::swap(normaliser.source[0], normaliser.source[2]);
  for (int channel = 0; channel < 3; ++channel) {
    normaliser.mean[channel] = static_cast<float>(mean[channel]);
    normaliser.scale[channel] = static_cast<float>(1 / deviation[channel]);
    for (int value = 0; value < 256; ++value)
      normaliser.table[channel][value] = static_cast<float>((value - mean[channel]) / deviation[channel]);
  }
  return normaliser;
}

}  // namespace

// placeImages(pictures, settings) → handle. settings: frame height, frame width, mean × 3, deviation × 3, blue first, then per
// picture height, width, placed height, placed width.
napi_value place_images(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    uint32_t count = 0;
    must(napi_get_array_length(env, call.arguments[0], &count), "pictures must be an array");
    if (count == 0 || count > 4096) throw std::invalid_argument("pictures must be 1..4096, got " + std::to_string(count));
    NumberList settings(env, call.arguments[1], "settings");
    const int64_t height = settings.whole("frame height", 1, kMostPixelsPerSide);
    const int64_t width = settings.whole("frame width", 1, kMostPixelsPerSide);
    const Normaliser normaliser = read_normaliser(settings);
    std::vector<Picture> pictures(count);
    for (Picture& picture : pictures) {
      picture.height = settings.whole("picture height", 1, kMostPixelsPerSide);
      picture.width = settings.whole("picture width", 1, kMostPixelsPerSide);
      picture.placed_height = settings.whole("placed height", 1, height);
      picture.placed_width = settings.whole("placed width", 1, width);
    }
    const auto device = current_device();
    const auto frames = at::empty({count, height, width, 3}, at::TensorOptions(at::kFloat).device(device));
    // Only now, when nothing of JavaScript's runs any more that could move the bytes.
    for (uint32_t index = 0; index < count; ++index) {
      napi_value item;
      must(napi_get_element(env, call.arguments[0], index, &item), "pictures must be an array");
      const Bytes bytes = to_bytes(env, item);
      must_hold(bytes, pictures[index].height * pictures[index].width * 3, 1, "a picture");
      pictures[index].pixels = static_cast<const uint8_t*>(bytes.data);
    }
    if (device.is_cpu())
      place_on_host(pictures, normaliser, frames);
    else
      place_on_device(pictures, normaliser, frames);
    napi_value handle;
    must(napi_create_double(env, table_here().insert(frames), &handle), "cannot make a number");
    return handle;
  });
}

}  // namespace cassl
