// SPDX-License-Identifier: Apache-2.0
// Dense convolutions by oneDNN, NCHW in and out. Outputs, or groups, are cut into slices whose number
// depends on sizes only; our pool runs slices of single images, each with one OpenMP thread.
#ifndef SPARSELAND_DESIGNS_ONEDNN_CONV_H_
#define SPARSELAND_DESIGNS_ONEDNN_CONV_H_

#include <mutex>

#include "../array.h"
#include "../level.h"
#include "onednn_library.h"
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
  // What is made once for each size of images.
  struct Product {
    int64_t height, width;
    Handle src, dst, pd, primitive;
    const float* weights;  // of all slices, in the layout that pd asks for
    Product* next;
  };

  const Product* product(const sl_conv& s);
  Product* make(const sl_conv& s);
  const float* weights_for(Handle desc);
  int task(const Product& p, const sl_conv& s, int64_t image, int64_t slice, const float* x,
           float* y) const;

  // The weights in one layout; plain until a size of images is known.
  struct Form {
    Handle desc;  // of a slice
    float* data;
    int64_t floats;  // of a slice
    bool plain;
    Form* next;
  };
  void drop(Form* form) const;

  const SlLevel* const level_;
  const Dnnl& d_;
  int64_t slices_ = 1, groups_ = 1, outputs_ = 0;  // groups and outputs of a slice
  mutable std::mutex mutex_;                       // guards the lists
  Form* forms_ = nullptr;
  Product* products_ = nullptr;
};

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_ONEDNN_CONV_H_
