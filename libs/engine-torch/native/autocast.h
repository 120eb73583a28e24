#pragma once

#include <ATen/ATen.h>

namespace cassl {

// Mixed precision, per JavaScript thread: convolutions, matrix products and attention compute (and leave their
// result) in bfloat16; what needs precision asks for Arguments::tensor(), which widens.
void set_autocast(bool enabled);
bool autocast_enabled();

// The operand of a convolution or product: bfloat16 under autocast, else float32.
at::Tensor operand(const at::Tensor& tensor);

}  // namespace cassl
