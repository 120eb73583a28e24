#include "arguments.h"
#include "autocast.h"
#include "matmul.h"

namespace cassl {

namespace {

// softmax(q·kᵀ·scale + bias)·v, with the probabilities for the gradient.
void attention(Arguments& in, Results& out) {
  const auto q = operand(in.stored());  // [B, h, N, d]
  const auto k = operand(in.stored());  // [B, h, M, d]
  const auto v = operand(in.stored());
  const auto bias = in.optional_tensor();
  const double scale = in.number();
  auto scores = matrix_product(q, k, false, true).mul_(scale);
  if (bias.defined()) scores = scores + bias;
  const auto probabilities = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
  out.tensor(matrix_product(probabilities, v, false, false));
  out.tensor(probabilities);
}

// dS = P·(dP − Σ P·dP), the gradient before softmax.
void attention_grad(Arguments& in, Results& out) {
  const auto dy = operand(in.stored());
  const auto q = operand(in.stored());
  const auto k = operand(in.stored());
  const auto v = operand(in.stored());
  const auto probabilities = operand(in.stored());
  const double scale = in.number();
  const bool with_bias = in.flag();
  const auto dv = matrix_product(probabilities, dy, true, false);
  const auto dp = matrix_product(dy, v, false, true);
  const auto ds = at::_softmax_backward_data(dp, probabilities, -1, probabilities.scalar_type());
  out.tensor(matrix_product(ds, k, false, false).mul_(scale));
  out.tensor(matrix_product(ds, q, true, false).mul_(scale));
  out.tensor(dv);
  if (with_bias) out.tensor(at::sum_to(ds.to(at::kFloat), in.integers()));
}

}  // namespace

Family attention_operations() { return {{"attention", attention}, {"attentionGrad", attention_grad}}; }

}  // namespace cassl
