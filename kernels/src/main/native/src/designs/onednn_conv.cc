// SPDX-License-Identifier: Apache-2.0
#include "onednn_conv.h"

#include <cstring>

#include "../matrix.h"
#include "../pool.h"
#include "design.h"
#include "onednn_run.h"

namespace sl {
namespace {

constexpr int64_t kLeastOutputs = 32;  // of a slice: below it a product fills no registers
constexpr int64_t kLeastRows = 28;     // of an image that is cut by rows: the pieces share inputs
// As measured (performance.md): with few pixels oneDNN is faster in its own layout, if what it brings there
// is used often enough.
constexpr int64_t kFewPixels = 256;
constexpr int64_t kManyUses = 512;

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
    discard(p);
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
  inputs_ = s.channels / s.groups;
  kernel_h_ = s.kernel_h;
  kernel_w_ = s.kernel_w;
  forms_ = empty(nullptr, 1, true);
  if (forms_ == nullptr) return false;
  expand(w, forms_->data);
  return true;
}

int64_t OnednnConv::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  int64_t floats = 0;
  for (const Form* form = forms_; form != nullptr; form = form->next) {
    floats += form->slices * form->floats;
  }
  return floats * static_cast<int64_t>(sizeof(float));
}

// Without values; `desc` of a slice is not needed when plain. Null without memory.
OnednnConv::Form* OnednnConv::empty(Handle desc, int64_t slices, bool plain) const {
  const int64_t groups = groups_ > 1 ? groups_ / slices : 1, outputs = outputs_ / slices;
  const int64_t sizes[] = {groups, outputs / groups, inputs_, kernel_h_, kernel_w_};
  int64_t strides[] = {0, 0, 0, kernel_w_, 1};
  for (int i = 2; i >= 0; --i) strides[i] = strides[i + 1] * sizes[i + 1];
  Form* form = sl::make<Form>(Form{nullptr, nullptr, 0, slices, plain, nullptr});
  if (form == nullptr) return nullptr;
  const int status = plain ? d_.desc_with_strides(&form->desc, 5, sizes, kDnnlF32, strides)
                           : d_.desc_clone(&form->desc, desc);
  if (status == 0) {
    form->floats = static_cast<int64_t>(d_.desc_size(form->desc) / sizeof(float));
    form->data = static_cast<float*>(allocate(sl::product(
        static_cast<size_t>(slices), static_cast<size_t>(form->floats), sizeof(float))));
  }
  if (form->data != nullptr) return form;
  drop(form);
  return nullptr;
}

int OnednnConv::move(const Form& from, Form* to) const {
  int status = SL_OK;
  for (int64_t i = 0; i < to->slices && status == SL_OK; ++i) {
    status = reorder(d_, from.desc, from.data + i * from.floats, to->desc, to->data + i * to->floats);
  }
  return status;
}

// The weights as they came, in slices; null without memory.
OnednnConv::Form* OnednnConv::plain(int64_t slices) const {
  Form* own = empty(nullptr, forms_->slices, true);
  Form* made = empty(nullptr, slices, true);
  if (own != nullptr && made != nullptr && move(*forms_, own) == SL_OK) {
    float* data = own->data;  // slices of plain weights lie one behind the other
    own->data = made->data;
    made->data = data;
  } else {
    drop(made);
    made = nullptr;
  }
  drop(own);
  return made;
}

// Null without memory. The plain form is left for the first one that a product asks for.
const OnednnConv::Form* OnednnConv::form_for(Handle desc, int64_t slices) {
  for (const Form* form = forms_; form != nullptr; form = form->next) {
    if (form->slices == slices && d_.desc_equal(form->desc, desc) != 0) return form;
  }
  Form* from = plain(slices);
  Form* form = empty(desc, slices, false);
  const bool good = from != nullptr && form != nullptr && move(*from, form) == SL_OK;
  drop(from);
  if (!good) {
    drop(form);
    return nullptr;
  }
  if (forms_->plain) {
    drop(forms_);
    forms_ = nullptr;
  }
  form->next = forms_;
  return forms_ = form;
}

// Two bands where rows are many and a kernel reads several (bands go through oneDNN's own layout: with
// NCHW that has gaps between channels it has no fast product), else two slices of the outputs or groups, else all at once.
void OnednnConv::cut(const sl_conv& s, Product* p) const {
  p->band[0] = ConvBand::all(s);
  if (s.groups == 1 && s.kernel_h * s.kernel_w > 1 && s.out_height >= kLeastRows) {
    const int64_t half = s.out_height / 2;
    const ConvBand first = ConvBand::some(s, 0, half), last = ConvBand::some(s, half, s.out_height - half);
    if (first.count_in > 0 && last.count_in > 0) {
      p->band[0] = first;
      p->band[1] = last;
      p->bands = 2;
      return;
    }
  }
  const bool halves = s.groups > 1 ? s.groups % 2 == 0 : s.outputs % 64 == 0;
  if (halves && s.outputs >= 2 * kLeastOutputs) p->slices = 2;
}

bool OnednnConv::make(const sl_conv& s, Product* p) {
  cut(s, p);
  const int64_t groups = s.groups > 1 ? s.groups / p->slices : 1, outputs = s.outputs / p->slices;
  const bool blocked = p->bands > 1 || (s.out_height * s.out_width <= kFewPixels &&
                                        outputs / groups * s.kernel_h * s.kernel_w >= kManyUses);
  for (int64_t b = 0; b < p->bands; ++b) {
    if (!p->piece[b].make(s, groups, outputs, p->band[b], blocked)) return false;
    p->form[b] = form_for(p->piece[b].weights(), p->slices);
    if (p->form[b] == nullptr) return false;
  }
  return true;
}

const OnednnConv::Product* OnednnConv::product(const sl_conv& s) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Product* p = products_; p != nullptr; p = p->next) {
    if (p->height == s.height && p->width == s.width) return p;
  }
  Product* p = sl::make<Product>(d_, s);
  if (p == nullptr) return nullptr;
  if (!make(s, p)) {
    discard(p);
    return nullptr;
  }
  p->next = products_;
  return products_ = p;
}

int OnednnConv::run(const sl_conv& s, const float* bias, int act, const float* x, float* y,
                    int threads) {
  const Product* p = product(s);
  if (p == nullptr) return SL_NO_MEMORY;
  const int64_t pixels = s.out_height * s.out_width, outputs = s.outputs / p->slices;
  const int64_t source = s.channels * s.height * s.width;
  const int64_t work = s.batch * s.outputs * pixels * inputs_ * s.kernel_h * s.kernel_w;
  return parallel(threads, s.batch * p->slices * p->bands, work, [&](int64_t i) {
    const int64_t image = i / p->bands / p->slices, slice = i / p->bands % p->slices;
    const int64_t b = i % p->bands, first = s.groups > 1 ? slice * (source / p->slices) : 0;
    const Form& form = *p->form[b];
    float* to = y + (image * s.outputs + slice * outputs) * pixels;
    const int status = p->piece[b].run(form.data + slice * form.floats, x + image * source + first, to);
    if (status != SL_OK || (bias == nullptr && act == SL_IDENTITY)) return status;
    to += p->band[b].first * s.out_width;
    for (int64_t r = 0; r < outputs; ++r, to += pixels) {
      level_->bias_act(p->band[b].count * s.out_width, bias == nullptr ? 0.0f : bias[slice * outputs + r],
                       act, to, to);
    }
    return status;
  });
}

}  // namespace sl
