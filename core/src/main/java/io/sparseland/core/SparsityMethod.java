// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Optional;

/**
 * A way of training sparse: how sparse at which step, where the first masks come from, and what
 * changes them. Implemented by records; the settings are the components.
 */
public interface SparsityMethod {

  /** What changes masks during training. */
  Updater updater();

  /** Scores that choose the first masks, before training. */
  Criterion initial();

  /** For methods that keep a value for every weight and let more of them learn than are used. */
  default Optional<Exploration> exploration() {
    return Optional.empty();
  }

  /**
   * Sparsity over time on the way to a target. The first masks have the sparsity at step 0.
   *
   * @param target sparsity asked for, 0 to 1
   */
  default Schedule sparsity(double target) {
    return step -> target;
  }

  /**
   * What a forward pass uses in place of the stored weights. Without one, pruned weights are stored
   * as zeros.
   */
  default Optional<WeightView> view() {
    return Optional.empty();
  }

  /** What pulls at the weights besides the loss. */
  default Optional<Penalty> penalty() {
    return Optional.empty();
  }

  /**
   * Whether a layer can be trained so, found out before anything runs.
   *
   * @throws IllegalArgumentException saying which size does not fit
   */
  default void check(Layer layer, Pattern pattern) {
    pattern.check(layer.geometry());
  }

  /** Whether the sparsity comes out of the training, so that none is asked for. */
  default boolean emergent() {
    return false;
  }
}
