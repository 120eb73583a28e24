#pragma once

#include <ATen/ATen.h>

#include "convolution-geometry.h"

namespace cassl {

// Convolution of NHWC maps as one matrix product over the patches [N·oh·ow, kh·kw·I] that the output cells see: filters and
// their gradients stay as tfjs has them, [kh, kw, I, O].
//
// Where ATen convolves with its own loops over a reference BLAS (Debian's libtorch 1.13: 1×1 filters on one thread, small maps
// of one image; 2 GFLOP/s), and where the weights outweigh the map so much that packing them costs more than using them.
bool is_product_faster(const at::Tensor& map, at::IntArrayRef filter, const Geometry& geometry, at::IntArrayRef input);

// oneDNN 2.7 (Debian's) writes past the end of a buffer in the filter gradient of a strided 1×1 filter whose input channels do not
// fill a vector, for example of [4, 48, 48, 4] at stride 2: the heap is damaged, and the process dies later.
bool is_gradient_unsafe(const at::Tensor& map, at::IntArrayRef filter, const Geometry& geometry);

at::Tensor product_forward(const at::Tensor& x, const at::Tensor& filter, const Geometry& geometry);
at::Tensor product_input_gradient(const at::Tensor& dy, const at::Tensor& filter, const Geometry& geometry,
                                  at::IntArrayRef input);
at::Tensor product_filter_gradient(const at::Tensor& x, const at::Tensor& dy, const Geometry& geometry,
                                   at::IntArrayRef filter);

}  // namespace cassl
