// SPDX-License-Identifier: Apache-2.0
// What the C API's handle holds.
#ifndef SPARSELAND_WEIGHTS_H_
#define SPARSELAND_WEIGHTS_H_

#include "conv_rows.h"
#include "designs/design.h"

struct sl_weights {
  int design = 0;
  sl::Array<sl::Packed*> parts;  // one for each group of a convolution; one for a linear layer
  mutable sl::ConvRowsOnce conv_rows;
};

#endif  // SPARSELAND_WEIGHTS_H_
