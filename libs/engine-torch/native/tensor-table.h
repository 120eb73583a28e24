#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace cassl {

// Tensors that JavaScript owns, addressed by number. A handle carries its slot and the slot's generation,
// so that a handle kept after its release is an error and never somebody else's tensor.
class TensorTable {
 public:
  struct Slot {
    at::Tensor tensor;
    at::Tensor packed;  // a filter in the layout and type that convolutions want, made on first use
    uint32_t generation = 1;
  };

  double insert(at::Tensor tensor);
  // Throws std::invalid_argument for anything but a live handle.
  Slot& at(double handle);
  void release(double handle);
  size_t size() const { return slots_.size() - 1 - free_.size(); }

 private:
  uint32_t index_of(double handle) const;

  std::vector<Slot> slots_{1};  // slot 0 is never used: handle 0 means "no tensor"
  std::vector<uint32_t> free_;
};

}  // namespace cassl
