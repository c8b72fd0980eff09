// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/**
 * How {@link Kernels#reduce} combines elements. The order is the code of the C API: append only.
 */
public enum ReduceOp {
  /** Sum. */
  SUM,
  /** Sum divided by the count. */
  MEAN,
  /** Largest element; NaN when one is NaN. */
  MAX
}
