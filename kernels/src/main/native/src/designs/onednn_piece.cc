// SPDX-License-Identifier: Apache-2.0
#include "onednn_piece.h"

#include <initializer_list>

#include "../array.h"
#include "../memory.h"
#include "onednn_run.h"

namespace sl {
namespace {

// What the last window reads behind `size` inputs; negative where it ends before.
int64_t behind(int64_t out, int64_t stride, int64_t taps, int64_t dilation, int64_t size, int64_t pad) {
  return (out - 1) * stride + (taps - 1) * dilation + 1 - size - pad;
}

}  // namespace

ConvBand ConvBand::all(const sl_conv& s) {
  return {0, s.out_height, 0, s.height, s.pad_h,
          behind(s.out_height, s.stride_h, s.kernel_h, s.dilation_h, s.height, s.pad_h)};
}

ConvBand ConvBand::some(const sl_conv& s, int64_t first, int64_t count) {
  const int64_t begin = first * s.stride_h - s.pad_h;
  const int64_t end = begin + (count - 1) * s.stride_h + (s.kernel_h - 1) * s.dilation_h + 1;
  const int64_t first_in = most(0, begin), end_in = least(s.height, end);
  return {first, count, first_in, end_in - first_in, first_in - begin, end - end_in};
}

OnednnPiece::~OnednnPiece() {
  for (Handle primitive : {primitive_, in_, out_}) {
    if (primitive != nullptr) d_.primitive_destroy(primitive);
  }
  for (Handle pd : {pd_, in_pd_, out_pd_}) {
    if (pd != nullptr) d_.pd_destroy(pd);
  }
  for (Handle desc : {src_, dst_}) {
    if (desc != nullptr) d_.desc_destroy(desc);
  }
}

bool OnednnPiece::make(const sl_conv& s, int64_t groups, int64_t outputs, const ConvBand& band,
                       bool blocked) {
  const int64_t channels = s.channels / s.groups * groups;
  const int64_t in = s.height * s.width, out = s.out_height * s.out_width;
  const int64_t src[] = {1, channels, band.count_in, s.width}, dst[] = {1, outputs, band.count, s.out_width};
  const int64_t src_strides[] = {channels * in, in, s.width, 1};
  const int64_t dst_strides[] = {outputs * out, out, s.out_width, 1};
  const int64_t weights[] = {groups, outputs / groups, s.channels / s.groups, s.kernel_h, s.kernel_w};
  const int64_t strides[] = {s.stride_h, s.stride_w}, padding[] = {band.pad_before, s.pad_w};
  const int64_t dilations[] = {s.dilation_h - 1, s.dilation_w - 1};
  const int64_t padding_end[] = {
      band.pad_after, behind(s.out_width, s.stride_w, s.kernel_w, s.dilation_w, s.width, s.pad_w)};
  x_at_ = band.first_in * s.width;
  y_at_ = band.first * s.out_width;
  one_thread(d_);
  Handle attr = nullptr, any = nullptr, any_src = nullptr, any_dst = nullptr;
  bool good = d_.desc_with_strides(&src_, 4, src, kDnnlF32, src_strides) == 0 &&
              d_.desc_with_strides(&dst_, 4, dst, kDnnlF32, dst_strides) == 0 &&
              d_.desc_with_tag(&any, 5, weights, kDnnlF32, kDnnlAny) == 0 &&
              d_.desc_with_tag(&any_src, 4, src, kDnnlF32, kDnnlAny) == 0 &&
              d_.desc_with_tag(&any_dst, 4, dst, kDnnlF32, kDnnlAny) == 0 &&
              d_.attr_create(&attr) == 0 &&
              d_.attr_set_scratchpad(attr, kDnnlScratchpadOfUser) == 0 &&
              d_.conv_create(&pd_, d_.engine, kDnnlInference, kDnnlDirect, blocked ? any_src : src_,
                             any, nullptr, blocked ? any_dst : dst_, strides, dilations, padding,
                             padding_end, attr) == 0 &&
              d_.primitive_create(&primitive_, pd_) == 0;
  for (Handle desc : {any, any_src, any_dst}) {
    if (desc != nullptr) d_.desc_destroy(desc);
  }
  if (attr != nullptr) d_.attr_destroy(attr);
  if (good && blocked) {
    good = make_reorder(src_, d_.pd_query(pd_, kDnnlQuerySrc, 0), &in_pd_, &in_) &&
           make_reorder(d_.pd_query(pd_, kDnnlQueryDst, 0), dst_, &out_pd_, &out_);
  }
  return good;
}

bool OnednnPiece::make_reorder(Handle from, Handle to, Handle* pd, Handle* primitive) const {
  Handle attr = nullptr;
  const bool good = d_.attr_create(&attr) == 0 &&
                    d_.attr_set_scratchpad(attr, kDnnlScratchpadOfUser) == 0 &&
                    d_.reorder_create(pd, from, d_.engine, to, d_.engine, attr) == 0 &&
                    d_.primitive_create(primitive, *pd) == 0;
  if (attr != nullptr) d_.attr_destroy(attr);
  return good;
}

Handle OnednnPiece::weights() const { return d_.pd_query(pd_, kDnnlQueryWeights, 0); }

int OnednnPiece::reordered(Handle pd, Handle primitive, Handle from, void* x, Handle to, void* y) const {
  const Handle scratchpad = d_.pd_query(pd, kDnnlQueryScratchpad, 0);
  void* temporary = scratch(kTask, d_.desc_size(scratchpad) / sizeof(float) + 1);
  if (temporary == nullptr) return SL_NO_MEMORY;
  return Run(d_, primitive)
      .with(kDnnlSrc, from, x)
      .with(kDnnlDst, to, y)
      .with(kDnnlScratchpad, scratchpad, temporary)
      .status();
}

int OnednnPiece::run(const float* weights, const float* x, float* y) const {
  const Handle scratchpad = d_.pd_query(pd_, kDnnlQueryScratchpad, 0);
  Handle src = src_, dst = dst_;
  void *from = const_cast<float*>(x + x_at_), *to = y + y_at_;
  if (in_ != nullptr) {
    src = d_.pd_query(pd_, kDnnlQuerySrc, 0);
    dst = d_.pd_query(pd_, kDnnlQueryDst, 0);
    from = scratch(kTask2, d_.desc_size(src) / sizeof(float));
    to = scratch(kTask3, d_.desc_size(dst) / sizeof(float));
    if (from == nullptr || to == nullptr) return SL_NO_MEMORY;
    const int status = reordered(in_pd_, in_, src_, const_cast<float*>(x + x_at_), src, from);
    if (status != SL_OK) return status;
  }
  void* temporary = scratch(kTask, d_.desc_size(scratchpad) / sizeof(float) + 1);
  if (temporary == nullptr) return SL_NO_MEMORY;
  const int status = Run(d_, primitive_)
                         .with(kDnnlSrc, src, from)
                         .with(kDnnlWeights, this->weights(), const_cast<float*>(weights))
                         .with(kDnnlDst, dst, to)
                         .with(kDnnlScratchpad, scratchpad, temporary)
                         .status();
  if (status != SL_OK || out_ == nullptr) return status;
  return reordered(out_pd_, out_, dst, to, dst_, y + y_at_);
}

}  // namespace sl
