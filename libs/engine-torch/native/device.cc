#include "device.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <stdexcept>

namespace cassl {

namespace {
thread_local at::Device device_here = at::kCPU;
}

at::Device current_device() { return device_here; }

// Asked through c10's guard interface, which is the same in every libtorch, with or without CUDA.
int64_t cuda_device_count() {
  if (!at::hasCUDA() || !c10::impl::hasDeviceGuardImpl(at::kCUDA)) return 0;
  return c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
}

at::Device parse_device(const std::string& name) {
  const at::Device wanted(name);
  if (wanted.is_cpu()) return at::kCPU;
  if (!wanted.is_cuda()) throw std::invalid_argument("device must be cpu or cuda[:index], got " + name);
  const int64_t count = cuda_device_count();
  const int64_t index = wanted.has_index() ? wanted.index() : 0;
  if (index < 0 || index >= count)
    throw std::invalid_argument("device " + name + " is not there: this libtorch sees " + std::to_string(count) +
                                " CUDA devices");
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

void set_device(const std::string& name) {
  device_here = parse_device(name);
  if (device_here.is_cuda()) c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device_here);
}

void synchronize_device() {
  if (!device_here.is_cuda()) return;
  c10::impl::VirtualGuardImpl(at::kCUDA).getStream(device_here).synchronize();
}

}  // namespace cassl
