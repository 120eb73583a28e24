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

// Parameters that a step treats alike, with their gradients and states.
struct Group {
  double decay = 0;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
  std::vector<std::vector<at::Tensor>> states;
};

void check_shape(const char* name, size_t index, const at::Tensor& tensor, const at::Tensor& parameter) {
  TORCH_CHECK(tensor.sizes() == parameter.sizes(), name, " ", index, " must have its parameter's shape ", parameter.sizes(), ", got ",
              tensor.sizes());
}

// On a GPU one group for each decay, since a launch costs more than a small tensor; on the CPU one for each parameter, whose
// tensors then stay in the cache from the first operation to the last.
std::vector<Group> read_groups(Arguments& in, const std::vector<double>& decay, int states) {
  std::vector<Group> groups;
  std::vector<size_t> group_of;
  std::vector<at::Tensor> parameters;
  for (const double value : decay) {
    const auto& parameter = parameters.emplace_back(writable(in));
    size_t index = 0;
    while (index < groups.size() && !(parameter.is_cuda() && groups[index].decay == value &&
                                      groups[index].parameters[0].device() == parameter.device()))
      ++index;
    if (index == groups.size()) {
      groups.emplace_back().decay = value;
      groups.back().states.resize(states);
    }
    groups[index].parameters.push_back(parameter);
    group_of.push_back(index);
  }
  for (size_t i = 0; i < decay.size(); ++i) {
    const auto& gradient = groups[group_of[i]].gradients.emplace_back(in.tensor());
    check_shape("gradient", i, gradient, parameters[i]);
  }
  for (int s = 0; s < states; ++s) {
    for (size_t i = 0; i < decay.size(); ++i) {
      const auto& state = groups[group_of[i]].states[s].emplace_back(writable(in));
      check_shape("state", i, state, parameters[i]);
    }
  }
  return groups;
}

void sgd(Arguments& in, Results&) {
  const double rate = in.number(), momentum = in.number();
  const auto decay = in.numbers();
  for (auto& group : read_groups(in, decay, 1)) {
    auto& velocity = group.states[0];
    at::_foreach_mul_(velocity, momentum);
    at::_foreach_add_(velocity, group.gradients);
    if (group.decay != 0) at::_foreach_add_(velocity, group.parameters, group.decay);
    at::_foreach_sub_(group.parameters, velocity, rate);
  }
}

void adamw(Arguments& in, Results&) {
  const double rate = in.number(), beta1 = in.number(), beta2 = in.number(), epsilon = in.number(), step = in.number();
  TORCH_CHECK(step >= 1, "AdamW step must be at least 1, got ", step);
  const auto decay = in.numbers();
  const double correction1 = 1 - std::pow(beta1, step);
  const double correction2 = std::sqrt(1 - std::pow(beta2, step));
  for (auto& group : read_groups(in, decay, 2)) {
    auto& first = group.states[0];
    auto& second = group.states[1];
    if (group.decay != 0) at::_foreach_mul_(group.parameters, 1 - rate * group.decay);
    at::_foreach_mul_(first, beta1);
    at::_foreach_add_(first, group.gradients, 1 - beta1);
    at::_foreach_mul_(second, beta2);
    at::_foreach_addcmul_(second, group.gradients, group.gradients, 1 - beta2);
    auto denominator = at::_foreach_sqrt(second);
    at::_foreach_div_(denominator, correction2);
    at::_foreach_add_(denominator, epsilon);
    at::_foreach_addcdiv_(group.parameters, first, denominator, -rate / correction1);
  }
}

}  // namespace

Family optimizer_operations() { return {{"sgdStep", sgd}, {"adamwStep", adamw}}; }

}  // namespace cassl
