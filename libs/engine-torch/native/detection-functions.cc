#include "detection-functions.h"

namespace cassl {

std::vector<NamedFunction> detection_functions() {
  return {{"placeImages", place_images}, {"selectDetections", select_detections}, {"pasteMasks", paste_masks}};
}

}  // namespace cassl
