#include "arguments.h"

namespace cassl {

namespace {

struct Focal {
  at::Tensor p;        // sigmoid(x)
  at::Tensor missed;   // 1 - p_t
  at::Tensor entropy;  // -log(p_t), exact for large |x|
  at::Tensor weight;   // alpha_t, undefined where alpha is negative
};

Focal focal_terms(const at::Tensor& x, const at::Tensor& t, double alpha) {
  Focal focal;
  focal.p = at::sigmoid(x);
  focal.missed = focal.p + t - focal.p * t * 2;
  focal.entropy = at::clamp_min(x, 0) - x * t + at::log1p(at::exp(at::neg(at::abs(x))));
  if (alpha >= 0) focal.weight = t * (2 * alpha - 1) + (1 - alpha);
  return focal;
}

// RetinaNet (arXiv 1708.02002): alpha_t · (1 - p_t)^gamma · cross entropy.
void sigmoid_focal_loss(Arguments& in, Results& out) {
  const auto x = in.tensor();
  const auto t = in.tensor();
  const double alpha = in.number(), gamma = in.number();
  const auto focal = focal_terms(x, t, alpha);
  auto loss = focal.entropy * at::pow(focal.missed, gamma);
  if (focal.weight.defined()) loss = loss * focal.weight;
  out.tensor(loss);
}

// d/dx = missed^gamma·(p - t) + gamma·missed^(gamma-1)·p·(1-p)·(1-2t)·entropy
void sigmoid_focal_loss_grad(Arguments& in, Results& out) {
  const auto dy = in.tensor();
  const auto x = in.tensor();
  const auto t = in.tensor();
  const double alpha = in.number(), gamma = in.number();
  const auto focal = focal_terms(x, t, alpha);
  auto gradient = at::pow(focal.missed, gamma) * (focal.p - t);
  if (gamma != 0)
    gradient = gradient + at::pow(focal.missed, gamma - 1) * focal.p * (1 - focal.p) * (1 - t * 2) * focal.entropy * gamma;
  if (focal.weight.defined()) gradient = gradient * focal.weight;
  out.tensor(gradient * dy);
}

}  // namespace

Family loss_operations() {
  return {{"sigmoidFocalLoss", sigmoid_focal_loss}, {"sigmoidFocalLossGrad", sigmoid_focal_loss_grad}};
}

}  // namespace cassl
