// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.graph;

import io.sparseland.kernels.ElementType;
import java.util.List;

/**
 * Input or output of a graph.
 *
 * @param name name of the value
 * @param type type of its elements
 * @param shape sizes, outermost first; each symbol of a graph stands alone in a dimension of an
 *     input
 */
public record Port(String name, ElementType type, List<Size> shape) {

  /** Copies the shape. */
  public Port {
    shape = List.copyOf(shape);
  }
}
