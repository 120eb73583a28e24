#pragma once

#include <ATen/ATen.h>

#include <cstddef>

// What c10's device-independent interface does not offer. In a build without CUDA's headers: zeros, and nothing to do.
namespace cassl {

struct DeviceMemory {
  size_t bytes = 0;  // in tensors now
  size_t peak = 0;   // the most since the process began
};

// What the caching allocator of a GPU has given out; zeros for the CPU.
DeviceMemory device_memory(at::Device device);
// Gives cached blocks of every GPU back to the driver.
void release_device_blocks();
// While on, an operation that makes the host wait for a GPU throws instead.
void forbid_waiting(bool forbidden);

}  // namespace cassl
