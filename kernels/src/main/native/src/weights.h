// SPDX-License-Identifier: Apache-2.0
// What the C API's handle holds.
#ifndef SPARSELAND_WEIGHTS_H_
#define SPARSELAND_WEIGHTS_H_

#include "conv_rows.h"
#include "designs/design.h"
#include "designs/onednn_conv.h"

struct sl_weights {
  int design = 0;
  // One for each group of a convolution that gathers panels; one for a linear layer; else none.
  sl::Array<sl::Packed*> parts;

  // Of a convolution: its window, and the form other than parts that it has.
  const SlLevel* conv_level = nullptr;
  sl_conv window{};
  sl::ConvRows* rows = nullptr;
  sl::OnednnConv* onednn = nullptr;
};

#endif  // SPARSELAND_WEIGHTS_H_
