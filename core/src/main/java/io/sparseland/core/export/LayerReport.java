// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.tuning.DesignChoice;
import java.util.List;

/**
 * What became of one weight.
 *
 * @param layer dotted name of its layer
 * @param operation what reads it: linear, conv2d, embedding, matmul, ...
 * @param shape sizes, outermost first
 * @param kept weights kept
 * @param pattern how the pruned ones are arranged, or "dense"
 * @param type of the stored values
 * @param design the designs that run it, with the costs that decided
 * @param reason why those, with their speed, and why it has not the type asked for
 */
public record LayerReport(
    String layer,
    String operation,
    List<Integer> shape,
    long kept,
    String pattern,
    WeightType type,
    DesignChoice design,
    String reason) {

  /** Copies the shape. */
  public LayerReport {
    shape = List.copyOf(shape);
  }

  /** The designs for people. */
  public String kernel() {
    return design.choice().designs();
  }

  /** Whether it runs dense for any number of tokens. */
  public boolean dense() {
    return design.choice().isDense();
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
