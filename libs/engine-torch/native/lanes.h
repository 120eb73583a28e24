#pragma once

#include <cstdint>
#include <cstring>

// Four floats at once in the compiler's own portable form: SSE2 or NEON, whatever this machine has for certain.
namespace cassl {

typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Truths __attribute__((vector_size(16)));
constexpr int64_t kLanes = 4;

inline Floats load_floats(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

inline Floats all_lanes(float value) { return Floats{value, value, value, value}; }

}  // namespace cassl
