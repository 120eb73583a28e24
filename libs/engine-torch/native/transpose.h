#pragma once

#include <ATen/ATen.h>

namespace cassl {

// The transpose of a matrix, as a new row-major one. ATen's copy of a transposed view walks memory element by element; a step
// of training turns every filter twice.
at::Tensor transposed(const at::Tensor& matrix);

}  // namespace cassl
