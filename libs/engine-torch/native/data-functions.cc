#include "data-functions.h"

#include <ATen/ATen.h>

#include <cstring>
#include <memory>
#include <optional>

#include "device.h"
#include "napi-call.h"
#include "transfer.h"

namespace cassl {

namespace {

constexpr uint32_t kMostAxes = 64;  // ATen's own bound

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
    must(napi_create_double(env, table_here().insert(sent(staged, current_device())), &handle), "cannot make a number");
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
    copy_out(HostCopy(table_here().at(handle).tensor).wait(), to_bytes(env, call.arguments[1]));
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
    reading->copy.emplace(table_here().at(to_double(env, call.arguments[0], "handle must be a number")).tensor);
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
    table_here().release(to_double(env, call.arguments[0], "handle must be a number"));
    return nullptr;
  });
}

// deviceOf(handle) → where the tensor's values are: "cpu" or "cuda:N"
napi_value device_of(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  return guarded(env, [&]() -> napi_value {
    napi_value answer;
    const auto& tensor = table_here().at(to_double(env, call.arguments[0], "handle must be a number")).tensor;
    napi_create_string_utf8(env, tensor.device().str().c_str(), NAPI_AUTO_LENGTH, &answer);
    return answer;
  });
}

}  // namespace

std::vector<NamedFunction> data_functions() {
  return {
      {"upload", upload}, {"download", download}, {"downloadAsync", download_async}, {"release", release}, {"deviceOf", device_of},
  };
}

}  // namespace cassl
