// SPDX-License-Identifier: Apache-2.0
// Dense convolutions by oneDNN, NCHW in and out. Output rows, outputs or groups are cut into two pieces, which
// depends on sizes only; our pool runs pieces of single images, each with one OpenMP thread.
#ifndef SPARSELAND_DESIGNS_ONEDNN_CONV_H_
#define SPARSELAND_DESIGNS_ONEDNN_CONV_H_

#include <mutex>

#include "../array.h"
#include "../level.h"
#include "onednn_piece.h"
#include "sparseland_kernels.h"

namespace sl {

class OnednnConv {
 public:
  explicit OnednnConv(const SlLevel* level);
  ~OnednnConv();

  // False without memory.
  bool fill(const sl_matrix& w, const sl_conv& window);
  int run(const sl_conv& s, const float* bias, int act, const float* x, float* y, int threads);
  int64_t bytes() const;

 private:
  // The weights in one layout; plain until a size of images is known.
  struct Form {
    Handle desc;  // of a slice
    float* data;
    int64_t floats;  // of a slice
    int64_t slices;  // of the outputs or groups
    bool plain;
    Form* next;
  };

  // What is made once for each size of images: pieces of all outputs and some rows, or one piece that
  // serves all slices of the outputs.
  struct Product {
    Product(const Dnnl& d, const sl_conv& s) : height(s.height), width(s.width), piece{{d}, {d}} {}

    const int64_t height, width;
    int64_t slices = 1, bands = 1;
    ConvBand band[2] = {};
    OnednnPiece piece[2];  // by band
    const Form* form[2] = {nullptr, nullptr};
    Product* next = nullptr;
  };

  const Product* product(const sl_conv& s);
  bool make(const sl_conv& s, Product* p);
  void cut(const sl_conv& s, Product* p) const;
  const Form* form_for(Handle desc, int64_t slices);
  Form* plain(int64_t slices) const;
  Form* empty(Handle desc, int64_t slices, bool plain) const;
  int move(const Form& from, Form* to) const;
  void drop(Form* form) const;

  const SlLevel* const level_;
  const Dnnl& d_;
  int64_t groups_ = 1, outputs_ = 0, inputs_ = 0, kernel_h_ = 1, kernel_w_ = 1;
  mutable std::mutex mutex_;  // guards the lists
  Form* forms_ = nullptr;
  Product* products_ = nullptr;
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_ONEDNN_CONV_H_
