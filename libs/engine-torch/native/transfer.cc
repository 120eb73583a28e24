#include "transfer.h"

#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "device.h"

namespace cassl {

at::Tensor staging(at::IntArrayRef sizes, at::ScalarType type, at::Device device) {
  bool empty = false;
  for (const int64_t size : sizes) empty = empty || size == 0;
  return at::empty(sizes, at::TensorOptions(type).pinned_memory(device.is_cuda() && !empty));
}

at::Tensor sent(const at::Tensor& staged, at::Device device) { return staged.to(device, /*non_blocking=*/true); }

HostCopy::HostCopy(const at::Tensor& tensor) {
  const auto type = tensor.scalar_type() == at::kBFloat16 ? at::kFloat : tensor.scalar_type();
  source_ = tensor.to(type).contiguous();
  if (!source_.is_cuda()) {
    host_ = source_;
    return;
  }
  host_ = staging(source_.sizes(), type, source_.device());
  host_.copy_(source_, /*non_blocking=*/true);
  // c10's events cannot be waited for by the host in every version, its streams can.
  const c10::impl::VirtualGuardImpl cuda(at::kCUDA);
  c10::Event copied(at::kCUDA);
  copied.record(cuda.getStream(source_.device()));
  behind_ = cuda.getStreamFromGlobalPool(source_.device());
  copied.block(*behind_);
}

const at::Tensor& HostCopy::wait() const {
  if (behind_) behind_->synchronize();
  return host_;
}

namespace {

// A copy of x on the device named; queued, unless it goes to the host.
void to_device(Arguments& in, Results& out) {
  const auto x = in.stored();
  const auto device = parse_device(in.text());
  if (x.device() == device) return out.copy(x);
  if (device.is_cpu()) return out.tensor(HostCopy(x).wait());
  if (x.is_cuda()) return out.tensor(x.to(device, /*non_blocking=*/true));
  const auto staged = staging(x.sizes(), x.scalar_type(), device);
  staged.copy_(x);
  out.tensor(sent(staged, device));
}

}  // namespace

Family transfer_operations() { return {{"toDevice", to_device}}; }

}  // namespace cassl
