#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "napi-call.h"

namespace cassl {

// Reads a Float64Array of settings in order, each checked.
class NumberList {
 public:
  NumberList(napi_env env, napi_value value, const char* name) : name_(name) {
    const Bytes bytes = to_bytes(env, value);
    if (bytes.length % sizeof(double) != 0) throw std::invalid_argument(std::string(name) + " must be a Float64Array");
    values_ = static_cast<const double*>(bytes.data);
    count_ = bytes.length / sizeof(double);
  }

  double number() {
    if (next_ >= count_) throw std::invalid_argument(std::string(name_) + " ends too early");
    return values_[next_++];
  }

  // A whole number in [low, high].
  int64_t whole(const char* what, int64_t low, int64_t high) {
    const double value = number();
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) || value != std::floor(value))
      throw std::invalid_argument(std::string(what) + " must be a whole number in " + std::to_string(low) + ".." + std::to_string(high) +
                                  ", got " + std::to_string(value));
    return static_cast<int64_t>(value);
  }

 private:
  const char* name_;
  const double* values_ = nullptr;
  size_t count_ = 0;
  size_t next_ = 0;
};

constexpr int64_t kMostPixelsPerSide = 1 << 20;

// Throws unless a typed array holds exactly what its shape says.
inline void must_hold(const Bytes& bytes, int64_t count, size_t size, const char* name) {
  if (bytes.length != static_cast<size_t>(count) * size)
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(static_cast<size_t>(count) * size) + " bytes, got " +
                                std::to_string(bytes.length));
}

}  // namespace cassl
