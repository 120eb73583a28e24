#pragma once

#include <chrono>

// Declarations only, enough to read c10d's ProcessGroupGloo.hpp: nothing here is defined, constructed or called by us, and
// no layout depends on it.
namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
