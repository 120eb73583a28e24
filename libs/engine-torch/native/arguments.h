#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tensor-table.h"

namespace cassl {

// Reads one call's arguments, in order, from the array shared with JavaScript. Every read is checked.
class Arguments {
 public:
  Arguments(const double* begin, const double* end, TensorTable& table)
      : cursor_(begin), end_(end), table_(table) {}

  // A tensor in full precision: what autocast keeps in bfloat16 is widened.
  at::Tensor tensor();
  // A tensor as it is stored, for operations that are as good in bfloat16.
  at::Tensor stored();
  // An undefined tensor where JavaScript passed none.
  at::Tensor optional_tensor();
  // As stored, with its slot where an operation may cache a packed copy or write in place (null for a reshaped view).
  struct Slotted {
    at::Tensor tensor;
    TensorTable::Slot* slot;
  };
  Slotted slotted();
  std::vector<at::Tensor> tensors();
  std::vector<at::Tensor> stored_tensors();

  double number();
  int64_t integer();
  bool flag();
  std::vector<int64_t> integers();
  std::vector<double> numbers();
  at::ScalarType scalar_type();
  // A string as its length and character codes.
  std::string text();

 private:
  double next();
  const double* cursor_;
  const double* end_;
  TensorTable& table_;
};

// Writes one call's results, in order: a tensor as handle, type, rank and sizes.
class Results {
 public:
  Results(double* begin, double* end, TensorTable& table) : cursor_(begin), end_(end), table_(table) {}

  // Stored row-major, in one of JavaScript's types (int64 becomes int32, double becomes float).
  void tensor(const at::Tensor& value);
  // As above but never sharing memory with another tensor.
  void copy(const at::Tensor& value);
  void number(double value);
  // Undoes what was inserted: the call failed half-way.
  void abandon();

 private:
  double* cursor_;
  double* end_;
  TensorTable& table_;
  std::vector<double> inserted_;
};

using Operation = void (*)(Arguments&, Results&);
struct NamedOperation {
  const char* name;
  Operation run;
};
using Family = std::vector<NamedOperation>;

// One list per file; addon.cc offers them to JavaScript by name.
Family elementwise_operations();
Family reduce_operations();
Family matmul_operations();
Family convolution_operations();
Family pooling_operations();
Family normalization_operations();
Family attention_operations();
Family indexing_operations();
Family shape_operations();
Family resize_operations();
Family random_operations();
Family optimizer_operations();
Family loss_operations();
Family transfer_operations();
Family collective_operations();

}  // namespace cassl
