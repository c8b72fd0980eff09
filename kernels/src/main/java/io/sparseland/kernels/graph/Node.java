// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import java.util.List;

/**
 * One operation of a graph.
 *
 * @param output name of the value it defines
 * @param op what it computes
 * @param inputs names of the values it takes, defined before
 * @param layer dotted name of the layer it comes from, or ""
 */
public record Node(String output, Op op, List<String> inputs, String layer) {

  /** Copies the inputs. */
  public Node {
    inputs = List.copyOf(inputs);
  }

  @Override
  public String toString() {
    return "node '%s' (%s%s)"
        .formatted(output, op.kind(), layer.isEmpty() ? "" : " of layer '" + layer + "'");
  }
}
