#pragma once

#include <ATen/ATen.h>

namespace cassl {

// a·b over the last two axes, the others broadcast; either operand transposed first where asked.
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b, bool transpose_a, bool transpose_b);

// Whether float32 products go through oneDNN's sgemm because libtorch's own BLAS may be the slow reference one.
bool has_onednn_sgemm();

}  // namespace cassl
