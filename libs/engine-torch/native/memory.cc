#include "memory.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/csrc/api/include/torch/version.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace cassl {

namespace {

constexpr size_t kAlignment = 64;
// Below this malloc is as fast and wastes nothing; above, malloc maps fresh zeroed pages for every tensor, and
// touching them first costs as much as a memory-bound operation.
constexpr size_t kSmallestKept = 256 * 1024;
constexpr size_t kMostKept = size_t{4} << 30;

std::atomic<size_t> in_use{0};
std::atomic<size_t> kept{0};
std::mutex guard;
std::unordered_map<size_t, std::vector<void*>>& free_blocks() {
  static auto* blocks = new std::unordered_map<size_t, std::vector<void*>>();  // outlives every tensor
  return *blocks;
}

// Classes at most an eighth apart, so that slightly different shapes share blocks.
size_t rounded(size_t bytes) {
  if (bytes < kSmallestKept) return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  size_t step = kSmallestKept / 8;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

size_t machine_bytes() {
  static const size_t total = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  return total;
}

struct Block {
  void* data;
  size_t bytes;
};

void free_block(void* context) {
  auto* block = static_cast<Block*>(context);
  in_use -= block->bytes;
  bool keep = false;
  if (block->bytes >= kSmallestKept && kept + block->bytes <= std::min(kMostKept, machine_bytes() / 4)) {
    const std::lock_guard<std::mutex> lock(guard);
    free_blocks()[block->bytes].push_back(block->data);
    kept += block->bytes;
    keep = true;
  }
  if (!keep) std::free(block->data);
  delete block;
}

void* take_kept(size_t bytes) {
  if (bytes < kSmallestKept) return nullptr;
  const std::lock_guard<std::mutex> lock(guard);
  const auto found = free_blocks().find(bytes);
  if (found == free_blocks().end() || found->second.empty()) return nullptr;
  void* data = found->second.back();
  found->second.pop_back();
  kept -= bytes;
  return data;
}

class CountingAllocator final : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return make(bytes); }
#else
  c10::DataPtr allocate(size_t bytes) const override { return make(bytes); }
#endif
#if TORCH_VERSION_MAJOR >= 2
  void copy_data(void* destination, const void* source, size_t bytes) const override { std::memcpy(destination, source, bytes); }
#endif

 private:
  static c10::DataPtr make(size_t wanted) {
    if (wanted == 0) return {nullptr, nullptr, &free_block, at::kCPU};
    // The margin leaves room for the process itself.
    if (wanted > machine_bytes() || in_use + wanted > machine_bytes() / 20 * 19) refuse(wanted);
    const size_t bytes = rounded(wanted);
    void* data = take_kept(bytes);
    if (data == nullptr && posix_memalign(&data, kAlignment, bytes) != 0) {
      release_kept_blocks();
      if (posix_memalign(&data, kAlignment, bytes) != 0) refuse(wanted);
    }
    in_use += bytes;
    return {data, new Block{data, bytes}, &free_block, at::kCPU};
  }

  [[noreturn]] static void refuse(size_t wanted) {
    TORCH_CHECK(false, "out of memory on cpu: requested ", wanted, " bytes, ", in_use.load(), " of ", machine_bytes(), " in use");
  }
};

}  // namespace

void install_cpu_allocator() {
  static auto* allocator = new CountingAllocator();
  c10::SetCPUAllocator(allocator, /*priority=*/100);
}

size_t cpu_bytes_in_use() { return in_use; }
size_t cpu_bytes_kept() { return kept; }

void release_kept_blocks() {
  const std::lock_guard<std::mutex> lock(guard);
  for (auto& [bytes, blocks] : free_blocks()) {
    for (void* data : blocks) std::free(data);
    kept -= bytes * blocks.size();
    blocks.clear();
  }
}

}  // namespace cassl
