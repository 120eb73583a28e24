#pragma once

#include <cstddef>

namespace cassl {

// Puts an allocator before ATen's own on the CPU that counts bytes, refuses what the machine cannot hold (Linux would
// grant it and kill the process later), and keeps freed blocks for the next tensor of the same size.
void install_cpu_allocator();

// Fewer bytes than the machine (or its control group) has.
void set_cpu_limit(size_t bytes);
size_t cpu_limit();

size_t cpu_bytes_in_use();
size_t cpu_bytes_kept();
// The most that tensors held at once.
size_t peak_cpu_bytes();
// Gives back every kept block.
void release_kept_blocks();

}  // namespace cassl
