#include "arguments.h"
#include "transfer.h"

#include <algorithm>
#include <cmath>

namespace cassl {

namespace {

// tfjs has three ways to map an output pixel to the input.
struct Mapping {
  int64_t height, width;
  bool align_corners, half_pixel;
};

Mapping read_mapping(Arguments& in) {
  Mapping mapping;
  mapping.height = in.integer();
  mapping.width = in.integer();
  mapping.align_corners = in.flag();
  mapping.half_pixel = in.flag();
  constexpr int64_t kLargest = 1 << 20;  // more than any image, and little enough for the tables of one axis
  TORCH_CHECK(mapping.height > 0 && mapping.width > 0 && mapping.height <= kLargest && mapping.width <= kLargest,
              "resize size must be in 1..", kLargest, ", got ", mapping.height, "x", mapping.width);
  return mapping;
}

at::Tensor channels_first(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 4, "resize needs [N, H, W, C], got rank ", x.dim());
  TORCH_CHECK(x.size(1) > 0 && x.size(2) > 0, "resize needs an image that is not empty");
  return x.permute({0, 3, 1, 2});
}
at::Tensor channels_last(const at::Tensor& x) { return x.permute({0, 2, 3, 1}); }

double position(int64_t i, int64_t from, int64_t to, bool align_corners, bool half_pixel) {
  if (align_corners && to > 1) return static_cast<double>(i) * static_cast<double>(from - 1) / static_cast<double>(to - 1);
  const double ratio = static_cast<double>(from) / static_cast<double>(to);
  return half_pixel ? ratio * (static_cast<double>(i) + 0.5) - 0.5 : ratio * static_cast<double>(i);
}

// One axis of a bilinear resize: the two source rows of each output row and the weight of the second.
struct Taps {
  at::Tensor low, high, weight;
};

Taps bilinear_taps(int64_t from, int64_t to, bool align_corners, bool half_pixel, const at::Tensor& like, int64_t axis) {
  const auto device = like.device();
  std::vector<int64_t> shape(4, 1);
  shape[axis] = to;
  const Taps taps{staging({to}, at::kLong, device), staging({to}, at::kLong, device), staging(shape, at::kFloat, device)};
  auto* low = taps.low.data_ptr<int64_t>();
  auto* high = taps.high.data_ptr<int64_t>();
  auto* weight = taps.weight.data_ptr<float>();
  for (int64_t i = 0; i < to; ++i) {
    const double source = std::max(0.0, position(i, from, to, align_corners, half_pixel));
    low[i] = std::min<int64_t>(from - 1, static_cast<int64_t>(source));
    high[i] = std::min<int64_t>(from - 1, low[i] + 1);
    weight[i] = static_cast<float>(source - static_cast<double>(low[i]));
  }
  return {sent(taps.low, device), sent(taps.high, device), sent(taps.weight, device)};
}

at::Tensor interpolate(const at::Tensor& x, const Taps& taps, int64_t axis) {
  const auto low = at::index_select(x, axis, taps.low);
  return at::addcmul(low, at::index_select(x, axis, taps.high) - low, taps.weight);
}

at::Tensor interpolate_grad(const at::Tensor& dy, const Taps& taps, int64_t axis, int64_t size) {
  std::vector<int64_t> shape(dy.sizes().begin(), dy.sizes().end());
  shape[axis] = size;
  auto dx = at::zeros(shape, dy.options());
  const auto second = dy * taps.weight;
  dx.index_add_(axis, taps.low, dy - second);
  dx.index_add_(axis, taps.high, second);
  return dx;
}

// ATen has tfjs's alignCorners and halfPixelCenters; the third (TensorFlow 1's) is written out.
bool aten_bilinear(const Mapping& mapping) { return mapping.align_corners != mapping.half_pixel; }

void bilinear(Arguments& in, Results& out) {
  const auto x = in.tensor().to(at::kFloat);
  const auto mapping = read_mapping(in);
  const auto nchw = channels_first(x);
  if (aten_bilinear(mapping))
    return out.tensor(channels_last(at::upsample_bilinear2d(nchw, {mapping.height, mapping.width}, mapping.align_corners)));
  const auto rows = bilinear_taps(x.size(1), mapping.height, mapping.align_corners, mapping.half_pixel, x, 1);
  const auto columns = bilinear_taps(x.size(2), mapping.width, mapping.align_corners, mapping.half_pixel, x, 2);
  out.tensor(interpolate(interpolate(x, rows, 1), columns, 2));
}

void bilinear_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();
  const auto shape = in.integers();  // of the images, [N, H, W, C]
  const bool align_corners = in.flag(), half_pixel = in.flag();
  const auto nchw = channels_first(dy);
  TORCH_CHECK(shape.size() == 4, "resize needs [N, H, W, C], got rank ", shape.size());
  for (const int64_t size : shape) TORCH_CHECK(size >= 0 && size <= dy.numel() + (1 << 20), "resize shape must be that of the images, got ", shape);
  const Mapping mapping{dy.size(1), dy.size(2), align_corners, half_pixel};
  if (aten_bilinear(mapping))
    return out.tensor(channels_last(at::upsample_bilinear2d_backward(nchw, {mapping.height, mapping.width},
                                                                    {shape[0], shape[3], shape[1], shape[2]}, align_corners)));
  const auto rows = bilinear_taps(shape[1], mapping.height, align_corners, half_pixel, dy, 1);
  const auto columns = bilinear_taps(shape[2], mapping.width, align_corners, half_pixel, dy, 2);
  out.tensor(interpolate_grad(interpolate_grad(dy, columns, 2, shape[2]), rows, 1, shape[1]));
}

at::Tensor nearest_sources(int64_t from, int64_t to, bool align_corners, bool half_pixel, const at::Tensor& like) {
  const auto sources = staging({to}, at::kLong, like.device());
  auto* source = sources.data_ptr<int64_t>();
  const bool corners = align_corners && to > 1;
  const float ratio = corners ? static_cast<float>(from - 1) / static_cast<float>(to - 1)
                              : static_cast<float>(from) / static_cast<float>(to);
  for (int64_t i = 0; i < to; ++i) {
    const float exact = ratio * (static_cast<float>(i) + (half_pixel ? 0.5f : 0.0f));
    source[i] = std::clamp<int64_t>(static_cast<int64_t>(align_corners ? std::floor(exact + 0.5f) : std::floor(exact)), 0, from - 1);
  }
  return sent(sources, like.device());
}

// Plain nearest is ATen's own; the pyramid's doubling goes this way.
bool aten_nearest(const Mapping& mapping) { return !mapping.align_corners && !mapping.half_pixel; }

void nearest(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto mapping = read_mapping(in);
  const auto nchw = channels_first(x);
  if (aten_nearest(mapping) && at::isFloatingType(x.scalar_type()))
    return out.tensor(channels_last(at::upsample_nearest2d(nchw, {mapping.height, mapping.width})));
  const auto rows = nearest_sources(x.size(1), mapping.height, mapping.align_corners, mapping.half_pixel, x);
  const auto columns = nearest_sources(x.size(2), mapping.width, mapping.align_corners, mapping.half_pixel, x);
  out.tensor(at::index_select(at::index_select(x, 1, rows), 2, columns));
}

void nearest_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();
  const auto shape = in.integers();
  const bool align_corners = in.flag(), half_pixel = in.flag();
  const auto nchw = channels_first(dy);
  TORCH_CHECK(shape.size() == 4, "resize needs [N, H, W, C], got rank ", shape.size());
  for (const int64_t size : shape) TORCH_CHECK(size >= 0 && size <= dy.numel() + (1 << 20), "resize shape must be that of the images, got ", shape);
  const Mapping mapping{dy.size(1), dy.size(2), align_corners, half_pixel};
  if (aten_nearest(mapping))
    return out.tensor(channels_last(at::upsample_nearest2d_backward(nchw, {mapping.height, mapping.width},
                                                                   {shape[0], shape[3], shape[1], shape[2]})));
  const auto rows = nearest_sources(shape[1], mapping.height, align_corners, half_pixel, dy);
  const auto columns = nearest_sources(shape[2], mapping.width, align_corners, half_pixel, dy);
  auto partial = at::zeros({dy.size(0), dy.size(1), shape[2], dy.size(3)}, dy.options()).index_add_(2, columns, dy);
  out.tensor(at::zeros(shape, dy.options()).index_add_(1, rows, partial));
}

}  // namespace

Family resize_operations() {
  return {
      {"resizeBilinear", bilinear},
      {"resizeBilinearGrad", bilinear_grad},
      {"resizeNearest", nearest},
      {"resizeNearestGrad", nearest_grad},
  };
}

}  // namespace cassl
