// SPDX-License-Identifier: Apache-2.0
// Which form the weights of a convolution are packed in: its window decides, not the images.
#include "conv_window.h"
#include "matrix.h"
#include "weights.h"

namespace sl {
namespace {

// Whether gathering panels is faster than the indirect product, as measured: for 1x1 kernels, where
// nothing is repeated, and for single weights of strided kernels with many outputs, where fewer taps
// share what a tile reads.
bool by_panels(int design, const sl_conv& s, int64_t kept) {
  constexpr int64_t kManyUses = 8;  // of a gathered input
  if (design != SL_CSR && design != SL_BLOCK4) return false;
  if (s.kernel_h * s.kernel_w == 1) return true;
  return design == SL_CSR && s.stride_h * s.stride_w > 1 && kept / s.groups > kManyUses * taps(s);
}

int fill(const sl_conv& s, const sl_matrix& w, sl_weights* to) {
  const int design = to->design;
  if (design == SL_ONEDNN && !is_depthwise(s)) {
    to->onednn = make<OnednnConv>(to->conv_level);
    return to->onednn != nullptr && to->onednn->fill(w, s) ? SL_OK : SL_NO_MEMORY;
  }
  to->rows = make<ConvRows>();
  const ConvRows::Kind kind{is_depthwise(s), design == SL_DENSE, design == SL_CSR};
  return to->rows != nullptr && to->rows->fill(w, s.groups, kind) ? SL_OK : SL_NO_MEMORY;
}

}  // namespace
}  // namespace sl

int sl_pack_conv(int level, int design, const sl_conv* s, const sl_matrix* w, sl_weights** out) {
  *out = nullptr;
  if (s->groups < 1 || s->channels % s->groups != 0 || s->outputs % s->groups != 0 ||
      w->type != SL_F32 || w->n != s->outputs || w->k != sl::taps(*s) ||
      sl_design_refuses(level, design, w) != nullptr) {
    return SL_BAD_ARGUMENT;
  }
  sl_weights* made = nullptr;
  int status = SL_OK;
  if (!sl::is_depthwise(*s) && sl::by_panels(design, *s, sl::kept(*w))) {
    status = sl_pack(level, design, s->groups, w, &made);
  } else {
    made = sl::make<sl_weights>();
    if (made == nullptr) return SL_NO_MEMORY;
    made->design = design;
    made->conv_level = sl::level(level);
    status = sl::fill(*s, *w, made);
  }
  if (status != SL_OK) {
    sl_weights_free(made);
    return status;
  }
  made->conv_level = sl::level(level);
  made->window = *s;
  *out = made;
  return SL_OK;
}
