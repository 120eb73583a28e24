#include "napi-call.h"

namespace cassl {

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

void throw_to_javascript(napi_env env, const char* code, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message.c_str());
}

void must(napi_status status, const char* what) {
  if (status != napi_ok) throw std::invalid_argument(what);
}

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

}  // namespace cassl
