#pragma once

#include <ATen/ATen.h>

#include <string>

namespace cassl {

// Where this JavaScript thread's new tensors live. Operations run where their operands are.
at::Device current_device();
// "cpu", "cuda" or "cuda:1" as a device that is there; throws std::invalid_argument naming what there is.
at::Device parse_device(const std::string& name);
void set_device(const std::string& name);
int64_t cuda_device_count();
// Waits for everything queued on the current device.
void synchronize_device();

}  // namespace cassl
