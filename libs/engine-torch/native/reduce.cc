#include "arguments.h"

#include <limits>

namespace cassl {

namespace {

// ATen reads an empty list of axes as "all", tfjs as "none".
bool reduces_nothing(const at::Tensor& x, const std::vector<int64_t>& axes) { return axes.empty() && x.dim() > 0; }

void sum(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto axes = in.integers();
  const bool keep = in.flag();
  const auto type = at::isFloatingType(x.scalar_type()) ? at::kFloat : at::kInt;
  if (reduces_nothing(x, axes)) return out.copy(x.to(type));
  out.tensor(at::sum(x, axes, keep, type));
}

void mean(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto axes = in.integers();
  const bool keep = in.flag();
  if (reduces_nothing(x, axes)) return out.copy(x.to(at::kFloat));
  out.tensor(at::mean(x, axes, keep, at::kFloat));
}

void prod(Arguments& in, Results& out) {
  auto x = in.tensor();
  const auto axes = in.integers();
  const bool keep = in.flag();
  const auto type = at::isFloatingType(x.scalar_type()) ? at::kFloat : at::kInt;
  x = x.to(type);
  for (const int64_t axis : axes) x = at::prod(x, axis, /*keepdim=*/true, type);
  if (!keep) {
    std::vector<bool> gone(x.dim(), false);
    for (const int64_t axis : axes) gone.at(axis < 0 ? axis + x.dim() : axis) = true;
    std::vector<int64_t> shape;
    for (int64_t i = 0; i < x.dim(); ++i)
      if (!gone[i]) shape.push_back(x.size(i));
    x = x.reshape(shape);
  }
  axes.empty() ? out.copy(x) : out.tensor(x);
}

template <bool largest>
void extreme(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto axes = in.integers();
  const bool keep = in.flag();
  if (reduces_nothing(x, axes)) return out.copy(x);
  if (x.numel() == 0) {
    const double limit = std::numeric_limits<double>::infinity() * (largest ? -1 : 1);
    const auto shape = at::sum(x, axes, keep);
    if (at::isFloatingType(x.scalar_type())) return out.tensor(at::full_like(shape, limit));
    return out.tensor(at::zeros_like(shape));
  }
  out.tensor(largest ? at::amax(x, axes, keep) : at::amin(x, axes, keep));
}

template <bool all>
void logical(Arguments& in, Results& out) {
  auto x = in.tensor().to(at::kBool);
  const auto axes = in.integers();
  const bool keep = in.flag();
  if (reduces_nothing(x, axes)) return out.copy(x);
  const auto counted = at::sum(all ? x.logical_not() : x, axes, keep, at::kLong);
  out.tensor(all ? counted.eq(0) : counted.gt(0));
}

template <bool largest>
void arg_extreme(Arguments& in, Results& out) {
  auto x = in.tensor();
  const int64_t axis = in.integer();
  if (x.scalar_type() == at::kBool) x = x.to(at::kInt);
  // tfjs passes over NaNs, ATen stops at them.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (at::isFloatingType(x.scalar_type())) x = at::nan_to_num(x, largest ? -infinity : infinity, infinity, -infinity);
  out.tensor(largest ? at::argmax(x, axis) : at::argmin(x, axis));
}

template <bool product>
void cumulative(Arguments& in, Results& out) {
  auto x = in.tensor();
  const int64_t axis = in.integer();
  const bool exclusive = in.flag();
  const bool reverse = in.flag();
  const auto type = at::isFloatingType(x.scalar_type()) ? at::kFloat : at::kInt;
  if (reverse) x = at::flip(x, {axis});
  auto result = product ? at::cumprod(x, axis, type) : at::cumsum(x, axis, type);
  if (exclusive && result.size(axis) > 0) {
    const auto first = at::full_like(result.narrow(axis, 0, 1), product ? 1 : 0);
    result = at::cat({first, result.narrow(axis, 0, result.size(axis) - 1)}, axis);
  }
  out.tensor(reverse ? at::flip(result, {axis}) : result);
}

void bincount(Arguments& in, Results& out) {
  auto x = in.tensor().to(at::kLong);  // [n] or [rows, n]
  auto weights = in.tensor();
  const int64_t size = in.integer();
  const bool binary = in.flag();
  const bool flat = x.dim() == 1;
  if (flat) x = x.unsqueeze(0);
  TORCH_CHECK(size >= 0, "bincount size must be at least 0, got ", size);
  TORCH_CHECK(x.numel() == 0 || x.min().item<int64_t>() >= 0, "Input x must be non-negative!");
  const auto type = weights.numel() > 0 ? weights.scalar_type() : at::kFloat;
  weights = weights.numel() > 0 && !binary ? weights.reshape(x.sizes()) : at::ones(x.sizes(), x.options().dtype(type));
  // Values past the end fall into one spare bin.
  auto counts = at::zeros({x.size(0), size + 1}, weights.options());
  const auto bins = x.clamp_max(size);
  if (binary) counts.scatter_(1, bins, 1); else counts.scatter_add_(1, bins, weights);
  counts = counts.narrow(1, 0, size);
  out.tensor(flat ? counts.squeeze(0) : counts);
}

}  // namespace

Family reduce_operations() {
  return {
      {"sum", sum},
      {"mean", mean},
      {"prod", prod},
      {"max", extreme<true>},
      {"min", extreme<false>},
      {"all", logical<true>},
      {"any", logical<false>},
      {"argMax", arg_extreme<true>},
      {"argMin", arg_extreme<false>},
      {"cumsum", cumulative<false>},
      {"cumprod", cumulative<true>},
      {"bincount", bincount},
      {"softmax", [](Arguments& in, Results& out) { const auto x = in.tensor(); out.tensor(at::softmax(x, in.integer())); }},
      {"logSoftmax", [](Arguments& in, Results& out) { const auto x = in.tensor(); out.tensor(at::log_softmax(x, in.integer())); }},
  };
}

}  // namespace cassl
