#include <numeric>

#include "arguments.h"
#include "device.h"

namespace cassl {

namespace {

at::Tensor as_index(const at::Tensor& tensor) { return tensor.to(at::kLong); }

void check_range(const at::Tensor& indices, int64_t size, const char* name) {
  if (indices.numel() == 0 || indices.is_cuda()) return;  // on CUDA the kernel itself asserts; a check would wait for it
  const auto [low, high] = at::aminmax(indices);
  const int64_t least = low.item<int64_t>(), most = high.item<int64_t>();
  TORCH_CHECK_INDEX(least >= 0 && most < size, name, ": the index value ", least < 0 ? least : most, " is not in [0, ", size - 1, "]");
}

// x[..., indices, ...] along `axis`; the first `batch` axes of both go together.
void gather(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto indices = as_index(in.tensor());
  const int64_t axis = in.integer();
  const int64_t batch = in.integer();
  TORCH_CHECK(axis >= 0 && axis < x.dim() && batch >= 0 && batch <= axis && batch <= indices.dim(), "gather axis must be in ",
              batch, "..", x.dim() - 1, ", got ", axis);
  check_range(indices, x.size(axis), "GatherV2");
  std::vector<int64_t> shape(x.sizes().begin(), x.sizes().begin() + axis);
  shape.insert(shape.end(), indices.sizes().begin() + batch, indices.sizes().end());
  shape.insert(shape.end(), x.sizes().begin() + axis + 1, x.sizes().end());
  if (batch == 0) return out.tensor(at::index_select(x, axis, indices.reshape({-1})).reshape(shape));
  const auto product = [](at::IntArrayRef sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<int64_t>());
  };
  const int64_t batches = product(x.sizes().slice(0, batch));
  const int64_t outer = product(x.sizes().slice(batch, axis - batch));
  const int64_t inner = product(x.sizes().slice(axis + 1));
  const int64_t count = product(indices.sizes().slice(batch));
  TORCH_CHECK(product(indices.sizes().slice(0, batch)) == batches, "gather's batch axes must agree");
  const auto wanted = indices.reshape({batches, 1, count, 1}).expand({batches, outer, count, inner});
  out.tensor(at::gather(x.reshape({batches, outer, x.size(axis), inner}), 2, wanted).reshape(shape));
}

struct Flat {
  at::Tensor rows;             // [n] which slice of the first `depth` axes, taken together
  int64_t count = 1;           // how many such slices there are
  std::vector<int64_t> slice;  // the remaining axes
};

// indices [..., depth] into a tensor of `shape` → one number each.
Flat flatten(const at::Tensor& indices, at::IntArrayRef shape, int64_t depth) {
  TORCH_CHECK(depth <= static_cast<int64_t>(shape.size()), "index depth must be at most ", shape.size(), ", got ", depth);
  Flat flat;
  const auto pairs = indices.reshape({-1, depth});
  flat.rows = at::zeros({pairs.size(0)}, pairs.options());
  for (int64_t i = 0; i < depth; ++i) {
    const auto column = pairs.select(1, i);
    check_range(column, shape[i], "indices");
    flat.rows = flat.rows * shape[i] + column;
    flat.count *= shape[i];
  }
  flat.slice.assign(shape.begin() + depth, shape.end());
  return flat;
}

int64_t slice_elements(const Flat& flat) {
  return std::accumulate(flat.slice.begin(), flat.slice.end(), int64_t{1}, std::multiplies<int64_t>());
}

// A vector of indices scatters along the first axis.
int64_t scatter_depth(const at::Tensor& indices) { return indices.dim() > 1 ? indices.size(-1) : 1; }

void gather_nd(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto indices = as_index(in.tensor());
  TORCH_CHECK(indices.dim() >= 1, "gatherND indices must have rank 1 or more");
  const auto flat = flatten(indices, x.sizes(), indices.size(-1));
  std::vector<int64_t> shape(indices.sizes().begin(), indices.sizes().end() - 1);
  shape.insert(shape.end(), flat.slice.begin(), flat.slice.end());
  out.tensor(at::index_select(x.reshape({flat.count, slice_elements(flat)}), 0, flat.rows).reshape(shape));
}

void scatter_nd(Arguments& in, Results& out) {
  const auto indices = as_index(in.tensor());
  const auto updates = in.tensor();
  const auto shape = in.integers();
  const auto flat = flatten(indices, shape, scatter_depth(indices));
  auto result = at::zeros({flat.count, slice_elements(flat)}, updates.options());
  auto rows = updates.reshape({-1, slice_elements(flat)});
  if (rows.size(0) == 1 && flat.rows.size(0) != 1) rows = rows.expand({flat.rows.size(0), rows.size(1)});
  if (updates.scalar_type() == at::kBool) result.index_copy_(0, flat.rows, rows); else result.index_add_(0, flat.rows, rows);
  out.tensor(result.view(shape));
}

// A copy of `x` in which the rows at `indices` are replaced.
void scatter_update(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto indices = as_index(in.tensor());
  const auto updates = in.tensor();
  const auto flat = flatten(indices, x.sizes(), scatter_depth(indices));
  auto result = x.reshape({flat.count, slice_elements(flat)}).clone();
  auto rows = updates.reshape({-1, slice_elements(flat)});
  if (rows.size(0) == 1 && flat.rows.size(0) != 1) rows = rows.expand({flat.rows.size(0), rows.size(1)}).contiguous();
  result.index_copy_(0, flat.rows, rows.to(x.scalar_type()));
  out.tensor(result.view(x.sizes()));
}

// Ids outside 0..count-1 fall into a spare row that is dropped.
void unsorted_segment_sum(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto ids = as_index(in.tensor());
  const int64_t count = in.integer();
  TORCH_CHECK(count >= 0, "numSegments must be at least 0, got ", count);
  TORCH_CHECK(ids.dim() >= 1 && ids.dim() <= x.dim() && ids.sizes() == x.sizes().slice(0, ids.dim()),
              "segmentIds must have the leading shape of x ", x.sizes(), ", got ", ids.sizes());
  const auto rest = x.sizes().slice(ids.dim());
  const int64_t inner = std::accumulate(rest.begin(), rest.end(), int64_t{1}, std::multiplies<int64_t>());
  const auto flat = ids.reshape({-1});
  const auto kept = at::where(flat.lt(0).logical_or(flat.ge(count)), at::full({}, count, flat.options()), flat);
  const auto summable = x.scalar_type() == at::kBool ? x.to(at::kInt) : x;
  auto result = at::zeros({count + 1, inner}, summable.options());
  result.index_add_(0, kept, summable.reshape({flat.size(0), inner}));
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), rest.begin(), rest.end());
  out.tensor(result.narrow(0, 0, count).reshape(shape));
}

void one_hot(Arguments& in, Results& out) {
  const auto indices = in.tensor();
  const int64_t depth = in.integer();
  const double on = in.number(), off = in.number();
  const auto type = in.scalar_type();
  const auto options = indices.options().dtype(type);
  const auto hit = indices.unsqueeze(-1).eq(at::arange(depth, indices.options()));
  out.tensor(at::where(hit, at::full({}, on, options), at::full({}, off, options)));
}

// Equal values keep their order, as on every other engine.
void top_k(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const int64_t k = in.integer();
  TORCH_CHECK(x.dim() >= 1 && k >= 0 && k <= x.size(-1), "topk k must be in 0..", x.dim() ? x.size(-1) : 0, ", got ", k);
  const auto [values, indices] = at::sort(x, /*stable=*/true, -1, /*descending=*/true);
  out.copy(values.narrow(-1, 0, k));
  out.tensor(indices.narrow(-1, 0, k).to(at::kInt));
}

void search_sorted(Arguments& in, Results& out) {
  const auto sequence = in.tensor();  // [B, n]
  const auto values = in.tensor();    // [B, m]
  const bool right = in.flag();
  out.tensor(at::searchsorted(sequence, values, /*out_int32=*/true, right));
}

void band_part(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const int64_t lower = in.integer(), upper = in.integer();
  TORCH_CHECK(x.dim() >= 2, "bandPart needs rank 2 or more, got ", x.dim());
  const auto options = at::TensorOptions(at::kLong).device(x.device());
  const auto distance = at::arange(x.size(-2), options).unsqueeze(1) - at::arange(x.size(-1), options);
  auto inside = at::ones({x.size(-2), x.size(-1)}, options.dtype(at::kBool));
  if (lower >= 0) inside = inside.logical_and(distance.le(lower));
  if (upper >= 0) inside = inside.logical_and(distance.ge(-upper));
  out.tensor(at::where(inside, x, at::zeros({}, x.options())));
}

}  // namespace

Family indexing_operations() {
  return {
      {"gather", gather},
      {"gatherNd", gather_nd},
      {"scatterNd", scatter_nd},
      {"scatterUpdate", scatter_update},
      {"unsortedSegmentSum", unsorted_segment_sum},
      {"oneHot", one_hot},
      {"topK", top_k},
      {"searchSorted", search_sorted},
      {"bandPart", band_part},
  };
}

}  // namespace cassl
