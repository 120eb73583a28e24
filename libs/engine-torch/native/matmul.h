#pragma once

#include <ATen/ATen.h>

namespace cassl {

// a·b over the last two axes, the others broadcast; either operand transposed first where asked.
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b, bool transpose_a, bool transpose_b);

}  // namespace cassl
