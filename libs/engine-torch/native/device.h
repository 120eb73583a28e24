#pragma once

#include <ATen/ATen.h>

#include <string>

namespace cassl {

// Where this JavaScript thread's new tensors live.
at::Device current_device();
// "cpu", "cuda" or "cuda:1"; throws std::invalid_argument naming what there is.
void set_device(const std::string& name);
int64_t cuda_device_count();
// Waits for everything queued on the device.
void synchronize_device();

}  // namespace cassl
