#pragma once

#include <cstdint>
#include <vector>

namespace cassl {

// How a filter moves over a map; one entry per spatial axis.
struct Geometry {
  std::vector<int64_t> stride;
  std::vector<int64_t> before;  // padding at the start of each spatial axis
  std::vector<int64_t> after;
  std::vector<int64_t> dilation;
  int64_t groups = 1;

  size_t rank() const { return stride.size(); }
  bool symmetric() const { return before == after; }
};

}  // namespace cassl
