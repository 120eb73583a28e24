#include <cmath>

#include "arguments.h"

// One call updates every parameter in place: no per-tensor trip through JavaScript.
namespace cassl {

namespace {

// The data that a step writes: float32, of its own storage (JavaScript has copied what was shared).
at::Tensor writable(Arguments& in) {
  const auto slotted = in.slotted();
  TORCH_CHECK(slotted.slot != nullptr, "an optimiser writes variables, not reshaped views of them");
  TORCH_CHECK(slotted.tensor.scalar_type() == at::kFloat, "an optimiser writes float32 variables, got ", slotted.tensor.scalar_type());
  if (slotted.tensor.storage().use_count() > 1) slotted.slot->tensor = slotted.tensor.clone();
  slotted.slot->packed = at::Tensor();
  return slotted.slot->tensor;
}

struct Group {
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
  std::vector<std::vector<at::Tensor>> states;
};

Group read_group(Arguments& in, int64_t count, int states) {
  Group group;
  for (int64_t i = 0; i < count; ++i) group.parameters.push_back(writable(in));
  for (int64_t i = 0; i < count; ++i) group.gradients.push_back(in.tensor());
  for (int s = 0; s < states; ++s) {
    auto& state = group.states.emplace_back();
    for (int64_t i = 0; i < count; ++i) state.push_back(writable(in));
  }
  for (int64_t i = 0; i < count; ++i) {
    const auto sizes = group.parameters[i].sizes();
    TORCH_CHECK(group.gradients[i].sizes() == sizes, "gradient ", i, " must have its parameter's shape ", sizes, ", got ",
                group.gradients[i].sizes());
    for (const auto& state : group.states)
      TORCH_CHECK(state[i].sizes() == sizes, "state ", i, " must have its parameter's shape ", sizes, ", got ", state[i].sizes());
  }
  return group;
}

void sgd(Arguments& in, Results&) {
  const double rate = in.number(), momentum = in.number();
  const auto decay = in.numbers();
  auto group = read_group(in, static_cast<int64_t>(decay.size()), 1);
  for (size_t i = 0; i < decay.size(); ++i) {
    auto& velocity = group.states[0][i];
    velocity.mul_(momentum).add_(group.gradients[i]);
    if (decay[i] != 0) velocity.add_(group.parameters[i], decay[i]);
    group.parameters[i].sub_(velocity, rate);
  }
}

void adamw(Arguments& in, Results&) {
  const double rate = in.number(), beta1 = in.number(), beta2 = in.number(), epsilon = in.number(), step = in.number();
  TORCH_CHECK(step >= 1, "AdamW step must be at least 1, got ", step);
  const auto decay = in.numbers();
  auto group = read_group(in, static_cast<int64_t>(decay.size()), 2);
  const double correction1 = 1 - std::pow(beta1, step);
  const double correction2 = std::sqrt(1 - std::pow(beta2, step));
  for (size_t i = 0; i < decay.size(); ++i) {
    auto& parameter = group.parameters[i];
    const auto& gradient = group.gradients[i];
    auto& first = group.states[0][i];
    auto& second = group.states[1][i];
    if (decay[i] != 0) parameter.mul_(1 - rate * decay[i]);
    first.mul_(beta1).add_(gradient, 1 - beta1);
    second.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
    const auto denominator = at::sqrt(second).div_(correction2).add_(epsilon);
    parameter.addcdiv_(first, denominator, -rate / correction1);
  }
}

}  // namespace

Family optimizer_operations() { return {{"sgdStep", sgd}, {"adamwStep", adamw}}; }

}  // namespace cassl
