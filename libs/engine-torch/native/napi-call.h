#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <node_api.h>

#include <new>
#include <stdexcept>
#include <string>

// One call from JavaScript: its arguments, each read is checked, and the way its errors go back.
namespace cassl {

// The gRPC status that fits what libtorch says.
const char* code_of(const std::string& message);
void throw_to_javascript(napi_env env, const char* code, const std::string& message);

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

// Throws std::invalid_argument with `what` unless the status is ok.
void must(napi_status status, const char* what);

struct Call {
  napi_value arguments[8] = {};
  size_t count = 8;
  void* data = nullptr;

  Call(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count, arguments, nullptr, &data); }
};

double to_double(napi_env env, napi_value value, const char* name);
std::string to_text(napi_env env, napi_value value, const char* name);

struct Bytes {
  void* data = nullptr;
  size_t length = 0;
};

// The memory of a typed array, until JavaScript runs again.
Bytes to_bytes(napi_env env, napi_value value);

}  // namespace cassl
