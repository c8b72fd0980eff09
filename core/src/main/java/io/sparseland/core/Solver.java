// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/**
 * A criterion that changes weights while it chooses: its mask cannot be told from one score.
 *
 * <p>{@link #score} is what it would start from, for allocations that compare layers.
 */
public interface Solver extends Criterion {

  /**
   * Prunes one layer. The caller opens an NDScope around the call.
   *
   * @param layer with its weights before pruning
   * @param choice how many go, arranged how
   */
  Solution solve(Layer layer, Evidence evidence, Choice choice);
}
