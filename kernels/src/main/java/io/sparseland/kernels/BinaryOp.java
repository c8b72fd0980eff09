// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** Element-wise function of two tensors. The order is the code of the C API: append only. */
public enum BinaryOp {
  /** {@code y = a + b}. */
  ADD,
  /** {@code y = a - b}. */
  SUB,
  /** {@code y = a * b}. */
  MUL,
  /** {@code y = a / b}. */
  DIV,
  /** The larger one; NaN when either is NaN. */
  MAX,
  /** The smaller one; NaN when either is NaN. */
  MIN,
  /** {@code y = a^b} as {@link Math#pow}, rounded to fp32. */
  POW
}
