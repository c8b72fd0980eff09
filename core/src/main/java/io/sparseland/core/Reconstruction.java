// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Set;

/** What the kept weights become after pruning, so that the layer's output changes least. */
public interface Reconstruction {

  /** Statistics that {@link #rebuild} reads. */
  default Set<Statistic> needs() {
    return Set.of();
  }

  /**
   * Improves what a criterion, or an earlier reconstruction, made of a layer. The caller opens an
   * NDScope around the call.
   *
   * @param layer with its weights before pruning
   * @param found the solution so far
   * @return one with as many weights kept in every comparison group
   */
  Solution rebuild(Layer layer, Solution found, Evidence evidence);
}
