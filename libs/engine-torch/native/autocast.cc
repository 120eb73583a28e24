#include "autocast.h"

namespace cassl {

namespace {
thread_local bool enabled_here = false;
}

void set_autocast(bool enabled) { enabled_here = enabled; }
bool autocast_enabled() { return enabled_here; }

at::Tensor operand(const at::Tensor& tensor) {
  if (!at::isFloatingType(tensor.scalar_type())) return tensor;
  return tensor.to(enabled_here ? at::kBFloat16 : at::kFloat);
}

}  // namespace cassl
