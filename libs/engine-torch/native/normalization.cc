#include "arguments.h"

namespace cassl {

namespace {

// y = x·factor + shift with factor = scale / sqrt(variance + epsilon): one pass over x.
void batch_norm(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto mean = in.tensor();
  const auto variance = in.tensor();
  const auto offset = in.optional_tensor();
  const auto scale = in.optional_tensor();
  auto factor = at::rsqrt(variance + in.number());
  if (scale.defined()) factor = factor * scale;
  auto shift = at::neg(mean * factor);
  if (offset.defined()) shift = shift + offset;
  out.tensor(at::addcmul(shift, x, factor));
}

void group_norm(Arguments& in, Results& out) {
  const auto x = in.tensor().permute({0, 3, 1, 2});  // [N, C, H, W]
  const auto gamma = in.tensor();
  const auto beta = in.tensor();
  const int64_t groups = in.integer();
  const double epsilon = in.number();
  TORCH_CHECK(groups > 0 && x.size(1) % groups == 0, "groupNorm groups must divide the ", x.size(1), " channels, got ", groups);
  const auto [y, mean, rstd] =
      at::native_group_norm(x, gamma, beta, x.size(0), x.size(1), x.size(2) * x.size(3), groups, epsilon);
  out.tensor(y.permute({0, 2, 3, 1}));
  out.tensor(mean);
  out.tensor(rstd);
}

// dx = rstd·(γ·dy − mean(γ·dy) − x̂·mean(γ·dy·x̂)) over each group. Written out on NHWC because ATen 1.13's backward
// first copies to NCHW: per image and channel the two sums, then one pass over x.
void group_norm_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();  // [N, H, W, C]
  const auto x = in.tensor();
  const auto gamma = in.tensor();
  const auto mean = in.tensor();  // [N, G]
  const auto rstd = in.tensor();
  const int64_t groups = in.integer();
  const int64_t batch = x.size(0), channels = x.size(3), area = x.size(1) * x.size(2);
  TORCH_CHECK(groups > 0 && channels % groups == 0, "groupNorm groups must divide the ", channels, " channels, got ", groups);
  const int64_t width = channels / groups;
  const auto dy_sum = at::sum(dy, {1, 2});        // [N, C]
  const auto product_sum = at::sum(dy * x, {1, 2});
  const auto per_channel = [&](const at::Tensor& t) {  // [N, G] → [N, C]
    return t.unsqueeze(2).expand({batch, groups, width}).reshape({batch, channels});
  };
  const auto per_group = [&](const at::Tensor& t) { return t.view({batch, groups, width}).sum(2); };
  const auto mean_c = per_channel(mean);
  const auto rstd_c = per_channel(rstd);
  const auto normalized_sum = (product_sum - mean_c * dy_sum) * rstd_c;  // Σ dy·x̂
  const double count = static_cast<double>(area * width);
  const auto a = per_channel(per_group(gamma * dy_sum) / count);
  const auto b = per_channel(per_group(gamma * normalized_sum) / count);
  // dx = dy·(rstd·γ) − x·(rstd²·b) + (rstd²·b·mean − rstd·a)
  const auto scale = (rstd_c * gamma).view({batch, 1, 1, channels});
  const auto slope = (rstd_c * rstd_c * b).view({batch, 1, 1, channels});
  const auto shift = (rstd_c * rstd_c * b * mean_c - rstd_c * a).view({batch, 1, 1, channels});
  out.tensor(at::addcmul(shift, dy, scale).addcmul_(x, slope, -1));
  out.tensor(normalized_sum.sum(0));
  out.tensor(dy_sum.sum(0));
}

void layer_norm(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto gamma = in.tensor();
  const auto beta = in.tensor();
  const double epsilon = in.number();
  TORCH_CHECK(x.dim() >= 1, "layerNorm needs a tensor of rank 1 or more");
  const auto [y, mean, rstd] = at::native_layer_norm(x, {x.size(-1)}, gamma, beta, epsilon);
  out.tensor(y);
  out.tensor(mean);
  out.tensor(rstd);
}

void layer_norm_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();
  const auto x = in.tensor();
  const auto gamma = in.tensor();
  const auto mean = in.tensor();
  const auto rstd = in.tensor();
  TORCH_CHECK(x.dim() >= 1, "layerNorm needs a tensor of rank 1 or more");
  const auto [dx, dgamma, dbeta] =
      at::native_layer_norm_backward(dy, x, {x.size(-1)}, mean, rstd, gamma, gamma, {true, true, true});
  out.tensor(dx);
  out.tensor(dgamma);
  out.tensor(dbeta);
}

// Local response normalisation over channels: y = x · (bias + alpha Σ x²)^-beta.
at::Tensor local_energy(const at::Tensor& x, int64_t radius) {
  return at::constant_pad_nd(at::square(x), {radius, radius}).unfold(-1, 2 * radius + 1, 1).sum(-1);
}

void local_response(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const int64_t radius = in.integer();
  const double bias = in.number(), alpha = in.number(), beta = in.number();
  out.tensor(x * at::pow(local_energy(x, radius) * alpha + bias, -beta));
}

// y_j = x_j·s_j^-beta, so dx_i = dy_i·s_i^-beta − 2·alpha·beta·x_i·Σ_j dy_j·y_j / s_j over the same neighbourhood.
void local_response_grad(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto y = in.tensor();
  const auto dy = in.tensor();
  const int64_t radius = in.integer();
  const double bias = in.number(), alpha = in.number(), beta = in.number();
  const auto s = local_energy(x, radius) * alpha + bias;
  const auto shared = at::constant_pad_nd(dy * y / s, {radius, radius}).unfold(-1, 2 * radius + 1, 1).sum(-1);
  out.tensor(dy * at::pow(s, -beta) - x * shared * (2 * alpha * beta));
}

}  // namespace

Family normalization_operations() {
  return {
      {"batchNorm", batch_norm},
      {"groupNorm", group_norm},
      {"groupNormGrad", group_norm_grad},
      {"layerNorm", layer_norm},
      {"layerNormGrad", layer_norm_grad},
      {"localResponse", local_response},
      {"localResponseGrad", local_response_grad},
  };
}

}  // namespace cassl
