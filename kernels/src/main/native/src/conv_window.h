// SPDX-License-Identifier: Apache-2.0
#ifndef SPARSELAND_CONV_WINDOW_H_
#define SPARSELAND_CONV_WINDOW_H_

#include "sparseland_kernels.h"

namespace sl {

inline bool is_depthwise(const sl_conv& s) { return s.groups > 1 && s.groups == s.channels; }

// Inputs of an output.
inline int64_t taps(const sl_conv& s) { return s.channels / s.groups * s.kernel_h * s.kernel_w; }

// All that weights are packed for.
inline bool same_window(const sl_conv& a, const sl_conv& b) {
  return a.channels == b.channels && a.outputs == b.outputs && a.groups == b.groups &&
         a.kernel_h == b.kernel_h && a.kernel_w == b.kernel_w && a.stride_h == b.stride_h &&
         a.stride_w == b.stride_w && a.pad_h == b.pad_h && a.pad_w == b.pad_w &&
         a.dilation_h == b.dilation_h && a.dilation_w == b.dilation_w;
}

}  // namespace sl

#endif  // SPARSELAND_CONV_WINDOW_H_
