#pragma once

#include <vector>

#include "data-functions.h"

namespace cassl {

// What detection does on the host, before and behind the network; their definitions in TypeScript are the functions of the same
// names in libs/engine and libs/detector.
std::vector<NamedFunction> detection_functions();

napi_value place_images(napi_env env, napi_callback_info info);
napi_value select_detections(napi_env env, napi_callback_info info);
napi_value paste_masks(napi_env env, napi_callback_info info);

}  // namespace cassl
