// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;

/**
 * What pulls at weights besides the loss. Called with gradient recording off and an NDScope open.
 */
public interface Penalty {

  /**
   * Adds to the gradient of a stored weight, before the optimizer steps. Asked only where there is
   * a {@link WeightView}: elsewhere pruned weights are 0.
   *
   * @param gradient of {@code w.weight()}, changed in place
   */
  default void gradient(WeightView.Operand w, NDArray gradient) {}

  /**
   * What AdamW steps along, and squares for its second moment, in place of the mean gradient. The
   * mean itself stays free of it.
   *
   * @param mean first moment with the present gradient in it; not to be changed
   */
  default NDArray direction(WeightView.Operand w, NDArray mean) {
    return mean;
  }

  /** Whether {@link #direction} gives another direction; the optimizer must be AdamW then. */
  default boolean changesDirection() {
    return false;
  }

  /**
   * Changes weights in place after the optimizer's step, before masks are updated. Not for methods
   * with a {@link WeightView}: the weights there are what it shows.
   */
  default void afterStep(UpdateContext context) {}
}
