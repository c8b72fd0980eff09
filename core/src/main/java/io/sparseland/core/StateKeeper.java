// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;

/**
 * The only door to an optimizer's slots: the arrays (momentum, moments) it keeps beside each
 * weight.
 *
 * <p>A pruned weight must have empty slots, or stale momentum would move it again; a fresh weight
 * starts with empty slots.
 */
public interface StateKeeper {

  /**
   * Slots of some weights of a layer become 0, the others keep their bits.
   *
   * @param keep 0 where the slots become 0, else 1; in the parameter's own shape
   */
  void mask(Layer layer, NDArray keep);

  /**
   * {@link Statistic#MOMENTUM} in the parameter's own shape; made anew.
   *
   * @throws IllegalArgumentException if the optimizer has no momentum
   */
  NDArray momentum(Layer layer);

  /** All slots of all parameters become 0. */
  void resetAll();
}
