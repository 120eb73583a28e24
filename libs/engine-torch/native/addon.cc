#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <node_api.h>
#include <torch/csrc/api/include/torch/version.h>

#include <memory>
#include <stdexcept>

#include "arguments.h"
#include "autocast.h"
#include "cuda-runtime.h"
#include "data-functions.h"
#include "detection-functions.h"
#include "device.h"
#include "memory.h"
#include "napi-call.h"
#include "process-group.h"
#include "signals.h"
#include "tensor-table.h"

// What JavaScript sees: two shared arrays, one function per operation, and a few for data and settings.
namespace cassl {

namespace {

constexpr size_t kArrayLength = 1 << 16;

// Numbers shared with JavaScript. JavaScript may transfer the buffer away at any time, so it lives as long as either side.
using SharedArray = std::shared_ptr<double[]>;

struct Addon {
  TensorTable table;
  SharedArray arguments;
  SharedArray results;
};

// One per JavaScript thread: worker threads load the addon again and share nothing.
thread_local std::unique_ptr<Addon> addon_here;

Addon& addon() {
  if (!addon_here) throw std::runtime_error("the torch addon is not initialised on this thread");
  return *addon_here;
}

// operation(argumentCount): reads the shared arguments, writes the shared results.
napi_value run_operation(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, &data);
  return guarded(env, [&]() -> napi_value {
    double length = 0;
    if (count < 1 || napi_get_value_double(env, argument, &length) != napi_ok || !(length >= 0 && length <= kArrayLength))
      throw std::invalid_argument("an operation takes the number of its arguments");
    Addon& here = addon();
    double* arguments = here.arguments.get();
    double* results = here.results.get();
    Arguments in(arguments, arguments + static_cast<size_t>(length), here.table);
    Results out(results, results + kArrayLength, here.table);
    try {
      reinterpret_cast<Operation>(data)(in, out);
    } catch (...) {
      out.abandon();
      throw;
    }
    return nullptr;
  });
}

napi_value configure_device(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    set_device(to_text(env, call.arguments[0], "device must be a string"));
    return nullptr;
  });
}

napi_value configure_threads(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const double threads = to_double(env, call.arguments[0], "threads must be a number");
    const int most = most_compute_threads();
    if (!(threads >= 1 && threads <= most))
      throw std::invalid_argument("threads must be in 1.." + std::to_string(most) + ", got " + std::to_string(threads));
    start_compute_threads(static_cast<int>(threads));
    return nullptr;
  });
}

napi_value configure_autocast(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    set_autocast(to_double(env, call.arguments[0], "autocast must be 0 or 1") != 0);
    return nullptr;
  });
}

napi_value configure_tf32(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const bool allowed = to_double(env, call.arguments[0], "tf32 must be 0 or 1") != 0;
    at::globalContext().setAllowTF32CuBLAS(allowed);
    at::globalContext().setAllowTF32CuDNN(allowed);
    return nullptr;
  });
}

napi_value configure_convolution_search(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    at::globalContext().setBenchmarkCuDNN(to_double(env, call.arguments[0], "convolution search must be 0 or 1") != 0);
    return nullptr;
  });
}

napi_value configure_waiting(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    forbid_waiting(to_double(env, call.arguments[0], "forbidden must be 0 or 1") != 0);
    return nullptr;
  });
}

napi_value configure_memory(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const double bytes = to_double(env, call.arguments[0], "memory limit must be a number");
    if (!(bytes >= 1 && bytes < 9e15)) throw std::invalid_argument("memory limit must be in 1..9e15 bytes, got " + std::to_string(bytes));
    set_cpu_limit(static_cast<size_t>(bytes));
    return nullptr;
  });
}

napi_value synchronize(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    synchronize_device();
    return nullptr;
  });
}

void set_number(napi_env env, napi_value object, const char* name, double value) {
  napi_value number;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

// status() → {threads, cudaDevices, tensors, cpuBytes, cpuBytesPeak, cpuBytesKept, cpuBytesLimit, deviceBytes, deviceBytesPeak}
napi_value status(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    napi_value object;
    napi_create_object(env, &object);
    set_number(env, object, "threads", at::get_num_threads());
    set_number(env, object, "cudaDevices", static_cast<double>(cuda_device_count()));
    set_number(env, object, "tensors", static_cast<double>(addon().table.size()));
    set_number(env, object, "cpuBytes", static_cast<double>(cpu_bytes_in_use()));
    set_number(env, object, "cpuBytesPeak", static_cast<double>(peak_cpu_bytes()));
    set_number(env, object, "cpuBytesKept", static_cast<double>(cpu_bytes_kept()));
    set_number(env, object, "cpuBytesLimit", static_cast<double>(cpu_limit()));
    const auto device = device_memory(current_device());
    set_number(env, object, "deviceBytes", static_cast<double>(device.bytes));
    set_number(env, object, "deviceBytesPeak", static_cast<double>(device.peak));
    return object;
  });
}

napi_value trim(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    release_kept_blocks();
    release_device_blocks();
    return nullptr;
  });
}

void set_function(napi_env env, napi_value object, const char* name, napi_callback callback, void* data = nullptr) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  napi_set_named_property(env, object, name, function);
}

SharedArray shared_array(napi_env env, napi_value exports, const char* name) {
  const SharedArray array(new double[kArrayLength]());
  auto* held = new SharedArray(array);
  napi_value buffer, view;
  const auto let_go = [](napi_env, void*, void* hint) { delete static_cast<SharedArray*>(hint); };
  napi_create_external_arraybuffer(env, array.get(), kArrayLength * sizeof(double), let_go, held, &buffer);
  napi_create_typedarray(env, napi_float64_array, kArrayLength, buffer, 0, &view);
  napi_set_named_property(env, exports, name, view);
  return array;
}

napi_value initialise(napi_env env, napi_value exports) {
  static const bool once = [] {
    install_cpu_allocator();
    return true;
  }();
  (void)once;
  provide_signal_stack();
  addon_here = std::make_unique<Addon>();
  napi_add_env_cleanup_hook(
      env,
      [](void*) {
        close_process_group();
        addon_here.reset();
      },
      nullptr);
  addon_here->arguments = shared_array(env, exports, "arguments");
  addon_here->results = shared_array(env, exports, "results");

  napi_value operations;
  napi_create_object(env, &operations);
  for (const auto& family :
       {elementwise_operations(), reduce_operations(), matmul_operations(), convolution_operations(), pooling_operations(),
        normalization_operations(), attention_operations(), indexing_operations(), shape_operations(), resize_operations(),
        random_operations(), optimizer_operations(), loss_operations(), transfer_operations(), collective_operations()}) {
    for (const auto& operation : family)
      set_function(env, operations, operation.name, run_operation, reinterpret_cast<void*>(operation.run));
  }
  napi_set_named_property(env, exports, "operations", operations);

  for (const auto& function : data_functions()) set_function(env, exports, function.name, function.run);
  for (const auto& function : detection_functions()) set_function(env, exports, function.name, function.run);
  set_function(env, exports, "setDevice", configure_device);
  set_function(env, exports, "setThreads", configure_threads);
  set_function(env, exports, "setAutocast", configure_autocast);
  set_function(env, exports, "setTf32", configure_tf32);
  set_function(env, exports, "setConvolutionSearch", configure_convolution_search);
  set_function(env, exports, "forbidWaiting", configure_waiting);
  set_function(env, exports, "setMemoryLimit", configure_memory);
  set_function(env, exports, "synchronize", synchronize);
  set_function(env, exports, "status", status);
  set_function(env, exports, "trim", trim);

  napi_value version;
  napi_create_string_utf8(env, TORCH_VERSION, NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "version", version);
  return exports;
}

}  // namespace

TensorTable& table_here() { return addon().table; }

}  // namespace cassl

NAPI_MODULE_INIT() { return cassl::initialise(env, exports); }
