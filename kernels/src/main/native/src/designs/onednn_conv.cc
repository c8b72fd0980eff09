// SPDX-License-Identifier: Apache-2.0
#include "onednn_conv.h"

#include <cstring>

#include "../matrix.h"
#include "../pool.h"
#include "design.h"
#include "onednn_run.h"

namespace sl {
namespace {

constexpr int64_t kMostSlices = 2;     // each brings the whole image to its own layout first
constexpr int64_t kLeastOutputs = 32;  // of a slice: below it a product fills no registers

}  // namespace

OnednnConv::OnednnConv(const SlLevel* level) : level_(level), d_(*dnnl()) {}

OnednnConv::~OnednnConv() {
  while (forms_ != nullptr) {
    Form* form = forms_;
    forms_ = form->next;
    drop(form);
  }
  while (products_ != nullptr) {
    Product* p = products_;
    products_ = p->next;
    d_.primitive_destroy(p->primitive);
    d_.pd_destroy(p->pd);
    d_.desc_destroy(p->src);
    d_.desc_destroy(p->dst);
    release(p);
  }
}

void OnednnConv::drop(Form* form) const {
  if (form == nullptr) return;
  if (form->desc != nullptr) d_.desc_destroy(form->desc);
  release(form->data);
  release(form);
}

bool OnednnConv::fill(const sl_matrix& w, const sl_conv& s) {
  groups_ = s.groups;
  outputs_ = s.outputs;
  const auto halves = [&] {
    return s.groups > 1 ? groups_ % 2 == 0 && outputs_ >= 2 * kLeastOutputs
                        : outputs_ % 32 == 0 && outputs_ >= 2 * kLeastOutputs;
  };
  while (slices_ < kMostSlices && halves()) {
    slices_ *= 2;
    outputs_ /= 2;
    if (s.groups > 1) groups_ /= 2;
  }
  const int64_t inputs = s.channels / s.groups;
  const int64_t sizes[] = {groups_, outputs_ / groups_, inputs, s.kernel_h, s.kernel_w};
  int64_t strides[] = {0, 0, 0, s.kernel_w, 1};
  for (int i = 2; i >= 0; --i) strides[i] = strides[i + 1] * sizes[i + 1];
  forms_ = sl::make<Form>(Form{nullptr, nullptr, outputs_ * w.k, true, nullptr});
  if (forms_ == nullptr || d_.desc_with_strides(&forms_->desc, 5, sizes, kDnnlF32, strides) != 0) {
    return false;
  }
  forms_->data = static_cast<float*>(
      allocate(sl::product(static_cast<size_t>(w.n), static_cast<size_t>(w.k), sizeof(float))));
  if (forms_->data == nullptr) return false;
  expand(w, forms_->data);
  return true;
}

int64_t OnednnConv::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  int64_t floats = 0;
  for (const Form* form = forms_; form != nullptr; form = form->next) floats += form->floats;
  return slices_ * floats * static_cast<int64_t>(sizeof(float));
}

// Null without memory. The plain form is left for the first one that a product asks for.
const float* OnednnConv::weights_for(Handle desc) {
  for (const Form* form = forms_; form != nullptr; form = form->next) {
    if (d_.desc_equal(form->desc, desc) != 0) return form->data;
  }
  const size_t floats = d_.desc_size(desc) / sizeof(float);
  Form* form =
      sl::make<Form>(Form{nullptr, nullptr, static_cast<int64_t>(floats), false, forms_});
  if (form == nullptr) return nullptr;
  form->data = static_cast<float*>(
      allocate(sl::product(static_cast<size_t>(slices_), floats, sizeof(float))));
  int status = form->data == nullptr || d_.desc_clone(&form->desc, desc) != 0 ? SL_NO_MEMORY : SL_OK;
  for (int64_t i = 0; i < slices_ && status == SL_OK; ++i) {
    status = reorder(d_, forms_->desc, forms_->data + i * forms_->floats, desc,
                     form->data + i * form->floats);
  }
  if (status != SL_OK) {
    drop(form);
    return nullptr;
  }
  if (forms_->plain) {
    drop(forms_);
    form->next = nullptr;
  }
  forms_ = form;
  return form->data;
}

OnednnConv::Product* OnednnConv::make(const sl_conv& s) {
  const int64_t channels = s.channels / s.groups * groups_;
  const int64_t src[] = {1, channels, s.height, s.width};
  const int64_t src_strides[] = {channels * s.height * s.width, s.height * s.width, s.width, 1};
  const int64_t dst[] = {1, outputs_, s.out_height, s.out_width}, pixels = s.out_height * s.out_width;
  const int64_t dst_strides[] = {outputs_ * pixels, pixels, s.out_width, 1};
  const int64_t weights[] = {groups_, outputs_ / groups_, s.channels / s.groups, s.kernel_h,
                             s.kernel_w};
  const int64_t strides[] = {s.stride_h, s.stride_w}, padding[] = {s.pad_h, s.pad_w};
  const int64_t dilations[] = {s.dilation_h - 1, s.dilation_w - 1};
  // What the last window does not reach is not padding.
  const auto behind = [](int64_t out, int64_t stride, int64_t taps, int64_t dilation, int64_t size,
                         int64_t pad) {
    return (out - 1) * stride + (taps - 1) * dilation + 1 - size - pad;
  };
  const int64_t padding_end[] = {
      behind(s.out_height, s.stride_h, s.kernel_h, s.dilation_h, s.height, s.pad_h),
      behind(s.out_width, s.stride_w, s.kernel_w, s.dilation_w, s.width, s.pad_w)};
  one_thread(d_);
  Product p{s.height, s.width, nullptr, nullptr, nullptr, nullptr, nullptr, products_};
  Handle attr = nullptr, any = nullptr;
  bool good = d_.desc_with_strides(&p.src, 4, src, kDnnlF32, src_strides) == 0 &&
              d_.desc_with_strides(&p.dst, 4, dst, kDnnlF32, dst_strides) == 0 &&
              d_.desc_with_tag(&any, 5, weights, kDnnlF32, kDnnlAny) == 0 &&
              d_.attr_create(&attr) == 0 &&
              d_.attr_set_scratchpad(attr, kDnnlScratchpadOfUser) == 0 &&
              d_.conv_create(&p.pd, d_.engine, kDnnlInference, kDnnlDirect, p.src, any, nullptr,
                             p.dst, strides, dilations, padding, padding_end, attr) == 0 &&
              d_.primitive_create(&p.primitive, p.pd) == 0;
  if (good) p.weights = weights_for(d_.pd_query(p.pd, kDnnlQueryWeights, 0));
  Product* made = p.weights == nullptr ? nullptr : sl::make<Product>(p);
  if (any != nullptr) d_.desc_destroy(any);
  if (attr != nullptr) d_.attr_destroy(attr);
  if (made != nullptr) return products_ = made;
  if (p.primitive != nullptr) d_.primitive_destroy(p.primitive);
  if (p.pd != nullptr) d_.pd_destroy(p.pd);
  if (p.src != nullptr) d_.desc_destroy(p.src);
  if (p.dst != nullptr) d_.desc_destroy(p.dst);
  return nullptr;
}

const OnednnConv::Product* OnednnConv::product(const sl_conv& s) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Product* p = products_; p != nullptr; p = p->next) {
    if (p->height == s.height && p->width == s.width) return p;
  }
  return make(s);
}

int OnednnConv::task(const Product& p, const sl_conv& s, int64_t image, int64_t slice,
                     const float* x, float* y) const {
  const Handle scratchpad = d_.pd_query(p.pd, kDnnlQueryScratchpad, 0);
  const Handle weights = d_.pd_query(p.pd, kDnnlQueryWeights, 0);
  void* temporary = scratch(kTask, d_.desc_size(scratchpad) / sizeof(float) + 1);
  if (temporary == nullptr) return SL_NO_MEMORY;
  const int64_t first = s.groups > 1 ? slice * groups_ * (s.channels / s.groups) : 0;
  const int64_t bytes = static_cast<int64_t>(d_.desc_size(weights));
  return Run(d_, p.primitive)
      .with(kDnnlSrc, p.src, const_cast<float*>(x + (image * s.channels + first) * s.height * s.width))
      .with(kDnnlWeights, weights,
            const_cast<char*>(reinterpret_cast<const char*>(p.weights) + slice * bytes))
      .with(kDnnlDst, p.dst, y)
      .with(kDnnlScratchpad, scratchpad, temporary)
      .status();
}

int OnednnConv::run(const sl_conv& s, const float* bias, int act, const float* x, float* y,
                    int threads) {
  const Product* p = product(s);
  if (p == nullptr) return SL_NO_MEMORY;
  const int64_t pixels = s.out_height * s.out_width;
  const int64_t work = s.batch * s.outputs * pixels * (s.channels / s.groups) * s.kernel_h * s.kernel_w;
  return parallel(threads, s.batch * slices_, work, [&](int64_t i) {
    const int64_t slice = i % slices_;
    float* to = y + i * outputs_ * pixels;
    const int status = task(*p, s, i / slices_, slice, x, to);
    if (status != SL_OK || (bias == nullptr && act == SL_IDENTITY)) return status;
    for (int64_t r = 0; r < outputs_; ++r, to += pixels) {
      level_->bias_act(pixels, bias == nullptr ? 0.0f : bias[slice * outputs_ + r], act, to, to);
    }
    return status;
  });
}

}  // namespace sl
