#include "memory.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/csrc/api/include/torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <vector>

namespace cassl {

namespace {

constexpr size_t kAlignment = 64;
// Below this malloc is as fast and wastes nothing; above, malloc maps fresh zeroed pages for every tensor, and
// touching them first costs as much as a memory-bound operation.
constexpr size_t kSmallestKept = 256 * 1024;
constexpr size_t kMostKept = size_t{4} << 30;

// Kept blocks may raise what the process holds this far above the most that tensors ever needed at once: classes of sizes that
// a later part of a step no longer uses would else stay beside those that it does.
constexpr double kMostHeld = 1.05;

std::atomic<size_t> in_use{0};
std::atomic<size_t> most_in_use{0};
std::atomic<size_t> kept{0};
std::mutex guard;
std::map<size_t, std::vector<void*>>& free_blocks() {
  static auto* blocks = new std::map<size_t, std::vector<void*>>();  // outlives every tensor
  return *blocks;
}

// Classes at most an eighth apart, so that slightly different shapes share blocks.
size_t rounded(size_t bytes) {
  if (bytes < kSmallestKept) return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  size_t step = kSmallestKept / 8;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

// What the machine has, or the container's share of it; a twentieth is left to the process itself.
size_t machine_bytes() {
  size_t total = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    size_t share = 0;
    if (std::ifstream(path) >> share) total = std::min(total, share);  // "max" does not parse: no limit
  }
  return total / 20 * 19;
}

std::atomic<size_t>& limit() {
  static std::atomic<size_t> bytes{machine_bytes()};
  return bytes;
}

// Each block starts with its size, one alignment unit before what ATen sees: oneDNN frees by address alone.
size_t& size_of(void* data) { return *reinterpret_cast<size_t*>(static_cast<char*>(data) - kAlignment); }

void give_back(void* data) { std::free(static_cast<char*>(data) - kAlignment); }

void* take_new(size_t bytes) {
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, bytes + kAlignment) != 0) return nullptr;
  void* data = static_cast<char*>(block) + kAlignment;
  size_of(data) = bytes;
  return data;
}

void free_block(void* data) {
  if (data == nullptr) return;
  const size_t bytes = size_of(data);
  in_use -= bytes;
  if (bytes >= kSmallestKept && kept + bytes <= std::min(kMostKept, limit() / 4)) {
    const std::lock_guard<std::mutex> lock(guard);
    free_blocks()[bytes].push_back(data);
    kept += bytes;
    return;
  }
  give_back(data);
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

// Gives kept blocks back, largest first, until `bytes` more fit under what may be held.
void make_room(size_t bytes) {
  const auto most = static_cast<size_t>(kMostHeld * static_cast<double>(std::max(most_in_use.load(), in_use + bytes)));
  const std::lock_guard<std::mutex> lock(guard);
  for (auto entry = free_blocks().rbegin(); entry != free_blocks().rend(); ++entry) {
    auto& blocks = entry->second;
    while (!blocks.empty() && in_use + kept + bytes > most) {
      give_back(blocks.back());
      blocks.pop_back();
      kept -= entry->first;
    }
  }
}

void count(size_t bytes) {
  const size_t now = in_use += bytes;
  size_t most = most_in_use;
  while (now > most && !most_in_use.compare_exchange_weak(most, now)) {
  }
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

  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }

 private:
  static c10::DataPtr make(size_t wanted) {
    if (wanted == 0) return {nullptr, nullptr, &free_block, at::kCPU};
    if (wanted > limit() || in_use + wanted > limit()) refuse(wanted);
    if (in_use + kept + wanted > limit()) release_kept_blocks();
    const size_t bytes = rounded(wanted);
    void* data = take_kept(bytes);
    if (data == nullptr) {
      if (bytes >= kSmallestKept) make_room(bytes);
      data = take_new(bytes);
    }
    if (data == nullptr) {
      release_kept_blocks();
      data = take_new(bytes);
      if (data == nullptr) refuse(wanted);
    }
    count(bytes);
    return {data, data, &free_block, at::kCPU};
  }

  [[noreturn]] static void refuse(size_t wanted) {
    TORCH_CHECK(false, "out of memory on cpu: requested ", wanted, " bytes, ", in_use.load(), " of ", limit().load(), " in use");
  }
};

}  // namespace

void install_cpu_allocator() {
  static auto* allocator = new CountingAllocator();
  c10::SetCPUAllocator(allocator, /*priority=*/100);
}

void set_cpu_limit(size_t bytes) { limit() = bytes; }
size_t cpu_limit() { return limit(); }

size_t cpu_bytes_in_use() { return in_use; }
size_t cpu_bytes_kept() { return kept; }
size_t peak_cpu_bytes() { return most_in_use; }

void release_kept_blocks() {
  const std::lock_guard<std::mutex> lock(guard);
  for (auto& [bytes, blocks] : free_blocks()) {
    for (void* data : blocks) give_back(data);
    kept -= bytes * blocks.size();
    blocks.clear();
  }
}

}  // namespace cassl
