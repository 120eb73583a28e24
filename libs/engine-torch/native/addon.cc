#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <node_api.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

#include "arguments.h"
#include "autocast.h"
#include "cuda-runtime.h"
#include "device.h"
#include "memory.h"
#include "process-group.h"
#include "signals.h"
#include "tensor-table.h"
#include "transfer.h"

// What JavaScript sees: two shared arrays, one function per operation, and a few for data and settings.
namespace cassl {

namespace {

constexpr size_t kArrayLength = 1 << 16;
constexpr uint32_t kMostAxes = 64;  // ATen's own bound

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

void throw_to_javascript(napi_env env, const char* code, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message.c_str());
}

const char* code_of(const std::string& message) {
  const auto has = [&message](const char* part) { return message.find(part) != std::string::npos; };
  if (has("out of memory") || has("can't allocate memory") || has("alloc_cpu") || has("not enough memory") ||
      has("STATUS_ALLOC_FAILED"))
    return "RESOURCE_EXHAUSTED";
  if (has("Timed out") || has("timed out") || has("timeout") || has("Timeout")) return "DEADLINE_EXCEEDED";
  if (has("onnection") || has("Broken pipe") || has("NCCL error")) return "UNAVAILABLE";
  if (has("CUDA error") || has("cuDNN error") || has("CUBLAS_STATUS")) return "INTERNAL";
  return "INVALID_ARGUMENT";
}

// Runs `body` so that whatever it throws becomes one JavaScript error with a code.
template <typename Body>
napi_value guarded(napi_env env, Body body) {
  try {
    c10::InferenceMode inference;
    return body();
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw_to_javascript(env, code_of(message), message);
  } catch (const std::bad_alloc&) {
    throw_to_javascript(env, "RESOURCE_EXHAUSTED", "out of memory on cpu");
  } catch (const std::invalid_argument& error) {
    throw_to_javascript(env, "INVALID_ARGUMENT", error.what());
  } catch (const std::length_error& error) {
    throw_to_javascript(env, "RESOURCE_EXHAUSTED", error.what());
  } catch (const std::exception& error) {
    throw_to_javascript(env, code_of(error.what()), error.what());
  } catch (...) {
    throw_to_javascript(env, "INTERNAL", "unknown native error");
  }
  return nullptr;
}

void must(napi_status status, const char* what) {
  if (status != napi_ok) throw std::invalid_argument(what);
}

struct Call {
  napi_value arguments[6] = {};
  size_t count = 6;
  void* data = nullptr;

  Call(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count, arguments, nullptr, &data); }
};

double to_double(napi_env env, napi_value value, const char* name) {
  double number = 0;
  must(napi_get_value_double(env, value, &number), name);
  return number;
}

std::string to_text(napi_env env, napi_value value, const char* name) {
  char buffer[256];
  size_t length = 0;
  must(napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length), name);
  return {buffer, length};
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

struct Bytes {
  void* data = nullptr;
  size_t length = 0;
};

Bytes to_bytes(napi_env env, napi_value value) {
  bool is_array = false;
  napi_is_typedarray(env, value, &is_array);
  if (!is_array) throw std::invalid_argument("data must be a typed array");
  napi_typedarray_type type;
  Bytes bytes;
  size_t elements = 0;
  must(napi_get_typedarray_info(env, value, &type, &elements, &bytes.data, nullptr, nullptr), "data must be a typed array");
  const size_t size = type == napi_float64_array || type == napi_bigint64_array || type == napi_biguint64_array ? 8
                      : type == napi_float32_array || type == napi_int32_array || type == napi_uint32_array     ? 4
                      : type == napi_int16_array || type == napi_uint16_array                                   ? 2
                                                                                                                : 1;
  bytes.length = elements * size;
  return bytes;
}

at::ScalarType scalar_type(double code) {
  if (code == 0) return at::kFloat;
  if (code == 1) return at::kInt;
  if (code == 2) return at::kBool;
  throw std::invalid_argument("dtype must be float32, int32 or bool");
}

// upload(typedArray, dtype, shape) → handle
napi_value upload(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const auto type = scalar_type(to_double(env, call.arguments[1], "dtype must be a number"));
    uint32_t rank = 0;
    must(napi_get_array_length(env, call.arguments[2], &rank), "shape must be an array");
    if (rank > kMostAxes) throw std::invalid_argument("shape must have at most 64 axes, got " + std::to_string(rank));
    std::vector<int64_t> shape(rank);
    for (uint32_t i = 0; i < rank; ++i) {
      napi_value item;
      must(napi_get_element(env, call.arguments[2], i, &item), "shape must be an array");
      const double size = to_double(env, item, "shape must hold numbers");
      if (!(size >= 0 && size < 9e15)) throw std::invalid_argument("shape must hold sizes of 0 or more");
      shape[i] = static_cast<int64_t>(size);
    }
    // Only now: a getter in the shape may have moved the data.
    const Bytes bytes = to_bytes(env, call.arguments[0]);
    const auto staged = staging(shape, type, current_device());
    if (staged.nbytes() != bytes.length)
      throw std::invalid_argument("shape needs " + std::to_string(staged.nbytes()) + " bytes, got " + std::to_string(bytes.length));
    if (bytes.length > 0) std::memcpy(staged.data_ptr(), bytes.data, bytes.length);
    napi_value handle;
    must(napi_create_double(env, addon().table.insert(sent(staged, current_device())), &handle), "cannot make a number");
    return handle;
  });
}

void copy_out(const at::Tensor& host, const Bytes& bytes) {
  if (host.nbytes() != bytes.length)
    throw std::invalid_argument("the tensor has " + std::to_string(host.nbytes()) + " bytes, the array " + std::to_string(bytes.length));
  if (bytes.length > 0) std::memcpy(bytes.data, host.data_ptr(), bytes.length);
}

// download(handle, typedArray) fills the array; waits for the device.
napi_value download(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    const double handle = to_double(env, call.arguments[0], "handle must be a number");
    copy_out(HostCopy(addon().table.at(handle).tensor).wait(), to_bytes(env, call.arguments[1]));
    return nullptr;
  });
}

// The device is awaited on a pool thread so that JavaScript goes on.
struct Reading {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref array = nullptr;
  std::optional<HostCopy> copy;
  std::string error;
};

void read_in_pool(napi_env, void* data) {
  auto* reading = static_cast<Reading*>(data);
  try {
    reading->copy->wait();
  } catch (const std::exception& error) {
    reading->error = error.what();
  }
}

void finish_reading(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Reading> reading(static_cast<Reading*>(data));
  napi_value array = nullptr;
  napi_get_reference_value(env, reading->array, &array);
  try {
    if (reading->error.empty()) copy_out(reading->copy->wait(), to_bytes(env, array));
  } catch (const std::exception& error) {
    reading->error = error.what();
  }
  if (reading->error.empty()) {
    napi_resolve_deferred(env, reading->deferred, array);
  } else {
    napi_value code, message, error;
    napi_create_string_utf8(env, code_of(reading->error), NAPI_AUTO_LENGTH, &code);
    napi_create_string_utf8(env, reading->error.c_str(), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, code, message, &error);
    napi_reject_deferred(env, reading->deferred, error);
  }
  napi_delete_reference(env, reading->array);
  napi_delete_async_work(env, reading->work);
}

// downloadAsync(handle, typedArray) → promise of the array, with the values that the tensor has at this call
napi_value download_async(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    auto reading = std::make_unique<Reading>();
    reading->copy.emplace(addon().table.at(to_double(env, call.arguments[0], "handle must be a number")).tensor);
    const Bytes bytes = to_bytes(env, call.arguments[1]);
    napi_value promise, name;
    must(napi_create_promise(env, &reading->deferred, &promise), "cannot make a promise");
    if (!reading->copy->queued()) {
      copy_out(reading->copy->wait(), bytes);
      napi_resolve_deferred(env, reading->deferred, call.arguments[1]);
      return promise;
    }
    must(napi_create_reference(env, call.arguments[1], 1, &reading->array), "data must be a typed array");
    napi_create_string_utf8(env, "cassl_torch_read", NAPI_AUTO_LENGTH, &name);
    must(napi_create_async_work(env, nullptr, name, read_in_pool, finish_reading, reading.get(), &reading->work), "cannot queue work");
    napi_queue_async_work(env, reading.release()->work);
    return promise;
  });
}

napi_value release(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    addon().table.release(to_double(env, call.arguments[0], "handle must be a number"));
    return nullptr;
  });
}

// deviceOf(handle) → where the tensor's values are: "cpu" or "cuda:N"
napi_value device_of(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    napi_value answer;
    const auto& tensor = addon().table.at(to_double(env, call.arguments[0], "handle must be a number")).tensor;
    napi_create_string_utf8(env, tensor.device().str().c_str(), NAPI_AUTO_LENGTH, &answer);
    return answer;
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

  set_function(env, exports, "upload", upload);
  set_function(env, exports, "download", download);
  set_function(env, exports, "downloadAsync", download_async);
  set_function(env, exports, "release", release);
  set_function(env, exports, "deviceOf", device_of);
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

}  // namespace cassl

NAPI_MODULE_INIT() { return cassl::initialise(env, exports); }
