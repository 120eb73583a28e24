#pragma once

#include <node_api.h>

#include <vector>

#include "tensor-table.h"

// Values in and out of tensors: what JavaScript calls besides operations.
namespace cassl {

struct NamedFunction {
  const char* name;
  napi_callback run;
};
std::vector<NamedFunction> data_functions();

// The tensors of this JavaScript thread. Throws std::runtime_error where the addon is not initialised.
TensorTable& table_here();

}  // namespace cassl
