#include "matmul.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "activation.h"
#include "autocast.h"
#include "signals.h"

namespace cassl {

namespace {

// Debian's libtorch multiplies float32 matrices with whatever libblas is installed, by default the unoptimised
// reference one (2 GFLOP/s). Its oneDNN has a tuned sgemm (row-major, C API), used where that library is loaded.
using Sgemm = int (*)(char, char, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*, int64_t, float,
                      float*, int64_t);

Sgemm onednn_sgemm() {
  static const Sgemm found = [] {
    void* library = dlopen("libdnnl.so.2", RTLD_LAZY | RTLD_NOLOAD);
    return library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "dnnl_sgemm"));
  }();
  return found;
}

constexpr int64_t kWorthCalling = 16 * 16 * 16;

std::vector<int64_t> leading(const at::Tensor& tensor) {
  return {tensor.sizes().begin(), tensor.sizes().end() - 2};
}

at::Tensor sgemm_product(Sgemm sgemm, const at::Tensor& a, const at::Tensor& b, bool transpose_a, bool transpose_b) {
  const int64_t m = a.size(transpose_a ? -1 : -2);
  const int64_t k = a.size(transpose_a ? -2 : -1);
  const int64_t n = b.size(transpose_b ? -2 : -1);
  auto shape = at::infer_size(leading(a), leading(b));
  const auto expanded = [&shape](const at::Tensor& x) {
    std::vector<int64_t> full(shape.begin(), shape.end());
    full.insert(full.end(), {x.size(-2), x.size(-1)});
    return x.expand(full).contiguous();
  };
  const auto left = expanded(a);
  const auto right = expanded(b);
  std::vector<int64_t> result_shape(shape.begin(), shape.end());
  result_shape.insert(result_shape.end(), {m, n});
  auto result = at::empty(result_shape, a.options());
  const int64_t batch = result.numel() / (m * n);
  const float* left_data = left.data_ptr<float>();
  const float* right_data = right.data_ptr<float>();
  float* result_data = result.data_ptr<float>();
  const auto multiply = [=](int64_t i) {
    sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, left_data + i * m * k, transpose_a ? m : k,
          right_data + i * k * n, transpose_b ? k : n, 0.0f, result_data + i * m * n, n);
  };
  if (batch == 1) {
    multiply(0);
  } else {
    at::parallel_for(0, batch, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) multiply(i);
    });
  }
  return result;
}

}  // namespace

bool has_onednn_sgemm() { return onednn_sgemm() != nullptr; }

at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b, bool transpose_a, bool transpose_b) {
  TORCH_CHECK(a.dim() >= 2 && b.dim() >= 2, "matMul needs tensors of rank 2 or more, got ", a.dim(), " and ", b.dim());
  const int64_t inner = a.size(transpose_a ? -2 : -1);
  TORCH_CHECK(inner == b.size(transpose_b ? -1 : -2), "matMul inner sizes must agree, got ", inner, " and ",
              b.size(transpose_b ? -1 : -2));
  const auto aten_product = [&] { return at::matmul(transpose_a ? a.transpose(-2, -1) : a, transpose_b ? b.transpose(-2, -1) : b); };
  // ATen multiplies so little itself, in less time than holding signals takes.
  if (a.numel() * b.size(transpose_b ? -2 : -1) < kWorthCalling) return aten_product();
  const SignalsHeld held;
  const bool plain = a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat && a.is_cpu() && b.is_cpu();
  if (plain && onednn_sgemm() != nullptr && b.numel() > 0) return sgemm_product(onednn_sgemm(), a, b, transpose_a, transpose_b);
  return aten_product();
}

namespace {

at::Tensor countable(const at::Tensor& tensor) { return tensor.scalar_type() == at::kBool ? tensor.to(at::kInt) : tensor; }

void batch_product(Arguments& in, Results& out) {
  const auto a = operand(countable(in.stored()));
  const auto b = operand(countable(in.stored()));
  const bool transpose_a = in.flag();
  const bool transpose_b = in.flag();
  out.tensor(matrix_product(a, b, transpose_a, transpose_b));
}

void fused_product(Arguments& in, Results& out) {
  const auto a = operand(in.stored());
  const auto b = operand(in.stored());
  const bool transpose_a = in.flag();
  const bool transpose_b = in.flag();
  const auto bias = in.optional_tensor();
  const auto activation = read_activation(in);
  auto y = matrix_product(a, b, transpose_a, transpose_b);
  if (bias.defined()) y.add_(bias);
  activate(y, activation);
  out.tensor(y);
}

void einsum(Arguments& in, Results& out) {
  const auto equation = in.text();
  auto operands = in.tensors();
  const SignalsHeld held;
  out.tensor(at::einsum(equation, operands));
}

}  // namespace

Family matmul_operations() {
  return {{"matMul", batch_product}, {"fusedMatMul", fused_product}, {"einsum", einsum}};
}

}  // namespace cassl
