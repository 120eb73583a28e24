#include <cmath>
#include <numeric>

#include "arguments.h"
#include "device.h"
#include "transfer.h"

// Operations that move or make elements without computing on them.
namespace cassl {

namespace {

void transpose(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto axes = in.integers();
  const auto view = x.permute(axes);
  view.is_contiguous() ? out.copy(view) : out.tensor(view);
}

void slice(Arguments& in, Results& out) {
  auto x = in.stored();
  const auto begin = in.integers();
  const auto size = in.integers();
  TORCH_CHECK(static_cast<int64_t>(begin.size()) == x.dim() && begin.size() == size.size(),
              "slice needs one begin and size per axis (", x.dim(), "), got ", begin.size(), " and ", size.size());
  for (size_t i = 0; i < begin.size(); ++i) x = x.narrow(static_cast<int64_t>(i), begin[i], size[i]);
  out.copy(x);
}

void strided_slice(Arguments& in, Results& out) {
  auto x = in.stored();
  const auto begin = in.integers();
  const auto end = in.integers();
  const auto strides = in.integers();
  const auto shape = in.integers();
  TORCH_CHECK(static_cast<int64_t>(begin.size()) == x.dim() && begin.size() == end.size() && begin.size() == strides.size(),
              "stridedSlice needs begin, end and stride for each of the ", x.dim(), " axes");
  for (size_t i = 0; i < begin.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    const int64_t stride = strides[i];
    TORCH_CHECK(stride != 0, "stridedSlice strides must not be 0");
    const int64_t count = std::max<int64_t>(0, stride > 0 ? (end[i] - begin[i] + stride - 1) / stride
                                                         : (begin[i] - end[i] - stride - 1) / -stride);
    if (stride > 0) {
      x = x.slice(axis, begin[i], count == 0 ? begin[i] : begin[i] + (count - 1) * stride + 1, stride);
    } else {
      const auto wanted = at::arange(count, at::TensorOptions(at::kLong).device(x.device())) * stride + begin[i];
      x = at::index_select(x, axis, wanted);
    }
  }
  out.copy(x.reshape(shape));
}

void concat(Arguments& in, Results& out) {
  const auto tensors = in.stored_tensors();
  const int64_t axis = in.integer();
  TORCH_CHECK(!tensors.empty(), "concat needs at least one tensor");
  out.tensor(at::cat(tensors, axis));
}

void split(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto sizes = in.integers();
  const int64_t axis = in.integer();
  for (const auto& part : at::split_with_sizes(x, sizes, axis)) out.copy(part);
}

void pack(Arguments& in, Results& out) {
  const auto tensors = in.stored_tensors();
  const int64_t axis = in.integer();
  out.tensor(at::stack(tensors, axis));
}

void unpack(Arguments& in, Results& out) {
  const auto x = in.stored();
  const int64_t axis = in.integer();
  for (const auto& part : at::unbind(x, axis)) out.copy(part);
}

void pad(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto before = in.integers();
  const auto after = in.integers();
  const double value = in.number();
  TORCH_CHECK(static_cast<int64_t>(before.size()) == x.dim() && before.size() == after.size(),
              "pad needs one pair per axis (", x.dim(), "), got ", before.size());
  std::vector<int64_t> pads;  // last axis first
  for (size_t i = before.size(); i-- > 0;) {
    pads.push_back(before[i]);
    pads.push_back(after[i]);
  }
  if (pads.empty()) return out.copy(x);
  out.tensor(at::constant_pad_nd(x, pads, value));
}

void mirror_pad(Arguments& in, Results& out) {
  auto x = in.stored();
  const auto before = in.integers();
  const auto after = in.integers();
  const bool symmetric = in.flag();  // the edge itself is repeated
  TORCH_CHECK(static_cast<int64_t>(before.size()) == x.dim() && before.size() == after.size(),
              "mirrorPad needs one pair per axis (", x.dim(), "), got ", before.size());
  const int64_t edge = symmetric ? 0 : 1;
  for (size_t i = 0; i < before.size(); ++i) {
    const auto axis = static_cast<int64_t>(i);
    const int64_t size = x.size(axis);
    TORCH_CHECK(before[i] <= size - edge && after[i] <= size - edge && before[i] >= 0 && after[i] >= 0,
                "mirrorPad paddings of axis ", axis, " must be in 0..", size - edge, ", got ", before[i], " and ", after[i]);
    const auto sources = staging({before[i] + size + after[i]}, at::kLong, x.device());
    auto* source = sources.data_ptr<int64_t>();
    for (int64_t j = before[i]; j > 0; --j) *source++ = j - 1 + edge;
    for (int64_t j = 0; j < size; ++j) *source++ = j;
    for (int64_t j = 0; j < after[i]; ++j) *source++ = size - 1 - edge - j;
    x = at::index_select(x, axis, sent(sources, x.device()));
  }
  before.empty() ? out.copy(x) : out.tensor(x);
}

void tile(Arguments& in, Results& out) {
  const auto x = in.stored();
  out.tensor(x.repeat(in.integers()));
}

void broadcast_to(Arguments& in, Results& out) {
  const auto x = in.stored();
  out.copy(x.expand(in.integers()));
}

void reverse(Arguments& in, Results& out) {
  const auto x = in.stored();
  out.tensor(at::flip(x, in.integers()));
}

// Space to depth, batch to space and the like: a view, a permutation, another view.
void rearrange(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto viewed = in.integers();
  const auto axes = in.integers();
  const auto shape = in.integers();
  out.copy(x.view(viewed).permute(axes).contiguous().view(shape));
}

void fill(Arguments& in, Results& out) {
  const auto shape = in.integers();
  const double value = in.number();
  const auto type = in.scalar_type();
  out.tensor(at::full(shape, value, at::TensorOptions(type).device(current_device())));
}

// start + i·step, computed in double as tfjs does.
void range(Arguments& in, Results& out) {
  const double start = in.number(), step = in.number();
  const int64_t count = in.integer();
  const auto type = in.scalar_type();
  TORCH_CHECK(count >= 0, "range needs a count of 0 or more, got ", count);
  const auto options = at::TensorOptions(at::kDouble).device(current_device());
  out.tensor((at::arange(count, options) * step + start).to(type));
}

void diag(Arguments& in, Results& out) {
  const auto x = in.tensor();
  std::vector<int64_t> shape(x.sizes().begin(), x.sizes().end());
  shape.insert(shape.end(), x.sizes().begin(), x.sizes().end());
  out.tensor(at::diag(x.reshape({-1})).view(shape));
}

}  // namespace

Family shape_operations() {
  return {
      {"identity", [](Arguments& in, Results& out) { out.copy(in.stored()); }},
      {"transpose", transpose},
      {"slice", slice},
      {"stridedSlice", strided_slice},
      {"concat", concat},
      {"split", split},
      {"pack", pack},
      {"unpack", unpack},
      {"pad", pad},
      {"mirrorPad", mirror_pad},
      {"tile", tile},
      {"broadcastTo", broadcast_to},
      {"reverse", reverse},
      {"rearrange", rearrange},
      {"fill", fill},
      {"range", range},
      {"diag", diag},
  };
}

}  // namespace cassl
