#include "tensor-table.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace cassl {

namespace {
constexpr double kSlotBits = 16777216.0;        // 2^24 live tensors
constexpr uint32_t kGenerations = 1u << 28;     // so that a handle stays an exact double
}  // namespace

double TensorTable::insert(at::Tensor tensor) {
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    if (index >= static_cast<uint32_t>(kSlotBits)) throw std::runtime_error("more than 2^24 live tensors");
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  return slot.generation * kSlotBits + index;
}

uint32_t TensorTable::index_of(double handle) const {
  // The negated comparison also catches NaN.
  if (!(handle >= kSlotBits && handle < kSlotBits * kGenerations) || handle != std::floor(handle))
    throw std::invalid_argument("tensor handle must be a live handle, got " + std::to_string(handle));
  const auto generation = static_cast<uint32_t>(handle / kSlotBits);
  const auto index = static_cast<uint32_t>(handle - generation * kSlotBits);
  if (index == 0 || index >= slots_.size() || slots_[index].generation != generation ||
      !slots_[index].tensor.defined())
    throw std::invalid_argument("tensor is disposed or was never created");
  return index;
}

TensorTable::Slot& TensorTable::at(double handle) { return slots_[index_of(handle)]; }

void TensorTable::release(double handle) {
  const uint32_t index = index_of(handle);
  Slot& slot = slots_[index];
  slot.tensor = at::Tensor();
  slot.packed = at::Tensor();
  slot.generation = slot.generation + 1 < kGenerations ? slot.generation + 1 : 1;
  free_.push_back(index);
}

}  // namespace cassl
