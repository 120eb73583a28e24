#include "activation.h"

#include <stdexcept>

namespace cassl {

Activation read_activation(Arguments& in) {
  Activation activation;
  activation.kind = in.integer();
  activation.slope = in.number();
  activation.weights = in.optional_tensor();
  return activation;
}

void activate(at::Tensor& y, const Activation& activation) {
  switch (activation.kind) {
    case 0: return;
    case 1: at::relu_(y); return;
    case 2: at::clamp_(y, 0, 6); return;
    case 3: at::elu_(y); return;
    case 4:
      if (!activation.weights.defined()) throw std::invalid_argument("prelu needs its weights");
      y = at::where(y.ge(0), y, y * activation.weights);
      return;
    case 5: at::leaky_relu_(y, activation.slope); return;
    case 6: at::sigmoid_(y); return;
    default: throw std::invalid_argument("unknown activation");
  }
}

}  // namespace cassl
