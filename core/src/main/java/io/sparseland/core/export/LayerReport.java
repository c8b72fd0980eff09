// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import java.util.List;

/**
 * What became of one weight.
 *
 * @param layer dotted name of its layer
 * @param operation what reads it: linear, conv2d, embedding, matmul, ...
 * @param shape sizes, outermost first
 * @param kept weights kept
 * @param pattern how the pruned ones are arranged, or "dense"
 * @param kernel "sparse" or "dense"
 * @param reason why that kernel
 */
public record LayerReport(
    String layer,
    String operation,
    List<Integer> shape,
    long kept,
    String pattern,
    String kernel,
    String reason) {

  /** Copies the shape. */
  public LayerReport {
    shape = List.copyOf(shape);
  }

  /** Number of weights, pruned ones included. */
  public long weights() {
    return shape.stream().mapToLong(n -> n).reduce(1, Math::multiplyExact);
  }

  /** Share of pruned weights, 0 to 1. */
  public double sparsity() {
    return 1 - (double) kept / weights();
  }
}
