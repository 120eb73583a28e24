#pragma once

#include <ATen/ATen.h>
#include <c10/core/Stream.h>

#include <optional>

#include "arguments.h"

// Values on their way between the host and a device. With a GPU they travel through pinned memory, so that a copy is
// queued like any kernel; from pageable memory CUDA makes the host wait for all that was queued before.
namespace cassl {

// A host tensor to fill and hand to `sent`.
at::Tensor staging(at::IntArrayRef sizes, at::ScalarType type, at::Device device);
// On the CPU the staged tensor itself. The caching host allocator keeps its block until the copy has run.
at::Tensor sent(const at::Tensor& staged, at::Device device);

// The values that a tensor on a device has now, whatever is written to it later: the copy takes its place in the queue
// at once. Of a tensor on the host nothing is copied.
class HostCopy {
 public:
  explicit HostCopy(const at::Tensor& tensor);
  bool queued() const { return behind_.has_value(); }
  // Waits for the copy, on any thread. Row-major, in one of JavaScript's types.
  const at::Tensor& wait() const;

 private:
  at::Tensor source_;
  at::Tensor host_;
  std::optional<c10::Stream> behind_;  // a stream with nothing in it but the wait for the copy
};

}  // namespace cassl
