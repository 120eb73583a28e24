#include <limits>

#include "arguments.h"

namespace cassl {

namespace {

struct Window {
  std::vector<int64_t> size;
  std::vector<int64_t> stride;
  std::vector<int64_t> before;
  std::vector<int64_t> after;
  std::vector<int64_t> dilation;

  size_t rank() const { return size.size(); }
  bool unpadded() const {
    for (size_t i = 0; i < rank(); ++i)
      if (before[i] != 0 || after[i] != 0) return false;
    return true;
  }
  // ATen pads both sides alike and by half the window at most.
  bool native_padding() const {
    for (size_t i = 0; i < rank(); ++i)
      if (before[i] != after[i] || before[i] * 2 > size[i]) return false;
    return true;
  }
  std::vector<int64_t> none() const { return std::vector<int64_t>(rank(), 0); }
};

Window read_window(Arguments& in) {
  Window window;
  window.size = in.integers();
  window.stride = in.integers();
  window.before = in.integers();
  window.after = in.integers();
  window.dilation = in.integers();
  const auto rank = window.rank();
  TORCH_CHECK(rank == 2 || rank == 3, "pooling needs 2 or 3 spatial axes, got ", rank);
  TORCH_CHECK(window.stride.size() == rank && window.before.size() == rank && window.after.size() == rank &&
                  window.dilation.size() == rank,
              "stride, padding and dilation of a pooling must have the same length");
  return window;
}

at::Tensor channels_first(const at::Tensor& x) { return x.dim() == 5 ? x.permute({0, 4, 1, 2, 3}) : x.permute({0, 3, 1, 2}); }
at::Tensor channels_last(const at::Tensor& x) { return x.dim() == 5 ? x.permute({0, 2, 3, 4, 1}) : x.permute({0, 2, 3, 1}); }

at::Tensor padded(const at::Tensor& x, const Window& window, double value) {
  std::vector<int64_t> pads;
  for (size_t i = window.rank(); i-- > 0;) {
    pads.push_back(window.before[i]);
    pads.push_back(window.after[i]);
  }
  const auto format = x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
  return at::constant_pad_nd(x, pads, value).contiguous(format);
}

at::Tensor cropped(at::Tensor x, const Window& window) {
  for (size_t i = 0; i < window.rank(); ++i) {
    const int64_t axis = static_cast<int64_t>(i) + 2;
    x = x.narrow(axis, window.before[i], x.size(axis) - window.before[i] - window.after[i]);
  }
  return x;
}

struct Pooled {
  at::Tensor input;  // what the window slid over
  at::Tensor values;
  at::Tensor indices;  // flat position in one plane of `input`
  std::vector<int64_t> padding;
};

Pooled max_forward(const at::Tensor& nhwc, const Window& window) {
  Pooled pooled;
  pooled.input = channels_first(nhwc);
  pooled.padding = window.before;
  if (!window.native_padding()) {
    pooled.input = padded(pooled.input, window, -std::numeric_limits<float>::infinity());
    pooled.padding = window.none();
  }
  std::tie(pooled.values, pooled.indices) =
      window.rank() == 2
          ? at::max_pool2d_with_indices(pooled.input, window.size, window.stride, pooled.padding, window.dilation)
          : at::max_pool3d_with_indices(pooled.input, window.size, window.stride, pooled.padding, window.dilation);
  return pooled;
}

void max_pool(Arguments& in, Results& out) {
  auto x = in.stored();
  const auto window = read_window(in);
  const auto type = x.scalar_type();
  if (!at::isFloatingType(type)) x = x.to(at::kFloat);
  out.tensor(channels_last(max_forward(x, window).values).to(type));
}

void max_pool_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();
  const auto x = in.tensor();
  const auto window = read_window(in);
  const auto pooled = max_forward(x, window);
  const auto gradient = channels_first(dy);
  const auto dx = window.rank() == 2
                      ? at::max_pool2d_with_indices_backward(gradient, pooled.input, window.size, window.stride,
                                                             pooled.padding, window.dilation, false, pooled.indices)
                      : at::max_pool3d_with_indices_backward(gradient, pooled.input, window.size, window.stride,
                                                             pooled.padding, window.dilation, false, pooled.indices);
  out.tensor(channels_last(window.native_padding() ? dx : cropped(dx, window)));
}

// tfjs numbers positions over [H, W, C] (and N where asked), ATen over one plane [H, W].
void max_pool_with_argmax(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto window = read_window(in);
  const bool include_batch = in.flag();
  TORCH_CHECK(window.rank() == 2, "maxPoolWithArgmax needs 2 spatial axes, got ", window.rank());
  const auto pooled = max_forward(x, window);
  const int64_t height = x.size(1), width = x.size(2), channels = x.size(3);
  const int64_t plane_width = pooled.input.size(3);
  const bool native = window.native_padding();
  const auto indices = channels_last(pooled.indices);
  const auto row = at::div(indices, plane_width, "floor") - (native ? 0 : window.before[0]);
  const auto column = at::remainder(indices, plane_width) - (native ? 0 : window.before[1]);
  auto position = (row * width + column) * channels + at::arange(channels, indices.options());
  if (include_batch)
    position = position + at::arange(x.size(0), indices.options()).view({-1, 1, 1, 1}) * (height * width * channels);
  out.tensor(channels_last(pooled.values));
  out.tensor(position);
}

at::Tensor sums(const at::Tensor& x, const Window& window) {
  return window.rank() == 2
             ? at::avg_pool2d(x, window.size, window.stride, window.none(), false, true, /*divisor_override=*/1)
             : at::avg_pool3d(x, window.size, window.stride, window.none(), false, true, /*divisor_override=*/1);
}

int64_t area(const Window& window) {
  int64_t product = 1;
  for (const int64_t size : window.size) product *= size;
  return product;
}

// How many real elements each window holds: padding is not counted.
at::Tensor counts(const at::Tensor& nchw, const Window& window) {
  std::vector<int64_t> shape(nchw.sizes().begin(), nchw.sizes().end());
  shape[0] = shape[1] = 1;
  return sums(padded(at::ones(shape, nchw.options()), window, 0), window).clamp_min_(1);
}

void check_undilated(const Window& window) {
  for (const int64_t dilation : window.dilation) TORCH_CHECK(dilation == 1, "avgPool needs dilation 1, got ", dilation);
}

void avg_pool(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto window = read_window(in);
  check_undilated(window);
  const auto type = x.scalar_type();
  const auto input = channels_first(x.to(at::kFloat));
  if (window.unpadded()) return out.tensor(channels_last(sums(input, window).div_(area(window))).to(type));
  out.tensor(channels_last(sums(padded(input, window, 0), window) / counts(input, window)).to(type));
}

void avg_pool_grad(Arguments& in, Results& out) {
  auto dy = channels_first(in.tensor());
  const auto x = channels_first(in.tensor());
  const auto window = read_window(in);
  check_undilated(window);
  const bool whole = window.unpadded();
  const auto input = whole ? x : padded(x, window, 0);
  dy = whole ? dy / area(window) : dy / counts(x, window);
  const auto dx =
      window.rank() == 2
          ? at::avg_pool2d_backward(dy, input, window.size, window.stride, window.none(), false, true, 1)
          : at::avg_pool3d_backward(dy, input, window.size, window.stride, window.none(), false, true, 1);
  out.tensor(channels_last(whole ? dx : cropped(dx, window)));
}

}  // namespace

Family pooling_operations() {
  return {
      {"maxPool", max_pool},
      {"maxPoolGrad", max_pool_grad},
      {"maxPoolWithArgmax", max_pool_with_argmax},
      {"avgPool", avg_pool},
      {"avgPoolGrad", avg_pool_grad},
  };
}

}  // namespace cassl
