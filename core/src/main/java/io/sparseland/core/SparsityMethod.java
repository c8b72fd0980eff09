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
}
