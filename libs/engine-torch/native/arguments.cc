#include "arguments.h"

#include <cmath>
#include <stdexcept>

namespace cassl {

namespace {

constexpr double kMaxInteger = 9007199254740992.0;  // 2^53

int64_t to_integer(double value) {
  if (!(std::fabs(value) < kMaxInteger) || value != std::floor(value))
    throw std::invalid_argument("expected an integer, got " + std::to_string(value));
  return static_cast<int64_t>(value);
}

at::Tensor widened(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type();
  return type == at::kBFloat16 || type == at::kHalf ? tensor.to(at::kFloat) : tensor;
}

}  // namespace

double Arguments::next() {
  if (cursor_ >= end_) throw std::invalid_argument("too few arguments for a native operation");
  return *cursor_++;
}

at::Tensor Arguments::stored() {
  const double handle = next();
  if (handle >= 0) return table_.at(handle).tensor;
  // A negative handle is followed by the shape under which JavaScript sees the data (tfjs shares data between reshapes).
  const auto shape = integers();
  return table_.at(-handle).tensor.view(shape);
}

at::Tensor Arguments::tensor() { return widened(stored()); }

at::Tensor Arguments::optional_tensor() {
  if (cursor_ < end_ && *cursor_ == 0) {
    ++cursor_;
    return {};
  }
  return tensor();
}

Arguments::Slotted Arguments::slotted() {
  if (cursor_ < end_ && *cursor_ < 0) return {stored(), nullptr};
  TensorTable::Slot& slot = table_.at(next());
  return {slot.tensor, &slot};
}

std::vector<at::Tensor> Arguments::stored_tensors() {
  const int64_t count = integer();
  if (count < 0 || count > end_ - cursor_) throw std::invalid_argument("too few arguments for a native operation");
  std::vector<at::Tensor> list;
  list.reserve(count);
  for (int64_t i = 0; i < count; ++i) list.push_back(stored());
  return list;
}

std::vector<at::Tensor> Arguments::tensors() {
  auto list = stored_tensors();
  for (auto& tensor : list) tensor = widened(tensor);
  return list;
}

double Arguments::number() { return next(); }

int64_t Arguments::integer() { return to_integer(next()); }

bool Arguments::flag() { return next() != 0; }

std::vector<int64_t> Arguments::integers() {
  const int64_t count = integer();
  if (count < 0 || count > end_ - cursor_) throw std::invalid_argument("too few arguments for a native operation");
  std::vector<int64_t> list(count);
  for (auto& value : list) value = integer();
  return list;
}

std::vector<double> Arguments::numbers() {
  const int64_t count = integer();
  if (count < 0 || count > end_ - cursor_) throw std::invalid_argument("too few arguments for a native operation");
  std::vector<double> list(count);
  for (auto& value : list) value = next();
  return list;
}

at::ScalarType Arguments::scalar_type() {
  switch (integer()) {
    case 0: return at::kFloat;
    case 1: return at::kInt;
    case 2: return at::kBool;
    default: throw std::invalid_argument("dtype must be float32, int32 or bool");
  }
}

std::string Arguments::text() {
  std::string value;
  for (const int64_t code : integers()) value.push_back(static_cast<char>(code));
  return value;
}

void Results::number(double value) {
  if (cursor_ >= end_) throw std::length_error("a native operation has too many results");
  *cursor_++ = value;
}

void Results::tensor(const at::Tensor& value) {
  at::Tensor kept = value;
  double type = 0;
  switch (value.scalar_type()) {
    case at::kFloat:
    case at::kBFloat16: break;
    case at::kBool: type = 2; break;
    case at::kInt: type = 1; break;
    case at::kLong:
    case at::kShort:
    case at::kByte:
    case at::kChar:
      type = 1;
      kept = value.to(at::kInt);
      break;
    default: kept = value.to(at::kFloat);
  }
  if (!kept.is_contiguous()) kept = kept.contiguous();
  const auto sizes = kept.sizes();
  if (end_ - cursor_ < static_cast<int64_t>(sizes.size()) + 3)
    throw std::length_error("a native operation has too many results");
  const double handle = table_.insert(std::move(kept));
  inserted_.push_back(handle);
  *cursor_++ = handle;
  *cursor_++ = type;
  *cursor_++ = static_cast<double>(sizes.size());
  for (const int64_t size : sizes) *cursor_++ = static_cast<double>(size);
}

void Results::copy(const at::Tensor& value) { tensor(value.clone(at::MemoryFormat::Contiguous)); }

void Results::abandon() {
  for (const double handle : inserted_) table_.release(handle);
  inserted_.clear();
}

}  // namespace cassl
