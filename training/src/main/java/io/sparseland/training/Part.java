// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import io.sparseland.core.Allocation;
import io.sparseland.core.Initialisation;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Selector;
import io.sparseland.core.SparsityMethod;
import org.jspecify.annotations.Nullable;

/**
 * One method on one set of layers.
 *
 * @param method what changes masks, and when
 * @param on which layers
 * @param goal how sparse, and in which form
 * @param seed of random masks and random growth
 * @param start masks to start from by layer name; null draws them
 */
record Part(SparsityMethod method, Selector on, Goal goal, long seed, @Nullable Masks start) {

  /**
   * How sparse.
   *
   * @param sparsity share of the selected layers' weights that is pruned in the end
   * @param allocation how it is spread over layers
   * @param pattern how pruned weights are arranged
   * @param initial weights when the first masks are drawn
   */
  record Goal(double sparsity, Allocation allocation, Pattern pattern, Initialisation initial) {}

  Part with(Goal other) {
    return new Part(method, on, other, seed, start);
  }
}
