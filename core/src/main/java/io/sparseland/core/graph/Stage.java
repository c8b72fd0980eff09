// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Layers that can be pruned together, because none of them sees what another computes.
 *
 * @param uses where their weights are used
 * @param operations ids of what has to run, after the earlier stages, to know the inputs; in order
 * @param keep ids of operations whose results are needed by later stages or by these uses
 */
public record Stage(List<Use> uses, List<Integer> operations, Set<Integer> keep) {

  /** Copies the collections. */
  public Stage {
    uses = List.copyOf(uses);
    operations = List.copyOf(operations);
    keep = Set.copyOf(keep);
  }

  /**
   * One use of a weight.
   *
   * @param layer dotted name of the layer
   * @param operation id of the linear layer or convolution
   * @param how it is used
   * @param input what it is used on
   * @param residual what its output is added to, if that is known before
   */
  public record Use(
      String layer, int operation, LayerUse how, Reference input, Optional<Reference> residual) {}
}
