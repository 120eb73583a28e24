#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "arguments.h"
#include "device.h"
#include "transfer.h"

namespace cassl {

namespace {

// Drawn on the CPU so that a seed means the same on every device.
at::Generator seeded(double seed) {
  return at::detail::createCPUGenerator(static_cast<uint64_t>(static_cast<int64_t>(std::floor(std::isfinite(seed) ? seed * 65537.0 : 0.0))));
}

void multinomial(Arguments& in, Results& out) {
  const auto logits = in.tensor().cpu();
  const int64_t samples = in.integer();
  const double seed = in.number();
  const bool normalized = in.flag();
  const auto probabilities = normalized ? logits : at::softmax(logits, -1);
  out.tensor(at::multinomial(probabilities, samples, /*replacement=*/true, seeded(seed)).to(at::kInt).to(current_device()));
}

void uniform(Arguments& in, Results& out) {
  const auto shape = in.integers();
  const double low = in.number(), high = in.number(), seed = in.number();
  TORCH_CHECK(std::isfinite(low) && std::isfinite(high) && low <= high, "random bounds must be finite and in order, got ", low, " and ", high);
  const auto device = current_device();
  out.tensor(sent(staging(shape, at::kFloat, device).uniform_(low, high, seeded(seed)), device));
}

void normal(Arguments& in, Results& out) {
  const auto shape = in.integers();
  const double mean = in.number(), deviation = in.number(), seed = in.number();
  TORCH_CHECK(deviation >= 0, "random deviation must be at least 0, got ", deviation);
  const auto device = current_device();
  out.tensor(sent(staging(shape, at::kFloat, device).normal_(mean, deviation, seeded(seed)), device));
}

}  // namespace

Family random_operations() { return {{"multinomial", multinomial}, {"randomUniform", uniform}, {"randomNormal", normal}}; }

}  // namespace cassl
