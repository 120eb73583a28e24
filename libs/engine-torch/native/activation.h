#pragma once

#include "arguments.h"

namespace cassl {

// The epilogue of a fused convolution or product, applied in place to a result that nobody else holds.
struct Activation {
  int64_t kind = 0;  // 0 linear, 1 relu, 2 relu6, 3 elu, 4 prelu, 5 leakyrelu, 6 sigmoid
  double slope = 0;
  at::Tensor weights;
};

Activation read_activation(Arguments& in);
void activate(at::Tensor& y, const Activation& activation);

}  // namespace cassl
