#include "activation.h"
#include "autocast.h"
#include "convolution-as-product.h"
#include "transpose.h"
#include "signals.h"

// tfjs tensors are NHWC: seen through permute they are ATen's NCHW in channels_last memory, so nothing is copied.
namespace cassl {

namespace {

Geometry read_geometry(Arguments& in) {
  Geometry geometry;
  geometry.stride = in.integers();
  geometry.before = in.integers();
  geometry.after = in.integers();
  geometry.dilation = in.integers();
  geometry.groups = in.integer();
  const auto rank = geometry.rank();
  TORCH_CHECK(rank == 2 || rank == 3, "convolution needs 2 or 3 spatial axes, got ", rank);
  TORCH_CHECK(geometry.before.size() == rank && geometry.after.size() == rank && geometry.dilation.size() == rank,
              "stride, padding and dilation of a convolution must have the same length");
  return geometry;
}

at::Tensor channels_first(const at::Tensor& x) { return x.dim() == 5 ? x.permute({0, 4, 1, 2, 3}) : x.permute({0, 3, 1, 2}); }
at::Tensor channels_last(const at::Tensor& x) { return x.dim() == 5 ? x.permute({0, 2, 3, 4, 1}) : x.permute({0, 2, 3, 1}); }

at::MemoryFormat dense_format(int64_t rank) {
  return rank == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

// [*k, I, O] → [O, I, *k] in channels_last memory, which is the matrix [k·I, O] transposed; depthwise: [*k, C, M] → [C·M, 1, *k].
at::Tensor filter_to_aten(const at::Tensor& filter, bool depthwise) {
  if (depthwise) {
    const int64_t channels = filter.size(2) * filter.size(3);
    return filter.permute({2, 3, 0, 1}).reshape({channels, 1, filter.size(0), filter.size(1)});
  }
  std::vector<int64_t> sizes{filter.size(-1)};
  for (int64_t axis = 0; axis < filter.dim() - 1; ++axis) sizes.push_back(filter.size(axis));
  return channels_first(transposed(filter.reshape({-1, filter.size(-1)})).view(sizes));
}

at::Tensor filter_from_aten(const at::Tensor& filter, const std::vector<int64_t>& shape, bool depthwise) {
  if (depthwise) return filter.reshape({shape[2], shape[3], shape[0], shape[1]}).permute({2, 3, 0, 1});
  return transposed(channels_last(filter).reshape({filter.size(0), -1})).view(shape);
}

std::vector<int64_t> filter_sizes(const std::vector<int64_t>& shape, bool depthwise) {
  if (depthwise) return {shape[2] * shape[3], 1, shape[0], shape[1]};
  if (shape.size() == 5) return {shape[4], shape[3], shape[0], shape[1], shape[2]};
  return {shape[3], shape[2], shape[0], shape[1]};
}

// The packed filter is kept with the tensor: weights are read many times between two optimiser steps.
at::Tensor packed_filter(const Arguments::Slotted& filter, bool depthwise) {
  const auto type = autocast_enabled() ? at::kBFloat16 : at::kFloat;
  if (filter.slot != nullptr && filter.slot->packed.defined() && filter.slot->packed.scalar_type() == type)
    return filter.slot->packed;
  const auto packed =
      filter_to_aten(filter.tensor, depthwise).to(type).contiguous(dense_format(filter.tensor.dim()));
  if (filter.slot != nullptr) filter.slot->packed = packed;
  return packed;
}

// ATen pads both sides alike; 'same' with a stride may need one more on the far side.
at::Tensor padded(const at::Tensor& x, const Geometry& geometry) {
  if (geometry.symmetric()) return x;
  std::vector<int64_t> pads;  // last axis first
  for (size_t i = geometry.rank(); i-- > 0;) {
    pads.push_back(geometry.before[i]);
    pads.push_back(geometry.after[i]);
  }
  return at::constant_pad_nd(x, pads).contiguous(dense_format(x.dim()));
}

std::vector<int64_t> aten_padding(const Geometry& geometry) {
  return geometry.symmetric() ? geometry.before : std::vector<int64_t>(geometry.rank(), 0);
}

at::Tensor cropped(at::Tensor x, const Geometry& geometry) {
  if (geometry.symmetric()) return x;
  for (size_t i = 0; i < geometry.rank(); ++i) {
    const int64_t axis = static_cast<int64_t>(i) + 2;
    x = x.narrow(axis, geometry.before[i], x.size(axis) - geometry.before[i] - geometry.after[i]);
  }
  return x;
}

// oneDNN has no primitive for some geometries (a pad wider than the dilated filter); ATen's own loops have them all.
template <typename Compute>
auto with_plain_loops_as_fallback(Compute compute) -> decltype(compute()) {
  const SignalsHeld held;
  try {
    return compute();
  } catch (const std::exception& error) {
    if (std::string(error.what()).find("could not create a") == std::string::npos) throw;
  }
  struct WithoutOnednn {
    WithoutOnednn() { at::globalContext().setUserEnabledMkldnn(false); }
    ~WithoutOnednn() { at::globalContext().setUserEnabledMkldnn(true); }
  } const without;
  return compute();
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry) {
  const auto input = padded(channels_first(x), geometry);
  return with_plain_loops_as_fallback([&] {
    return at::convolution(input, weight, bias, geometry.stride, aten_padding(geometry), geometry.dilation, false,
                           std::vector<int64_t>(geometry.rank(), 0), geometry.groups);
  });
}

void check_rank(const at::Tensor& x, const Geometry& geometry, const char* name) {
  TORCH_CHECK(x.dim() == static_cast<int64_t>(geometry.rank()) + 2, name, " must have rank ", geometry.rank() + 2,
              ", got ", x.dim());
}

void forward(Arguments& in, Results& out) {
  const auto x = operand(in.stored());
  const auto filter = in.slotted();
  const auto bias = in.optional_tensor();
  const auto geometry = read_geometry(in);
  const bool depthwise = in.flag();
  const auto activation = read_activation(in);
  check_rank(x, geometry, "x");
  check_rank(filter.tensor, geometry, "filter");
  if (!depthwise && is_product_faster(x, filter.tensor.sizes(), geometry, x.sizes())) {
    auto y = product_forward(x, filter.tensor, geometry);
    if (bias.defined()) y.add_(bias);
    activate(y, activation);
    return out.tensor(y);
  }
  const auto weight = packed_filter(filter, depthwise);
  // tfjs allows any bias that broadcasts; ATen's is one number per output channel.
  const bool native_bias = bias.defined() && bias.dim() == 1 && bias.size(0) == weight.size(0);
  auto y = convolve(x, weight, native_bias ? bias.to(weight.scalar_type()) : at::Tensor(), geometry);
  if (bias.defined() && !native_bias) y = channels_first(channels_last(y) + bias);
  if (activation.kind == 4) {
    auto last = channels_last(y);
    activate(last, activation);
    return out.tensor(last);
  }
  activate(y, activation);
  out.tensor(channels_last(y));
}

void backprop_input(Arguments& in, Results& out) {
  const auto dy = operand(in.stored());
  const auto filter = in.slotted();
  const auto geometry = read_geometry(in);
  const bool depthwise = in.flag();
  const auto shape = in.integers();
  check_rank(dy, geometry, "dy");
  check_rank(filter.tensor, geometry, "filter");
  TORCH_CHECK(shape.size() == geometry.rank() + 2, "inputShape must have rank ", geometry.rank() + 2, ", got ", shape.size());
  if (!depthwise && is_product_faster(dy, filter.tensor.sizes(), geometry, shape))
    return out.tensor(product_input_gradient(dy, filter.tensor, geometry, shape));
  std::vector<int64_t> sizes{shape[0], shape.back()};
  for (size_t i = 0; i < geometry.rank(); ++i)
    sizes.push_back(shape[i + 1] + (geometry.symmetric() ? 0 : geometry.before[i] + geometry.after[i]));
  const auto x = at::empty(sizes, dy.options(), dense_format(dy.dim()));  // only its shape is read
  const auto weight = packed_filter(filter, depthwise);
  const auto gradients = with_plain_loops_as_fallback([&] {
    return at::convolution_backward(channels_first(dy), x, weight, at::IntArrayRef{}, geometry.stride,
                                    aten_padding(geometry), geometry.dilation, false,
                                    std::vector<int64_t>(geometry.rank(), 0), geometry.groups, {true, false, false});
  });
  out.tensor(channels_last(cropped(std::get<0>(gradients), geometry)));
}

void backprop_filter(Arguments& in, Results& out) {
  const auto x = operand(in.stored());
  const auto dy = operand(in.stored());
  const auto geometry = read_geometry(in);
  const bool depthwise = in.flag();
  const auto shape = in.integers();
  const bool with_bias = in.flag();
  check_rank(x, geometry, "x");
  check_rank(dy, geometry, "dy");
  TORCH_CHECK(shape.size() == geometry.rank() + 2, "filterShape must have rank ", geometry.rank() + 2, ", got ", shape.size());
  if (!depthwise && (is_product_faster(x, shape, geometry, x.sizes()) || is_gradient_unsafe(x, shape, geometry))) {
    out.tensor(product_filter_gradient(x, dy, geometry, shape));
    if (with_bias) out.tensor(at::sum(dy, {0, 1, 2}));
    return;
  }
  const auto sizes = filter_sizes(shape, depthwise);
  const auto weight = at::empty(sizes, x.options(), dense_format(x.dim()));  // only its shape is read
  const std::vector<int64_t> bias_sizes{sizes[0]};
  const auto input = padded(channels_first(x), geometry);
  const auto gradients = with_plain_loops_as_fallback([&] {
    return at::convolution_backward(channels_first(dy), input, weight, at::IntArrayRef(bias_sizes), geometry.stride,
                                    aten_padding(geometry), geometry.dilation, false,
                                    std::vector<int64_t>(geometry.rank(), 0), geometry.groups, {false, true, with_bias});
  });
  // Gradients of weights are float32 even under autocast: the optimiser adds them to float32 masters.
  out.tensor(filter_from_aten(std::get<1>(gradients), shape, depthwise).to(at::kFloat));
  if (with_bias) out.tensor(std::get<2>(gradients).to(at::kFloat));
}

}  // namespace

Family convolution_operations() {
  return {
      {"convolution", forward},
      {"convolutionBackpropInput", backprop_input},
      {"convolutionBackpropFilter", backprop_filter},
  };
}

}  // namespace cassl
