#include "cuda-runtime.h"

// CASSL_WITH_CUDA_HEADERS is set by src/build.ts where c10's CUDA headers find CUDA's own.
#if defined(CASSL_WITH_CUDA_HEADERS)
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>

#include "device.h"
#endif

namespace cassl {

#if defined(CASSL_WITH_CUDA_HEADERS)

DeviceMemory device_memory(at::Device device) {
  // Before the first tensor on a GPU there is no allocator to ask.
  if (!device.is_cuda() || !c10::cuda::CUDACachingAllocator::get()->initialized()) return {};
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  const auto& all_pools = stats.allocated_bytes[0];
  return {static_cast<size_t>(all_pools.current), static_cast<size_t>(all_pools.peak)};
}

void release_device_blocks() {
  if (cuda_device_count() > 0 && c10::cuda::CUDACachingAllocator::get()->initialized())
    c10::cuda::CUDACachingAllocator::emptyCache();
}

void forbid_waiting(bool forbidden) {
  c10::cuda::warning_state().set_sync_debug_mode(forbidden ? c10::cuda::SyncDebugMode::L_ERROR : c10::cuda::SyncDebugMode::L_DISABLED);
}

#else

DeviceMemory device_memory(at::Device) { return {}; }
void release_device_blocks() {}
void forbid_waiting(bool) {}

#endif

}  // namespace cassl
