// SPDX-License-Identifier: Apache-2.0
// For designs whose product takes and gives rows: panels are brought to rows and back.
#ifndef SPARSELAND_DESIGNS_THROUGH_ROWS_H_
#define SPARSELAND_DESIGNS_THROUGH_ROWS_H_

#include "design.h"

namespace sl {

// Calls rows(x [m, k], y) with fp32 rows, y.layout being SL_ROWS, and gives its status.
template <typename F>
int through_rows(const Packed& w, const Call& call, const F& rows) {
  if (call.x.layout == SL_WORDS) return SL_BAD_ARGUMENT;
  const float* x = static_cast<const float*>(call.x.data);
  sl_output y = call.y;
  const int code = w.level->code;
  if (call.x.layout == SL_PANELS) {
    float* unpacked = scratch(kRowsIn, product(call.m, w.k));
    if (unpacked == nullptr) return SL_NO_MEMORY;
    sl_to_rows(code, call.m, w.k, x, unpacked, call.threads);
    x = unpacked;
  }
  if (y.layout == SL_ROWS) return rows(x, y);
  y.layout = SL_ROWS;
  y.data = scratch(kRowsOut, product(call.m, w.n));
  y.residual = nullptr;  // lies in panels: added there
  if (y.data == nullptr) return SL_NO_MEMORY;
  const int status = rows(x, y);
  if (status != SL_OK) return status;
  sl_to_panels(code, call.m, w.n, y.data, call.y.data, call.threads);
  if (call.y.residual == nullptr) return SL_OK;
  const int32_t size = static_cast<int32_t>(sl_panels_size(call.m, w.n)), step = 1;
  return sl_binary(code, SL_ADD, 1, &size, &step, &step, call.y.data, call.y.residual, call.y.data,
                   call.threads);
}

}  // namespace sl

#endif  // SPARSELAND_DESIGNS_THROUGH_ROWS_H_
